"""Links, requests and offers in the small world."""

from datetime import datetime
from typing import Any

import msgspec

from amana.conversations.joining.links import IssuedLink, LinkPreview, LinkWanted
from amana.conversations.joining.model import PersonBrought
from amana.conversations.joining.shown import my_joining
from amana.kernel.ids import ConversationId
from amana.people.policy.queries import put_policy
from tests.conversations.world import World


async def make_link(
    world: World,
    name: str,
    room: ConversationId,
    *,
    uses: int = 5,
    approval: bool | None = None,
    expires_at: datetime | None = None,
) -> IssuedLink:
    async with world.database.write(world.org_id) as tx:
        wanted = LinkWanted(uses, expires_at, approval)
        return await world.domain.links.create(tx, world[name], room, wanted, world.entropy)


async def revoke(world: World, name: str, room: ConversationId, issued: IssuedLink) -> None:
    async with world.database.write(world.org_id) as tx:
        await world.domain.links.revoke(tx, world[name], room, issued.link.link_id)


async def preview(world: World, name: str, secret: str) -> LinkPreview:
    async with world.database.read(world[name].org_id) as tx:
        return await world.domain.links.preview(tx, world[name], secret)


async def come(world: World, name: str, secret: str) -> str:
    """Come in by a link."""
    async with world.database.write(world[name].org_id) as tx:
        return (await world.domain.links.join(tx, world[name], secret))[1]


async def ask(world: World, name: str, room: ConversationId) -> str:
    async with world.database.write(world.org_id) as tx:
        return await world.domain.joining.ask(tx, world[name], room)


async def approve(world: World, name: str, room: ConversationId, who: str) -> None:
    async with world.database.write(world.org_id) as tx:
        await world.domain.joining.approve(tx, world[name], room, world[who].user_id)


async def refuse(world: World, name: str, room: ConversationId, who: str) -> None:
    async with world.database.write(world.org_id) as tx:
        await world.domain.joining.refuse(tx, world[name], room, world[who].user_id)


async def accept(world: World, name: str, room: ConversationId) -> None:
    async with world.database.write(world.org_id) as tx:
        await world.domain.joining.accept(tx, world[name], room)


async def give_up(world: World, name: str, room: ConversationId) -> None:
    async with world.database.write(world.org_id) as tx:
        await world.domain.joining.give_up(tx, world[name], room)


async def bring(world: World, name: str, room: ConversationId, *who: str) -> list[PersonBrought]:
    async with world.database.write(world.org_id) as tx:
        return await world.members.add_many(tx, world[name], room, [world[one].user_id for one in who])


async def ask_first(world: World, *, asks: bool = True) -> None:
    """Have the organisation ask people before they are added, or no longer."""
    async with world.database.write(world.org_id) as tx:
        await put_policy(tx, world.org_id, ask_before_adding=asks)


async def mine(world: World, name: str) -> Any:
    """What a person asks and is asked, as a client gets it, decoded."""
    async with world.database.read(world.org_id) as tx:
        found = my_joining(await world.domain.joining.mine(tx, world[name]))
    return msgspec.to_builtins(found)


async def waiting(world: World, name: str, room: ConversationId) -> set[Any]:
    """Who waits at a room."""
    async with world.database.read(world.org_id) as tx:
        return {one.user_id for one in await world.domain.joining.at_room(tx, world[name], room)}


def told(world: World, name: str) -> list[tuple[str, str | None]]:
    """What a person's own log said about coming in: kind and outcome."""
    return [
        (event["kind"], event["detail"].get("outcome"))
        for event in world.heard.users.get(world[name].user_id, [])
        if event["kind"].startswith("join.")
    ]

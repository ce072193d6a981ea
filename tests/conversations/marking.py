"""Reactions and pins in the small world."""

import json
from typing import Any

import msgspec

from amana.conversations.reactions.model import Reacted
from amana.events.model import Appended
from amana.kernel.ids import ClientId, ConversationId, Seq
from tests.conversations.world import World


async def react(
    world: World,
    name: str,
    room: ConversationId,
    seq: int,
    emoji: str = "👍",
    *,
    client_id: ClientId | None = None,
) -> Appended:
    async with world.database.write(world.org_id) as tx:
        return await world.domain.reactions.add(
            tx, world[name], room, Seq(seq), client_id=client_id or world.client_id(), emoji=emoji
        )


async def unreact(
    world: World,
    name: str,
    room: ConversationId,
    seq: int,
    emoji: str = "👍",
    *,
    client_id: ClientId | None = None,
) -> Appended:
    async with world.database.write(world.org_id) as tx:
        return await world.domain.reactions.remove(
            tx, world[name], room, Seq(seq), client_id=client_id or world.client_id(), emoji=emoji
        )


async def reactors(
    world: World,
    name: str,
    room: ConversationId,
    seq: int,
    since: int,
    *,
    after: int = 0,
    limit: int = 200,
) -> list[Reacted]:
    async with world.database.read(world.org_id) as tx:
        return await world.domain.reactions.reactors(
            tx, world[name], room, Seq(seq), Seq(since), after=Seq(after), limit=limit
        )


async def pin(world: World, name: str, room: ConversationId, seq: int) -> None:
    async with world.database.write(world.org_id) as tx:
        await world.domain.pins.pin(tx, world[name], room, Seq(seq))


async def unpin(world: World, name: str, room: ConversationId, seq: int) -> None:
    async with world.database.write(world.org_id) as tx:
        await world.domain.pins.unpin(tx, world[name], room, Seq(seq))


async def pinned(world: World, name: str, room: ConversationId) -> list[Any]:
    """The pinned entries as a client gets them."""
    async with world.database.read(world.org_id) as tx:
        entries = await world.domain.pins.pinned(tx, world[name], room)
    return [json.loads(msgspec.json.encode(entry)) for entry in entries]


def chips(entry: Any) -> list[tuple[str, int, bool]]:
    """Emoji, count and whether it is the reader's, of each of an entry's reactions."""
    return [(one["emoji"], one["count"], one["mine"]) for one in entry.get("reactions", [])]

"""Rooms with rules, roles and an end in the small world."""

from typing import Any

from amana.conversations.closing.ending import EndDates
from amana.conversations.model import HistoryPolicy, Kind, MemberRole
from amana.conversations.rules_wire import RulesWanted
from amana.conversations.service import Changes, NewGroup
from amana.kernel.ids import ConversationId
from tests.conversations.world import World


async def make(
    world: World, kind: Kind, *members: str, owner: str = "ana", rules: RulesWanted | None = None
) -> ConversationId:
    """A room of ``owner`` and ``members`` with the usual rules of its kind and ``rules``."""
    wanted = NewGroup(
        client_id=world.client_id(),
        title="Site news",
        purpose="What everybody should know",
        member_ids=tuple(world[name].user_id for name in members),
        history=None,
        kind=kind,
        rules=rules or RulesWanted(),
    )
    async with world.database.write(world.org_id) as tx:
        return await world.conversations.create_group(tx, world[owner], wanted)


async def rule(
    world: World, name: str, room: ConversationId, *, history: HistoryPolicy | None = None, **wanted: Any
) -> None:
    async with world.database.write(world.org_id) as tx:
        changes = Changes(history=history, rules=RulesWanted(**wanted))
        await world.conversations.change(tx, world[name], room, changes)


async def make_role(world: World, name: str, room: ConversationId, who: str, role: MemberRole) -> None:
    async with world.database.write(world.org_id) as tx:
        await world.members.change_role(tx, world[name], room, world[who].user_id, role)


async def close(world: World, name: str, room: ConversationId) -> None:
    async with world.database.write(world.org_id) as tx:
        await world.domain.closing.close(tx, world[name], room)


async def archive(world: World, name: str, room: ConversationId) -> None:
    async with world.database.write(world.org_id) as tx:
        await world.domain.closing.archive(tx, world[name], room)


async def reopen(world: World, name: str, room: ConversationId) -> None:
    async with world.database.write(world.org_id) as tx:
        await world.domain.closing.reopen(tx, world[name], room)


async def end_rooms(world: World) -> int:
    """What the leader does every few seconds."""
    return await EndDates(world.database, world.desk).run(world.org_id)

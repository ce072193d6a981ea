"""Polls in the small world."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from amana.conversations.messages.draft import Draft
from amana.conversations.polls.model import Poll
from amana.conversations.polls.service import MyVote, Voter
from amana.events.model import Appended
from amana.kernel.clock import unix_ms
from amana.kernel.ids import ClientId, ConversationId, Seq
from tests.conversations.world import World

OPTIONS = ("Tea", "Coffee", "Water")


async def ask(
    world: World,
    name: str,
    room: ConversationId,
    *,
    options: Sequence[str] = OPTIONS,
    multiple: bool = False,
    anonymous: bool = False,
    closes_in: timedelta | None = None,
    client_id: ClientId | None = None,
) -> Appended:
    """Post a poll."""
    closes_at = None if closes_in is None else unix_ms(world.clock.now() + closes_in)
    poll = Poll(options=list(options), multiple=multiple, anonymous=anonymous, closes_at=closes_at)
    draft = Draft(room, client_id or world.client_id(), "What shall we drink?", poll=poll)
    appended = await world.sending.send(world[name], draft)
    world.clock.advance(timedelta(seconds=1))
    return appended


async def vote(
    world: World,
    name: str,
    room: ConversationId,
    seq: int,
    *choices: int,
    client_id: ClientId | None = None,
) -> None:
    async with world.database.write(world.org_id) as tx:
        await world.domain.polls.vote(
            tx,
            world[name],
            room,
            Seq(seq),
            client_id=client_id or world.client_id(),
            choices=choices,
        )


async def close(
    world: World, name: str, room: ConversationId, seq: int, *, client_id: ClientId | None = None
) -> Appended:
    async with world.database.write(world.org_id) as tx:
        return await world.domain.polls.close(
            tx, world[name], room, Seq(seq), client_id=client_id or world.client_id()
        )


async def mine(world: World, name: str, room: ConversationId, seq: int) -> MyVote:
    async with world.database.read(world.org_id) as tx:
        return await world.domain.polls.mine(tx, world[name], room, Seq(seq))


async def voters(
    world: World, name: str, room: ConversationId, seq: int, *, after: int = 0, limit: int = 200
) -> list[Voter]:
    async with world.database.read(world.org_id) as tx:
        found, _ = await world.domain.polls.voters(
            tx, world[name], room, Seq(seq), after=Seq(after), limit=limit
        )
    return found


async def standing(world: World, name: str, room: ConversationId, seq: int) -> Any:
    """Voters, totals and own choice as a client gets them; None where nothing is said."""
    poll = (await world.entry(name, room, seq)).get("poll")
    return None if poll is None else (poll["voters"], poll["totals"], poll["mine"])

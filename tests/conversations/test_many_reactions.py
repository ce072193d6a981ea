"""Ten thousand people react to one message; the small twin counts statements in ``test_reactions``."""

import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from amana.conversations import events
from amana.conversations.reactions import queries
from amana.conversations.reactions.events import ReactionAdded
from amana.conversations.reactions.model import Reacted
from amana.events.model import NewEvent
from amana.kernel.ids import ClientId, ConversationId, DeviceId, Seq, UserId
from tests.conversations.marking import chips, react, reactors, unreact
from tests.conversations.world import World
from tests.vault.room import Intruder

PEOPLE = 10_000
AT_ONCE = 500


async def crowd(world: World, room: ConversationId, seq: Seq, since: Seq) -> None:
    """As many people as that put the same emoji to a message, as the service would have stored it."""
    tokens = world.vault.reaction_tokens
    for start in range(0, PEOPLE, AT_ONCE):
        async with world.database.write(world.org_id) as tx:
            (token,) = await tokens.of(tx, world.org_id, room, [(seq, "👍")])
            said = [
                NewEvent(
                    conversation_id=room,
                    kind=events.REACTION_ADDED,
                    countable=False,
                    sender_id=UserId(world.ids.new()),
                    device_id=DeviceId(world.ids.new()),
                    client_id=ClientId(world.ids.new()),
                    content=events.encode(
                        ReactionAdded(target=seq, emoji="👍", count=start + place + 2, since=since)
                    ),
                    target_seq=seq,
                )
                for place in range(AT_ONCE)
            ]
            for event, at in zip(said, await world.log.append(tx, said), strict=True):
                reacted = Reacted(seq, token, event.sender_id, at.seq, at.ts_ms)
                await queries.insert(tx, world.org_id, room, reacted, since=since)


async def fastest_ms(work: Callable[[], Awaitable[Any]], *, times: int = 15) -> float:
    took = []
    for _ in range(times):
        begun = time.perf_counter()
        await work()
        took.append((time.perf_counter() - begun) * 1000)
    return round(min(took), 1)


@pytest.mark.full
async def test_a_message_that_ten_thousand_react_to(world: World, database_dsn: str) -> None:
    room = await world.room("bo")
    for number in range(60):
        await world.say("ana", room, f"{number}")
    sent = await world.say("ana", room)
    first = await react(world, "bo", room, sent.seq)
    figures = {"page with one reaction": await fastest_ms(lambda: world.page("ana", room))}

    await crowd(world, room, sent.seq, first.seq)

    await Intruder(database_dsn).rows("ANALYZE event")
    figures["page with ten thousand"] = await fastest_ms(lambda: world.page("ana", room))
    figures["one entry"] = await fastest_ms(lambda: world.entry("ana", room, sent.seq))
    for after in (0, first.seq + PEOPLE // 2, first.seq + PEOPLE - 300):
        figures[f"who reacted, after {after}"] = await fastest_ms(
            lambda after=after: reactors(world, "ana", room, sent.seq, first.seq, after=after, limit=200)  # type: ignore[misc]  # the default binds the loop's value
        )

    async def there_and_back() -> None:
        await react(world, "ana", room, sent.seq)
        await unreact(world, "ana", room, sent.seq)

    figures["react and take it back"] = await fastest_ms(there_and_back)
    assert chips(await world.entry("bo", room, sent.seq)) == [("👍", PEOPLE + 1, True)]
    figures["remove the message"] = await fastest_ms(lambda: world.remove("ana", room, sent.seq), times=1)
    rows = await Intruder(database_dsn).rows("SELECT count(*) FROM reaction WHERE conversation_id = $1", room)
    assert rows[0]["count"] == 0
    print({name: f"{took} ms" for name, took in figures.items()})

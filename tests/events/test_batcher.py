"""Group commit: one statement per batch, outcomes per item, nothing for ever."""

import asyncio
from dataclasses import replace

import asyncpg
import msgspec
import pytest

from amana.events.errors import ClientIdReused, EventRejected, LogBusy, OutcomeUnknown
from amana.events.queries import APPEND
from amana.kernel.errors import Refusal
from amana.kernel.ids import ConversationId, OrgId, Seq
from amana.storage.database import Database
from amana.vault.model import Sealed, SealRequest
from tests.events.room import Office

# Stands for what a domain puts before the append: refuses events of kind 3 with status 7.
PICKY = APPEND.replace(
    "NULL::smallint[]", "(SELECT array_agg((kind = 3)::int::smallint * 7::smallint) FROM unnest($4) kind)"
)


class Statements(Database):
    """The real database, counting what goes over the wire on the hot path."""

    sent: list[int]

    async def call(self, org_id: OrgId, sql: str, *args: object) -> list[asyncpg.Record]:
        messages = args[2]
        assert isinstance(messages, list)
        self.sent.append(len(messages))
        return await super().call(org_id, sql, *args)


@pytest.fixture
def sent(office: Office) -> list[int]:
    """Sizes of the batches that were sent, one per round trip."""
    office.database.__class__ = Statements
    office.database.sent = []  # type: ignore[attr-defined]
    return office.database.sent  # type: ignore[attr-defined]


async def test_what_arrives_during_a_commit_forms_the_next_one(office: Office, sent: list[int]) -> None:
    rooms = [await office.room() for _ in range(4)]
    batcher = office.batcher()

    async def write(room: ConversationId) -> None:
        await batcher.append(office.org_id, office.message(room))

    first = asyncio.create_task(write(rooms[0]))
    await asyncio.sleep(0.0005)
    await asyncio.gather(first, *[write(room) for room in rooms for _ in range(10)])

    assert sum(sent) == 41
    assert len(sent) <= 3
    for room in rooms:
        await office.assert_sound(room)


async def test_the_hot_path_is_one_statement(office: Office, sent: list[int], database_dsn: str) -> None:
    room = await office.room()
    batcher = office.batcher()
    await batcher.append(office.org_id, office.message(room))
    seen: list[str] = []
    lane = office.database._lane
    connection = await lane.lend()
    connection.add_query_logger(lambda query: seen.append(query.query))
    lane.give_back(connection)

    places = await asyncio.gather(*[batcher.append(office.org_id, office.message(room)) for _ in range(20)])

    assert [place.seq for place in places] == list(range(2, 22))
    assert len(seen) == 1


async def test_a_full_queue_refuses_before_any_work(office: Office) -> None:
    room = await office.room()
    sealed: list[int] = []
    original = office.vault.seal

    async def counting(requests: list[SealRequest]) -> list[Sealed]:
        sealed.append(len(requests))
        return await original(requests)

    office.vault.seal = counting  # type: ignore[method-assign,assignment]
    batcher = office.batcher(max_waiting=3)
    waiting = [asyncio.create_task(batcher.append(office.org_id, office.message(room))) for _ in range(3)]
    await asyncio.sleep(0)

    with pytest.raises(LogBusy) as refusal:
        await batcher.append(office.org_id, office.message(room))
    with pytest.raises(LogBusy):
        batcher.require_room(office.org_id)

    assert sealed == []
    assert refusal.value.retry_after_s > 0
    assert [place.seq for place in await asyncio.gather(*waiting)] == [1, 2, 3]
    await batcher.append(office.org_id, office.message(room))


async def test_one_message_sent_twice_at_once_is_stored_once(office: Office, sent: list[int]) -> None:
    room = await office.room()
    batcher = office.batcher()
    message = office.message(room)

    places = await asyncio.gather(
        *[batcher.append(office.org_id, message) for _ in range(5)],
        batcher.append(office.org_id, office.message(room)),
    )

    assert [place.seq for place in places] == [1, 1, 1, 1, 1, 2]
    assert sent == [2]
    await office.assert_sound(room)


async def test_the_same_client_id_with_other_content_is_refused_while_under_way(office: Office) -> None:
    room = await office.room()
    batcher = office.batcher()
    message = office.message(room)
    first = asyncio.create_task(batcher.append(office.org_id, message))
    await asyncio.sleep(0)

    with pytest.raises(ClientIdReused):
        await batcher.append(office.org_id, replace(message, content=b'{"text":"other"}'))

    assert (await first).seq == 1


async def test_a_later_retry_gets_the_original_place_and_a_bell_without_content(office: Office) -> None:
    room = await office.room()
    batcher = office.batcher()
    message = office.message(room)
    original = await batcher.append(office.org_id, message)
    await batcher.append(office.org_id, office.message(room))
    office.heard.moves.clear()
    office.clock.advance(minutes=3)

    again = await batcher.append(office.org_id, message)

    assert again == replace(original, fresh=False)
    assert office.heard.moves == [(room, 1, 1, 1, None)]


async def test_a_lost_connection_leaves_the_outcome_open_and_a_retry_settles_it(
    office: Office, database_dsn: str
) -> None:
    room = await office.room()
    batcher = office.batcher()
    messages = [office.message(room) for _ in range(3)]
    await batcher.append(office.org_id, office.message(room))
    office.heard.moves.clear()

    async with office.database.write(office.org_id) as tx:
        await office.log.lock_head(tx, room)
        sending = [asyncio.create_task(batcher.append(office.org_id, message)) for message in messages]
        await asyncio.sleep(0.1)
        killer = await asyncpg.connect(database_dsn)
        await killer.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE query LIKE '%append_events%' AND pid <> pg_backend_pid() AND wait_event_type = 'Lock'"
        )
        outcomes = await asyncio.gather(*sending, return_exceptions=True)
        await killer.close()

    assert [type(outcome) for outcome in outcomes] == [OutcomeUnknown] * 3
    assert office.heard.moves == []
    places = await asyncio.gather(*[batcher.append(office.org_id, message) for message in messages])
    assert [place.seq for place in places] == [2, 3, 4]
    await office.assert_sound(room)


async def test_one_event_that_cannot_be_stored_does_not_fail_its_neighbours(office: Office) -> None:
    room = await office.room()
    reported: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: reported.append(context))
    batcher = office.batcher()
    poison = replace(office.message(room), kind=40_000)

    outcomes = await asyncio.gather(
        *[
            batcher.append(office.org_id, event)
            for event in (office.message(room), poison, office.message(room))
        ],
        return_exceptions=True,
    )

    assert [getattr(outcome, "seq", type(outcome)) for outcome in outcomes] == [1, EventRejected, 2]
    assert len(reported) == 1
    await office.assert_sound(room)


async def test_a_room_without_a_log_fails_alone(office: Office) -> None:
    room = await office.room()
    batcher = office.batcher()
    unknown = office.message(ConversationId(office.ids.new()))

    outcomes = await asyncio.gather(
        *[batcher.append(office.org_id, event) for event in (unknown, office.message(room))],
        return_exceptions=True,
    )

    assert isinstance(outcomes[0], Refusal)
    assert getattr(outcomes[1], "seq", None) == 1


async def test_a_status_of_the_statement_becomes_the_domains_refusal(office: Office) -> None:
    room = await office.room()
    refused: list[int] = []

    def refusal_of(status: int, event: object) -> Refusal:
        refused.append(status)
        return EventRejected("No.", status=status)

    batcher = office.batcher(statement=PICKY, refusal_of=refusal_of)

    outcomes = await asyncio.gather(
        *[batcher.append(office.org_id, office.message(room, kind=kind)) for kind in (10, 3)],
        return_exceptions=True,
    )

    assert [type(outcome).__name__ for outcome in outcomes] == ["Appended", "EventRejected"]
    assert refused == [7]


async def test_outcomes_come_before_the_bell_and_in_order(office: Office) -> None:
    room = await office.room()
    order: list[str] = []
    batcher = office.batcher()
    office.heard.moves = order  # type: ignore[assignment]  # only the order matters here
    for name in ("first", "second"):
        batcher.submit(office.org_id, office.message(room), lambda _, name=name: order.append(name))  # type: ignore[misc]

    await batcher.drain()

    assert order[:2] == ["first", "second"]
    assert len(order) == 3


async def test_content_is_stored_sealed_and_opens_again_from_the_frame(office: Office) -> None:
    room = await office.room()

    await office.batcher().append(office.org_id, office.message(room, text="a secret word"))

    async with office.database.read(office.org_id) as tx:
        (stored,) = await office.log.read(tx, room, after=Seq(0), upto=None, limit=1)
    assert b"secret" not in stored.body
    blob = office.heard.moves[0][4]
    assert blob is not None
    assert msgspec.json.decode(blob)["content"] == {"text": "a secret word"}

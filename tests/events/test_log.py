"""Appending and reading on the real database."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec
import pytest

from amana.events.errors import ClientIdFromFuture, ClientIdInvalid, ClientIdTooOld, UnknownConversation
from amana.events.log import check_client_id
from amana.kernel.clock import unix_ms
from amana.kernel.ids import ClientId, ConversationId, OrgId, Seq, UserId, uuid7
from tests.events.room import Office
from tests.support.floor import postgres

__all__ = ["postgres"]  # every test of this file runs on the oldest supported server as well


def written_at(office: Office, at: datetime) -> ClientId:
    """The retry key of a device whose clock says ``at``."""
    return ClientId(uuid7(unix_ms(at), office.ids.new().bytes[6:]))


async def test_events_get_dense_places_and_a_verifiable_chain(office: Office) -> None:
    room = await office.room()

    async with office.database.write(office.org_id) as tx:
        first = await office.log.append(tx, [office.message(room), office.message(room, kind=3)])
        second = await office.log.append(tx, [office.message(room)])

    assert [(place.seq, place.msg_no, place.fresh) for place in first + second] == [
        (1, 1, True),
        (2, 1, True),
        (3, 2, True),
    ]
    await office.assert_sound(room)


async def test_two_writers_on_one_conversation_stay_dense_and_chained(office: Office) -> None:
    rooms = [await office.room() for _ in range(3)]

    async def write(turn: int) -> None:
        async with office.database.write(office.org_id) as tx:
            order = rooms if turn % 2 else list(reversed(rooms))
            await office.log.append(tx, [office.message(room) for room in order for _ in range(2)])

    await asyncio.gather(*[write(turn) for turn in range(12)])

    for room in rooms:
        assert (await office.head(room)).seq == 24
        await office.assert_sound(room)


async def test_a_batch_and_a_transaction_on_one_conversation_stay_dense(office: Office) -> None:
    room = await office.room()
    batcher = office.batcher()

    async def write() -> None:
        async with office.database.write(office.org_id) as tx:
            await office.log.append(tx, [office.message(room, kind=3)])

    await asyncio.gather(
        *[batcher.append(office.org_id, office.message(room)) for _ in range(30)],
        *[write() for _ in range(10)],
    )

    assert (await office.head(room)).seq == 40
    await office.assert_sound(room)


async def test_a_retry_after_the_month_changed_meets_its_original(office: Office) -> None:
    room = await office.room()
    office.clock.jump_to(datetime(2026, 11, 30, 23, 59, 59, tzinfo=UTC))
    message = office.message(room)
    async with office.database.write(office.org_id) as tx:
        (original,) = await office.log.append(tx, [message])

    office.clock.jump_to(datetime(2026, 12, 1, 0, 1, tzinfo=UTC))
    async with office.database.write(office.org_id) as tx:
        newer, again = await office.log.append(tx, [office.message(room), message])

    assert (again.seq, again.ts_ms, again.msg_no, again.fresh) == (1, original.ts_ms, 1, False)
    assert (newer.seq, newer.fresh) == (2, True)
    assert {event.bucket for event in await office.everything(room)} == {202611, 202612}
    await office.assert_sound(room)


async def test_late_messages_in_older_months_are_read_in_their_place(office: Office) -> None:
    room = await office.room()
    now = office.clock.now()
    ages = [0, 40, 0, 95, 40, 0, 170, 0]
    for days in ages:
        async with office.database.write(office.org_id) as tx:
            message = office.message(room, client_id=written_at(office, now - timedelta(days=days)))
            await office.log.append(tx, [message])

    async with office.database.read(office.org_id) as tx:
        pages = [
            event.seq
            for start in range(0, 8, 3)
            for event in await office.log.read(tx, room, after=Seq(start), upto=None, limit=3)
        ]
        back = [event.seq for event in await office.log.read_back(tx, room, before=Seq(6), limit=4)]
        single = [event.seq for event in await office.log.at(tx, room, [Seq(7), Seq(2), Seq(99)])]
    assert pages == [1, 2, 3, 4, 5, 6, 7, 8]
    assert back == [2, 3, 4, 5]
    assert single == [2, 7]
    assert len({event.bucket for event in await office.everything(room)}) == 4
    await office.assert_sound(room)


async def test_a_page_probes_only_months_that_overlap_it(office: Office) -> None:
    room = await office.room()
    now = office.clock.now()
    for days in (60, 60, 30, 0, 0):
        async with office.database.write(office.org_id) as tx:
            message = office.message(room, client_id=written_at(office, now - timedelta(days=days)))
            await office.log.append(tx, [message])

    async with office.database.read(office.org_id) as tx:
        bounds = await tx.all(
            "SELECT bucket, first_seq, last_seq FROM conversation_bucket"
            " WHERE conversation_id = :room ORDER BY bucket",
            room=room,
        )
    assert [tuple(row) for row in bounds] == [(202609, 1, 2), (202610, 3, 3), (202611, 4, None)]


async def test_a_clock_that_goes_backwards_does_not_reorder(office: Office) -> None:
    room = await office.room()
    for minutes in (0, 30, -90, 10):
        office.clock.jump_to(office.clock.now() + timedelta(minutes=minutes))
        async with office.database.write(office.org_id) as tx:
            await office.log.append(tx, [office.message(room)])

    times = [event.ts_ms for event in await office.everything(room)]

    assert times[1] - times[0] == 30 * 60_000
    assert times[1:] == [times[1]] * 3
    await office.assert_sound(room)


async def test_nobody_hears_of_a_change_that_was_rolled_back(office: Office) -> None:
    room = await office.room()

    with pytest.raises(RuntimeError):
        async with office.database.write(office.org_id) as tx:
            await office.log.append(tx, [office.message(room)])
            raise RuntimeError

    assert office.heard.moves == []
    assert (await office.head(room)).seq == 0


async def test_listeners_get_one_blob_per_conversation_and_commit(office: Office) -> None:
    room, other = await office.room(), await office.room()

    async with office.database.write(office.org_id) as tx:
        await office.log.append(
            tx, [office.message(room, text="a"), office.message(other), office.message(room, text="b")]
        )

    assert sorted((move[0], move[1], move[2]) for move in office.heard.moves) == sorted(
        [(room, 1, 2), (other, 1, 1)]
    )
    (blob,) = [move[4] for move in office.heard.moves if move[0] == room]
    assert blob is not None
    frames = msgspec.json.decode(b"[" + blob + b"]")
    assert [(frame["t"], frame["seq"], frame["content"]) for frame in frames] == [
        ("event", 1, {"text": "a"}),
        ("event", 2, {"text": "b"}),
    ]


async def test_another_organisation_sees_no_row(office: Office) -> None:
    room = await office.room()
    async with office.database.write(office.org_id) as tx:
        await office.log.append(tx, [office.message(room)])

    async with office.database.read(OrgId(office.ids.new())) as tx:
        assert await office.log.read(tx, room, after=Seq(0), upto=None, limit=10) == []
        assert await office.log.heads(tx, [room]) == {}


async def test_an_unknown_conversation_has_no_head_to_lock(office: Office) -> None:
    with pytest.raises(UnknownConversation):
        async with office.database.write(office.org_id) as tx:
            await office.log.lock_head(tx, ConversationId(office.ids.new()))


async def test_private_events_are_dense_per_person(office: Office) -> None:
    ana, bo = UserId(office.ids.new()), UserId(office.ids.new())

    async def write() -> None:
        async with office.database.write(office.org_id) as tx:
            await office.log.append_user(tx, ana, 1, detail={"a": 1})
            await office.log.append_user(tx, bo, 1, detail={})

    await asyncio.gather(*[write() for _ in range(5)])

    async with office.database.read(office.org_id) as tx:
        events = await office.log.read_user(tx, ana, 2, 10)
        assert [(event.pos, event.detail) for event in events] == [
            (3, {"a": 1}),
            (4, {"a": 1}),
            (5, {"a": 1}),
        ]
        assert await office.log.user_position(tx, bo) == 5
    assert sorted(pos for user, pos, _ in office.heard.users if user == ana) == [1, 2, 3, 4, 5]


async def test_recent_heads_are_those_that_moved_since_then(office: Office) -> None:
    old, new = await office.room(), await office.room()
    for room in (old, new):
        async with office.database.write(office.org_id) as tx:
            await office.log.append(tx, [office.message(room)])
        office.clock.advance(minutes=1)

    async with office.database.read(office.org_id) as tx:
        since_ms = unix_ms(office.clock.now() - timedelta(seconds=90))
        assert [head.conversation_id for head in await office.log.recent_heads(tx, since_ms=since_ms)] == [
            new
        ]


def test_retry_keys_outside_of_the_kept_months_are_refused(office: Office) -> None:
    now = office.clock.now()

    check_client_id(written_at(office, now + timedelta(minutes=4)), now)
    check_client_id(written_at(office, now - timedelta(days=179)), now)
    with pytest.raises(ClientIdFromFuture):
        check_client_id(written_at(office, now + timedelta(minutes=6)), now)
    with pytest.raises(ClientIdTooOld):
        check_client_id(written_at(office, now - timedelta(days=181)), now)
    with pytest.raises(ClientIdInvalid):
        check_client_id(ClientId(UUID(int=4)), now)

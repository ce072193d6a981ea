"""No ground ends without the journal, and the journal ends it again in an older copy of the database."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise
from uuid import UUID

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from amana.kernel.ids import Ids, Seq
from amana.storage.database import Database
from amana.vault import Cause, Ground, Unreadable, Vault
from amana.vault.erasure import BEGINNING, Erasure, Mark, journal_after, replay, runs
from tests.support.clock import FakeClock
from tests.vault.room import Intruder, Room, open_room

BOTH = (Ground.LIVE, Ground.TRACE)


async def journal(room: Room, mark: Mark = BEGINNING) -> list[Erasure]:
    async with room.database.read(room.org_id) as tx:
        rows, _ = await journal_after(tx, mark)
    return rows


async def erase(room: Room, *seqs: Seq, now: FakeClock, cause: Cause = Cause.RETENTION) -> int:
    async with room.database.write(room.org_id) as tx:
        return await room.vault.end_grounds(tx, room.conversation_id, seqs, BOTH, cause=cause, now=now.now())


def said(rows: list[Erasure]) -> list[tuple[int, int, tuple[int, ...], int]]:
    return [(row.seq_first, row.seq_last, row.grounds, row.cause) for row in rows]


async def test_a_removal_and_the_end_of_its_trace_are_both_in_the_journal(
    room: Room, database: Database, clock: FakeClock
) -> None:
    (first, _) = await room.say("removed", "stays")
    due = clock.now() + timedelta(days=30)
    async with database.write(room.org_id) as tx:
        await room.vault.move_to_trace(tx, room.proof(), await room.rows(first), due=due, now=clock.now())
    clock.advance(days=30)
    async with database.write(room.org_id) as tx:
        assert await room.vault.end_due_traces(tx, clock.now()) == 1

    rows = await journal(room)
    assert said(rows) == [(1, 1, (Ground.LIVE,), Cause.CHANGED), (1, 1, (Ground.TRACE,), Cause.TRACE_OVER)]
    assert {row.conversation_id for row in rows} == {room.conversation_id}
    assert rows[0].at == due - timedelta(days=30)
    assert rows[1].at == clock.now()


async def test_many_traces_end_in_several_steps(room: Room, database: Database, clock: FakeClock) -> None:
    await room.say(*"abcdefg")
    async with database.write(room.org_id) as tx:
        await room.vault.move_to_trace(tx, room.proof(), await room.rows(), due=clock.now(), now=clock.now())

    ended = []
    for _ in range(4):
        async with database.write(room.org_id) as tx:
            ended.append(await room.vault.end_due_traces(tx, clock.now(), limit=3))

    assert ended == [3, 3, 1, 0]
    assert [await room.wraps(Seq(seq)) for seq in range(1, 8)] == [set()] * 7


async def test_the_journal_says_ranges_and_nothing_that_did_not_end(room: Room, clock: FakeClock) -> None:
    await room.say(*"abcdefgh")

    assert await erase(room, Seq(1), Seq(2), Seq(3), Seq(5), now=clock) == 4
    assert await erase(room, Seq(2), Seq(3), now=clock) == 0
    assert await erase(room, Seq(3), Seq(4), Seq(8), now=clock) == 2

    assert sorted(row[:2] for row in said(await journal(room))) == [(1, 3), (3, 4), (5, 5), (8, 8)]


async def test_a_rolled_back_erasure_is_not_in_the_journal(
    room: Room, database: Database, clock: FakeClock
) -> None:
    await room.say("stays")

    async def erase_and_fail() -> None:
        async with database.write(room.org_id) as tx:
            await room.vault.end_grounds(
                tx, room.conversation_id, [Seq(1)], BOTH, cause=Cause.PERSON, now=clock.now()
            )
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await erase_and_fail()
    assert await journal(room) == []
    assert await room.read() == room.texts


async def test_replay_ends_the_same_grounds_in_an_older_copy(
    room: Room, clock: FakeClock, intruder: Intruder, database: Database
) -> None:
    await room.say(*"abcdef")
    older = await intruder.rows("SELECT * FROM keyring.wrap WHERE conversation_id = $1", room.conversation_id)
    await erase(room, Seq(2), Seq(3), Seq(5), now=clock)
    rows = await journal(room)
    await put_back(intruder, room, older)
    assert await room.read() == room.texts

    async with database.write(room.org_id) as tx:
        assert await replay(tx, rows) == 3
    async with database.write(room.org_id) as tx:
        assert await replay(tx, rows) == 0

    assert {seq for seq, content in (await room.read()).items() if content is Unreadable.ERASED} == {2, 3, 5}
    assert said(await journal(room)) == said(rows)


async def test_replaying_again_spares_what_was_written_there_since(
    room: Room, clock: FakeClock, intruder: Intruder, database: Database
) -> None:
    """After a restore to an earlier time the places beyond it are given out a second time."""
    await room.say("stays", "erased, and lost with the machine")
    await erase(room, Seq(2), now=clock)
    rows = await journal(room)
    await put_back(intruder, room, [])
    for table in ("event", "conversation_bucket", "conversation_head"):
        await intruder.run(f"DELETE FROM {table} WHERE conversation_id = $1", room.conversation_id)
    async with database.write(room.org_id) as tx:
        await room.log.create_head(tx, room.conversation_id)
    async with database.write(room.org_id) as tx:
        await replay(tx, rows)
    await room.say("again", "in the place of the erased one")

    async with database.write(room.org_id) as tx:
        assert await replay(tx, rows) == 0

    assert await room.read() == room.texts


async def put_back(intruder: Intruder, room: Room, wraps: Sequence[asyncpg.Record]) -> None:
    """Bring the room's keyring back to what it was, its journal included."""
    for table in ("wrap", "erasure"):
        await intruder.run(f"DELETE FROM keyring.{table} WHERE conversation_id = $1", room.conversation_id)
    for row in wraps:
        await intruder.run(
            "INSERT INTO keyring.wrap (org_id, conversation_id, seq, ground, bucket, key_ref, wrapped, due)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            *row.values(),
        )


async def test_one_organisation_cannot_replay_the_journal_of_another(
    room: Room, database: Database, vault: Vault, ids: Ids, clock: FakeClock
) -> None:
    other = await open_room(database, vault, ids, clock)
    await other.say("theirs")
    foreign = Erasure(
        room.org_id, UUID(int=7), clock.now(), other.conversation_id, Seq(1), Seq(1), (1,), Cause.PERSON
    )

    async with database.write(room.org_id) as tx:
        assert await replay(tx, [foreign]) == 0

    assert await other.read() == other.texts


async def test_a_reader_of_the_journal_misses_no_late_commit(
    room: Room, database: Database, clock: FakeClock
) -> None:
    await room.say(*"abc")
    async with database.write(room.org_id) as slow:
        await room.vault.end_grounds(
            slow, room.conversation_id, [Seq(1)], BOTH, cause=Cause.PERSON, now=clock.now()
        )
        await erase(room, Seq(2), now=clock)
        async with database.read(room.org_id) as tx:
            early, mark = await journal_after(tx, BEGINNING)
        assert early == []  # the second row is older than a transaction that may still commit
    await erase(room, Seq(3), now=clock)

    seen: list[Erasure] = []
    async with asyncio.timeout(20), database.read(room.org_id) as tx:
        while len(seen) < 3:
            rows, mark = await journal_after(tx, mark, limit=1)
            seen += rows

    assert {row.seq_first for row in seen} == {1, 2, 3}
    assert await journal(room, mark) == []


async def test_the_journal_is_append_only(room: Room, database_dsn: str, clock: FakeClock) -> None:
    await room.say("erased")
    await erase(room, Seq(1), now=clock)
    owner = await asyncpg.connect(database_dsn)
    try:
        for change in ("UPDATE keyring.erasure SET seq_last = 9", "DELETE FROM keyring.erasure"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError, match="never changed"):
                await owner.execute(change)
    finally:
        await owner.close()


@given(st.sets(st.integers(1, 60)))
def test_runs_cover_exactly_the_places(places: set[int]) -> None:
    ranges = list(runs(Seq(place) for place in places))

    assert [seq for first, last in ranges for seq in range(first, last + 1)] == sorted(places)
    assert all(last + 1 < first for (_, last), (first, _) in pairwise(ranges))

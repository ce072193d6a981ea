"""Random histories of wraps against a model of a few lines, and against what a restore makes of them."""

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from amana.kernel.ids import Seq
from amana.vault import Cause, Ground
from amana.vault.erasure import BEGINNING, journal_after, replay
from tests.support.clock import FakeClock
from tests.vault.room import Intruder, Room, open_room

# Short, so that no example leaves the months there are partitions for.
TRACE = timedelta(minutes=30)


@dataclass
class Model:
    """Which grounds every place has, and when its trace is over."""

    grounds: dict[int, set[Ground]] = field(default_factory=dict)
    due: dict[int, datetime] = field(default_factory=dict)

    def change(self, seq: int, due: datetime) -> None:
        if Ground.LIVE in self.grounds[seq]:
            self.grounds[seq] = {Ground.TRACE}
            self.due[seq] = due

    def let_traces_end(self, now: datetime) -> None:
        for seq, due in self.due.items():
            if due <= now:
                self.grounds[seq].discard(Ground.TRACE)

    def erase(self, first: int, last: int, grounds: tuple[Ground, ...]) -> None:
        for seq in range(first, last + 1):
            self.grounds[seq] -= set(grounds)


@dataclass
class History:
    """A room, its model, and a copy of the keyring from some moment on the way."""

    room: Room
    clock: FakeClock
    intruder: Intruder
    model: Model = field(default_factory=Model)

    async def step(self, kind: str, chance: random.Random) -> None:
        room, model, now = self.room, self.model, self.clock.now()
        last = len(model.grounds)
        if kind == "say" or not last:
            (seq,) = await room.say("a word")
            model.grounds[seq] = {Ground.LIVE}
            return
        seq = Seq(chance.randint(1, last))
        async with room.database.write(room.org_id) as tx:
            if kind == "change":
                rows = await room.rows(seq)
                await room.vault.move_to_trace(tx, room.proof(), rows, due=now + TRACE, now=now)
                model.change(seq, now + TRACE)
            elif kind == "wait":
                self.clock.advance(minutes=chance.choice((1, 12, 31)))
                await room.vault.end_due_traces(tx, self.clock.now(), limit=1_000)
                model.let_traces_end(self.clock.now())
            else:
                end = min(last, seq + chance.randint(0, 4))
                grounds = chance.choice(((Ground.LIVE,), (Ground.TRACE,), (Ground.LIVE, Ground.TRACE)))
                seqs = [Seq(place) for place in range(seq, end + 1)]
                await room.vault.end_grounds(
                    tx, room.conversation_id, seqs, grounds, cause=Cause.RETENTION, now=now
                )
                model.erase(seq, end, grounds)

    async def grounds(self) -> dict[int, set[int]]:
        return {seq: await self.room.wraps(Seq(seq)) for seq in self.model.grounds}

    async def copy(self) -> tuple[list[tuple[object, ...]], list[tuple[object, ...]]]:
        """The room's wraps and its part of the journal: what a backup of the keyring holds."""
        wraps = await self.intruder.rows(
            "SELECT org_id, conversation_id, seq, ground, bucket, key_ref, wrapped, due FROM keyring.wrap"
            " WHERE conversation_id = $1",
            self.room.conversation_id,
        )
        journal = await self.intruder.rows(
            "SELECT org_id, id, at, conversation_id, seq_first, seq_last, grounds, cause FROM keyring.erasure"
            " WHERE conversation_id = $1",
            self.room.conversation_id,
        )
        return [tuple(row) for row in wraps], [tuple(row) for row in journal]

    async def put_back(self, wraps: list[tuple[object, ...]], journal: list[tuple[object, ...]]) -> None:
        for table in ("wrap", "erasure"):
            where = f"DELETE FROM keyring.{table} WHERE conversation_id = $1"
            await self.intruder.run(where, self.room.conversation_id)
        for row in wraps:
            await self.intruder.run(
                "INSERT INTO keyring.wrap (org_id, conversation_id, seq, ground, bucket, key_ref, wrapped,"
                " due) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
                *row,
            )
        for row in journal:
            await self.intruder.run(
                "INSERT INTO keyring.erasure (org_id, id, at, conversation_id, seq_first, seq_last, grounds,"
                " cause, txid) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0)",
                *row,
            )


STEPS = st.lists(st.sampled_from(["say", "say", "change", "wait", "end"]), min_size=4, max_size=16)


@pytest.mark.timeout(120)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS, copied_after=st.integers(0, 16), seed=st.integers(0, 2**32))
async def test_histories_follow_the_model_and_no_backup_brings_a_ground_back(
    room: Room, clock: FakeClock, intruder: Intruder, steps: list[str], copied_after: int, seed: int
) -> None:
    fresh = await open_room(room.database, room.vault, room.ids, clock, org_id=room.org_id)
    history, chance = History(fresh, clock, intruder), random.Random(seed)
    copy, at_copy = await history.copy(), dict[int, set[int]]()
    for number, kind in enumerate(steps):
        await history.step(kind, chance)
        if number == copied_after:
            copy, at_copy = await history.copy(), await history.grounds()
    model = {seq: {int(ground) for ground in grounds} for seq, grounds in history.model.grounds.items()}
    assert await history.grounds() == model

    async with room.database.read(room.org_id) as tx:
        everything, _ = await journal_after(tx, BEGINNING)
    journal = [row for row in everything if row.conversation_id == fresh.conversation_id]
    await history.put_back(*copy)
    async with room.database.write(room.org_id) as tx:
        await replay(tx, journal)

    restored = await history.grounds()
    for seq, grounds in restored.items():
        assert grounds <= model[seq], "a ground came back that had ended"
        kept = at_copy.get(seq, set()) & model[seq]
        assert kept <= grounds, "a ground ended that had not"

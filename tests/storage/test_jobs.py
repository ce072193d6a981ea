"""Jobs: nothing is lost, nothing happens twice, whatever dies and whatever the clocks say."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from amana.kernel.errors import Busy, Conflict
from amana.kernel.ids import Ids, OrgId
from amana.storage import jobs
from amana.storage.database import Database, Tx
from amana.storage.jobs import FIRST_PAUSE, LEASE, LONGEST_PAUSE, MAX_ATTEMPTS, Job, Jobs, pause_after
from tests.support.clock import START, FakeClock

KIND = "count"


class Never(Conflict):
    code = "never"


@dataclass
class Counter:
    """Leaves a row of its own for every effect, in the job's transaction.

    Attributes:
        fault: raised after the effect, so that only a rollback takes it away.
        again: the next time it is due.
    """

    ids: Ids
    fault: BaseException | None = None
    again: Callable[[Job], datetime | None] = lambda _job: None
    runs: int = 0
    given_up: list[str] = field(default_factory=list)

    async def run(self, tx: Tx, job: Job) -> datetime | None:
        self.runs += 1
        # Any table does that the application may write: another kind of job is the plainest.
        await jobs.put(tx, "effect", self.ids.new(), job.due, detail={"of": str(job.subject)})
        if self.fault is not None:
            raise self.fault
        return self.again(job)

    async def give_up(self, tx: Tx, job: Job, reason: str) -> datetime | None:
        self.given_up.append(reason)
        return None


@dataclass
class Place:
    """One process's jobs on a shared database."""

    database: Database
    clock: FakeClock
    org_id: OrgId
    counter: Counter

    def process(self, work: Counter | None = None, clock: FakeClock | None = None) -> Jobs:
        process = Jobs(self.database, clock or self.clock, poll=timedelta(seconds=0.01))
        process.register(KIND, work or self.counter)
        return process

    async def put(self, subject: UUID, due: datetime = START) -> None:
        async with self.database.write(self.org_id) as tx:
            await jobs.put(tx, KIND, subject, due)

    async def effects(self) -> int:
        return await self._count("effect")

    async def waiting(self) -> int:
        return await self._count(KIND)

    async def _count(self, kind: str) -> int:
        async with self.database.read(self.org_id) as tx:
            return int(str(await tx.value("SELECT count(*) FROM job WHERE kind = :kind", kind=kind)))

    async def ready_at(self, subject: UUID) -> datetime:
        async with self.database.read(self.org_id) as tx:
            found = await tx.value("SELECT ready_at FROM job WHERE subject = :subject", subject=subject)
        assert isinstance(found, datetime)
        return found


@pytest.fixture
def place(database: Database, clock: FakeClock, org_id: OrgId, ids: Ids) -> Place:
    return Place(database, clock, org_id, Counter(ids))


async def test_a_job_is_done_when_it_is_due_and_not_before(place: Place, ids: Ids) -> None:
    process = place.process()
    await place.put(ids.new(), START + timedelta(seconds=10))

    place.clock.advance(seconds=9.999)
    early = await process.run_due(place.org_id)
    place.clock.advance(seconds=0.001)
    late = await process.run_due(place.org_id)

    assert (early, late) == (0, 1)
    assert (await place.effects(), await place.waiting()) == (1, 0)


async def test_putting_it_again_moves_it(place: Place, ids: Ids) -> None:
    process, subject = place.process(), ids.new()
    await place.put(subject, START)
    await place.put(subject, START + timedelta(hours=1))

    now = await process.run_due(place.org_id)
    place.clock.advance(hours=1)
    later = await process.run_due(place.org_id)

    assert (now, later, await place.effects()) == (0, 1, 1)


async def test_a_dropped_job_is_not_done(place: Place, ids: Ids) -> None:
    subject = ids.new()
    await place.put(subject)
    async with place.database.write(place.org_id) as tx:
        assert await jobs.drop(tx, KIND, subject)
        assert not await jobs.drop(tx, KIND, subject)

    await place.process().run_due(place.org_id)

    assert await place.effects() == 0


async def test_two_processes_do_each_job_once(place: Place, ids: Ids) -> None:
    for _ in range(40):
        await place.put(ids.new())
    processes = [place.process() for _ in range(3)]

    await asyncio.gather(*(process.run_due(place.org_id) for process in processes))

    assert (await place.effects(), await place.waiting()) == (40, 0)


async def test_a_taker_that_dies_before_its_commit_leaves_no_effect_and_another_one_takes_over(
    place: Place, ids: Ids
) -> None:
    dying = Counter(ids, fault=asyncio.CancelledError())
    await place.put(ids.new())

    with pytest.raises(asyncio.CancelledError):
        await place.process(dying).run_due(place.org_id)
    at_once = await place.process().run_due(place.org_id)
    place.clock.advance(LEASE)
    after_the_lease = await place.process().run_due(place.org_id)

    assert dying.runs == 1, "the premise: it had begun"
    assert (at_once, after_the_lease) == (0, 1)
    assert (await place.effects(), await place.waiting()) == (1, 0)


async def test_who_was_overtaken_does_nothing_more(place: Place, ids: Ids) -> None:
    """Its clock stood still between taking and doing; the other process was past the lease."""
    slow, quick = place.process(), place.process(clock=FakeClock(START + 2 * LEASE))
    await place.put(ids.new())

    (taken,) = await slow._take(place.org_id)
    await quick.run_due(place.org_id)
    await slow._carry_out(taken)

    assert await place.effects() == 1


async def test_without_asking_whose_it_is_the_effect_would_double(
    place: Place, ids: Ids, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow, quick = place.process(), place.process(clock=FakeClock(START + 2 * LEASE))
    await place.put(ids.new())

    async def yes(_tx: Tx, _job: Job) -> bool:
        return True

    (taken,) = await slow._take(place.org_id)
    await quick.run_due(place.org_id)
    monkeypatch.setattr(jobs, "_still_ours", yes)
    await slow._carry_out(taken)

    assert await place.effects() == 2


async def test_what_is_busy_is_tried_again_with_growing_pauses(place: Place, ids: Ids) -> None:
    place.counter.fault = Busy("Not now.", retry_after_s=1.0)
    process, subject = place.process(), ids.new()
    await place.put(subject)
    pauses = []
    for _ in range(4):
        await process.run_due(place.org_id)
        pauses.append(await place.ready_at(subject) - place.clock.now())
        place.clock.advance(pauses[-1])
    place.counter.fault = None
    await process.run_due(place.org_id)

    assert pauses == [FIRST_PAUSE * factor for factor in (1, 2, 4, 8)]
    assert (await place.effects(), place.counter.given_up) == (1, [])


async def test_a_refusal_is_final_and_said_once(place: Place, ids: Ids) -> None:
    place.counter.fault = Never("No.")
    await place.put(ids.new())

    await place.process().run_due(place.org_id)
    place.clock.advance(hours=1)
    await place.process().run_due(place.org_id)

    assert (place.counter.runs, place.counter.given_up) == (1, ["never"])
    assert (await place.effects(), await place.waiting()) == (0, 0)


async def test_a_mistake_is_not_repeated_for_ever(place: Place, ids: Ids) -> None:
    place.counter.fault = ZeroDivisionError()
    await place.put(ids.new())

    for _ in range(MAX_ATTEMPTS + 3):
        await place.process().run_due(place.org_id)
        place.clock.advance(LONGEST_PAUSE)

    assert (place.counter.runs, place.counter.given_up) == (MAX_ATTEMPTS, ["internal_error"])
    assert (await place.effects(), await place.waiting()) == (0, 0)


async def test_a_job_that_kills_every_process_is_given_up(place: Place, ids: Ids) -> None:
    await place.put(ids.new())
    process = place.process()
    for _ in range(MAX_ATTEMPTS):
        assert await process._take(place.org_id), "taken, and then the process dies"
        place.clock.advance(LEASE)

    await process.run_due(place.org_id)

    assert (place.counter.runs, place.counter.given_up) == (0, ["internal_error"])


async def test_a_recurring_job_moves_on_with_its_effect(place: Place, ids: Ids) -> None:
    place.counter.again = lambda job: job.due + timedelta(days=1)
    process = place.process()
    await place.put(ids.new())

    for _ in range(3):
        await process.run_due(place.org_id)
        place.clock.advance(days=1)

    assert (await place.effects(), await place.waiting()) == (3, 1)


async def test_a_clock_that_leaps_back_repeats_nothing(place: Place, ids: Ids) -> None:
    place.counter.again = lambda job: job.due + timedelta(days=1)
    process = place.process()
    await place.put(ids.new())
    await process.run_due(place.org_id)

    place.clock.jump_to(START - timedelta(hours=5))
    await process.run_due(place.org_id)
    place.clock.jump_to(START)
    await process.run_due(place.org_id)

    assert await place.effects() == 1


async def test_what_was_taken_by_a_clock_far_ahead_does_not_wait_for_it(place: Place, ids: Ids) -> None:
    await place.put(ids.new())
    ahead = place.process(clock=FakeClock(START + timedelta(days=30)))
    assert await ahead._take(place.org_id), "taken, and then the process dies"
    process = place.process()

    before = await process.run_due(place.org_id)
    await process._mend(place.org_id)
    after = await process.run_due(place.org_id)

    assert (before, after, await place.effects()) == (0, 1, 1)


async def test_a_change_waits_while_the_job_is_being_done(place: Place, ids: Ids) -> None:
    """Taking something back and doing it meet: one of them is first, never both."""
    subject = ids.new()
    began, go_on = asyncio.Event(), asyncio.Event()

    class Slow(Counter):
        async def run(self, tx: Tx, job: Job) -> datetime | None:
            began.set()
            await go_on.wait()
            return await super().run(tx, job)

    await place.put(subject)
    doing = asyncio.create_task(place.process(Slow(ids)).run_due(place.org_id))
    await began.wait()

    async def take_back() -> datetime | None:
        async with place.database.write(place.org_id) as tx:
            return await jobs.lock(tx, KIND, subject)

    taking_back = asyncio.create_task(take_back())
    await asyncio.sleep(0.05)
    assert not taking_back.done()
    go_on.set()

    assert await taking_back is None
    assert (await doing, await place.effects()) == (1, 1)


async def test_kinds_of_another_release_are_left_alone(place: Place, ids: Ids) -> None:
    async with place.database.write(place.org_id) as tx:
        await jobs.put(tx, "from_the_future", ids.new(), START)

    taken = await place.process().run_due(place.org_id)

    assert taken == 0


async def test_the_runner_looks_by_itself(place: Place, ids: Ids) -> None:
    async def organisation() -> OrgId | None:
        return place.org_id

    running = asyncio.create_task(place.process().run(organisation))
    await place.put(ids.new(), START)
    async with asyncio.timeout(10):
        while await place.effects() == 0:
            await asyncio.sleep(0.01)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)

    assert await place.effects() == 1


def test_pauses_double_up_to_a_limit() -> None:
    pauses = [pause_after(attempts) for attempts in range(1, 200)]

    assert pauses[:3] == [FIRST_PAUSE, 2 * FIRST_PAUSE, 4 * FIRST_PAUSE]
    assert max(pauses) == LONGEST_PAUSE
    assert sorted(pauses) == pauses

"""Timed work: what has to happen at a time, once, whatever dies meanwhile.

A job is a row with a kind, a subject and a time. Whoever wants something done later **puts** it in the same
transaction as the reason for it, and **drops** it with the reason. Every process of the installation looks
for what is due; one takes it (``SKIP LOCKED``), and does the work *and* ends the row in one transaction:

* killed before that commit, nothing has happened, and another one takes the job when the lease is over;
* killed after it, the job is gone together with its effect. So the effect happens once.

The lease only keeps others from trying the same at the same time. Whether a job is still the taker's own is
decided by ``claim`` under the row's lock, never by a clock: clocks that differ or leap make work early or
late, and never double.

Lock order: the job's row first, then the domain's rows, then a conversation's head. Whoever changes the
reason of a job begins with ``lock``.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol, cast
from uuid import UUID

import structlog

from amana.kernel.clock import Clock
from amana.kernel.errors import Busy, Refusal, places
from amana.kernel.ids import OrgId
from amana.kernel.limits import Limit
from amana.kernel.tally import TALLY
from amana.storage.database import Database, Tx

log = structlog.get_logger("amana.jobs")

# The longest time until a process notices a job that another one has put.
POLL: Final = timedelta(seconds=1)
# From taking a job to the transaction that does it: milliseconds, unless the process dies between.
LEASE: Final = timedelta(seconds=10)
FIRST_PAUSE: Final = timedelta(seconds=1)
LONGEST_PAUSE: Final = timedelta(minutes=5)
# About forty minutes with growing pauses: a mistake of ours is not repeated for ever.
MAX_ATTEMPTS: Final = 16
AT_ONCE: Final = 3
# What gives up gets this long before it is asked to give up once more.
_BROKEN_PAUSE: Final = timedelta(hours=1)

LIMITS = (
    Limit("jobs.attempts", MAX_ATTEMPTS, "tries", "Then somebody hears that it failed, and it ends."),
    Limit("jobs.lease", int(LEASE.total_seconds()), "seconds", "After a crash another process takes over."),
)


@dataclass(frozen=True, slots=True)
class Job:
    """One job that was taken.

    Attributes:
        due: when it was to be done; now or earlier.
        attempts: how often it was taken since it was put, this time included.
        detail: ids and numbers that its domain wanted to find here again.
    """

    org_id: OrgId
    kind: str
    subject: UUID
    due: datetime
    attempts: int
    claim: int
    detail: Mapping[str, object]


class Work(Protocol):
    """What is done with the jobs of one kind. The runner opens and commits the transactions."""

    async def run(self, tx: Tx, job: Job) -> datetime | None:
        """Do it in ``tx``; give the next time it is due, or None when it is done for good.

        A ``Busy`` and everything that is no refusal is tried again. Any other refusal is final.
        """

    async def give_up(self, tx: Tx, job: Job, reason: str) -> datetime | None:
        """Nothing of ``run`` is stored. Tell whom it concerns; ``reason`` is a refusal's code.

        Called once, in a transaction of its own, after a final refusal or too many attempts. The answer
        is as for ``run``.
        """


async def put(
    tx: Tx, kind: str, subject: UUID, due: datetime, *, detail: Mapping[str, object] | None = None
) -> None:
    """Have it done at ``due``. There is one job for each kind and subject: putting it again moves it.

    Args:
        detail: ids and numbers only, nothing that people typed: it is stored in the clear.
    """
    await tx.run(
        """
        INSERT INTO job (org_id, kind, subject, due, ready_at, detail)
        VALUES (:org_id, :kind, :subject, :due, :due, :detail::jsonb)
        ON CONFLICT (org_id, kind, subject) DO UPDATE
           SET due = excluded.due, ready_at = excluded.ready_at, detail = excluded.detail,
               attempts = 0, claim = job.claim + 1
        """,
        org_id=tx.org_id,
        kind=kind,
        subject=subject,
        due=due,
        detail=json.dumps(detail or {}),
    )


async def lock(tx: Tx, kind: str, subject: UUID) -> datetime | None:
    """Keep it from being done until this transaction ends; gives when it is due, None when there is none.

    Waits while it is being done. Call it before the rows of the domain are locked.
    """
    found = await tx.value(
        "SELECT due FROM job WHERE org_id = :org_id AND kind = :kind AND subject = :subject FOR UPDATE",
        org_id=tx.org_id,
        kind=kind,
        subject=subject,
    )
    return cast(datetime | None, found)


async def drop(tx: Tx, kind: str, subject: UUID) -> bool:
    """There is nothing to do any more; False when there was no job."""
    gone = await tx.run(
        "DELETE FROM job WHERE org_id = :org_id AND kind = :kind AND subject = :subject",
        org_id=tx.org_id,
        kind=kind,
        subject=subject,
    )
    return gone == 1


class Jobs:
    """Does what is due. One for each process; all of them look, and none waits for another."""

    def __init__(self, database: Database, clock: Clock, *, poll: timedelta = POLL) -> None:
        self._database = database
        self._clock = clock
        self._poll = poll
        self._work: dict[str, Work] = {}

    def register(self, kind: str, work: Work) -> None:
        """Say what is done with the jobs of ``kind``; those of unknown kinds stay for a newer release.

        Call it before ``run``.
        """
        if kind in self._work:
            raise ValueError(f"Somebody does the jobs of kind {kind} already.")
        self._work[kind] = work

    async def run(self, organisation: Callable[[], Awaitable[OrgId | None]]) -> None:
        """Do what is due, until cancelled. A job is begun within a second of its time.

        Args:
            organisation: whose jobs; None while there is none.
        """
        mended = False
        while True:
            pause_s = self._poll.total_seconds()
            try:
                org_id = await organisation()
                if org_id is not None:
                    mended = mended or await self._mend(org_id)
                    await self.run_due(org_id)
                    pause_s = await self._until_next(org_id)
            except Busy as refusal:
                pause_s = max(pause_s, refusal.retry_after_s)
                log.warning("jobs.waiting", code=refusal.code)
            except Exception as error:  # noqa: BLE001  outermost: the next look is in a second
                TALLY.failed_jobs["jobs"] += 1
                log.error("jobs.look_failed", kind=type(error).__name__, where=places(error))
            await asyncio.sleep(pause_s)

    async def run_due(self, org_id: OrgId) -> int:
        """Do everything that is due now; gives how many jobs were taken."""
        taken = 0
        while jobs := await self._take(org_id):
            taken += len(jobs)
            await asyncio.gather(*(self._carry_out(job) for job in jobs))
        return taken

    async def _mend(self, org_id: OrgId) -> bool:
        """Bring forward what waits longer than anything may: the clock was ahead when it was taken."""
        now = self._clock.now()
        async with self._database.write(org_id) as tx:
            await _bring_forward(tx, later_than=now + 2 * _BROKEN_PAUSE)
        return True

    async def _until_next(self, org_id: OrgId) -> float:
        """Seconds until the next job is ready, at most the polling pause."""
        async with self._database.read(org_id) as tx:
            ready = await _next_ready(tx, tuple(self._work))
        if ready is None:
            return self._poll.total_seconds()
        left_s = (ready - self._clock.now()).total_seconds()
        return min(max(left_s, 0.0), self._poll.total_seconds())

    async def _take(self, org_id: OrgId) -> list[Job]:
        """Take a few jobs that are due. Looked at first: taking is a change, and mostly there is nothing."""
        now = self._clock.now()
        kinds = tuple(self._work)
        async with self._database.read(org_id) as tx:
            ready = await _next_ready(tx, kinds)
        if ready is None or ready > now:
            return []
        async with self._database.write(org_id) as tx:
            return await _take(tx, kinds, now=now, until=now + LEASE, limit=AT_ONCE)

    async def _carry_out(self, job: Job) -> None:
        """One job from beginning to end. Never raises but for cancellation."""
        work = self._work[job.kind]
        try:
            if job.attempts > MAX_ATTEMPTS:
                # Each time before, the process died of it, or the database was gone.
                await self._finish(job, lambda tx: work.give_up(tx, job, "internal_error"))
                return
            await self._finish(job, lambda tx: work.run(tx, job))
        except Busy as refusal:
            await self._later(job, refusal.code)
        except Refusal as refusal:
            await self._give_up(job, refusal.code)
        except Exception as error:  # noqa: BLE001  outermost of a job: it is tried again
            TALLY.failed_jobs[job.kind] += 1
            log.error(
                "jobs.failed",
                job=job.kind,
                subject=str(job.subject),
                attempts=job.attempts,
                kind=type(error).__name__,
                where=places(error),
            )
            if job.attempts >= MAX_ATTEMPTS:
                await self._give_up(job, "internal_error")
            else:
                await self._later(job, "internal_error")

    async def _finish(self, job: Job, do: Callable[[Tx], Awaitable[datetime | None]]) -> None:
        """The work and the end of the row, in one transaction; nothing when the job is not ours any more."""
        async with self._database.write(job.org_id) as tx:
            if not await _still_ours(tx, job):
                return
            again = await do(tx)
            if again is None:
                await _delete(tx, job)
            else:
                await _move(tx, job, again)

    async def _give_up(self, job: Job, reason: str) -> None:
        work = self._work[job.kind]
        log.warning("jobs.given_up", job=job.kind, subject=str(job.subject), code=reason)
        try:
            await self._finish(job, lambda tx: work.give_up(tx, job, reason))
        except Busy as refusal:
            await self._later(job, refusal.code)
        except Exception as error:  # noqa: BLE001  outermost of a job: the row stays, and is seen
            TALLY.failed_jobs[job.kind] += 1
            log.error("jobs.not_given_up", job=job.kind, kind=type(error).__name__, where=places(error))
            await self._later(job, "internal_error", pause=_BROKEN_PAUSE)

    async def _later(self, job: Job, code: str, *, pause: timedelta | None = None) -> None:
        """Try again after a pause. When even this cannot be stored, the lease ends by itself."""
        ready = self._clock.now() + (pause or pause_after(job.attempts))
        try:
            async with self._database.write(job.org_id) as tx:
                await _postpone(tx, job, ready)
        except Busy:
            log.warning("jobs.waiting", job=job.kind, code=code)


def pause_after(attempts: int) -> timedelta:
    """How long to wait after so many attempts: doubling, up to a limit."""
    return min(FIRST_PAUSE * (1 << min(attempts - 1, 20)), LONGEST_PAUSE)


async def _next_ready(tx: Tx, kinds: Sequence[str]) -> datetime | None:
    found = await tx.value(
        "SELECT min(ready_at) FROM job WHERE org_id = :org_id AND kind = ANY(:kinds)",
        org_id=tx.org_id,
        kinds=list(kinds),
    )
    return cast(datetime | None, found)


async def _take(tx: Tx, kinds: Sequence[str], *, now: datetime, until: datetime, limit: int) -> list[Job]:
    rows = await tx.all(
        """
        UPDATE job j SET attempts = j.attempts + 1, claim = j.claim + 1, ready_at = :until
          FROM (SELECT org_id, kind, subject FROM job
                 WHERE org_id = :org_id AND ready_at <= :now AND kind = ANY(:kinds)
                 ORDER BY ready_at LIMIT :limit FOR UPDATE SKIP LOCKED) d
         WHERE j.org_id = d.org_id AND j.kind = d.kind AND j.subject = d.subject
        RETURNING j.org_id, j.kind, j.subject, j.due, j.attempts, j.claim, j.detail
        """,
        org_id=tx.org_id,
        kinds=list(kinds),
        now=now,
        until=until,
        limit=limit,
    )
    return [
        Job(
            row["org_id"],
            row["kind"],
            row["subject"],
            row["due"],
            row["attempts"],
            row["claim"],
            json.loads(row["detail"]),
        )
        for row in rows
    ]


async def _bring_forward(tx: Tx, *, later_than: datetime) -> None:
    await tx.run(
        """
        UPDATE job SET ready_at = due
         WHERE org_id = :org_id AND attempts > 0 AND ready_at > :later_than AND due < ready_at
        """,
        org_id=tx.org_id,
        later_than=later_than,
    )


async def _still_ours(tx: Tx, job: Job) -> bool:
    found = await tx.value(
        """
        SELECT claim FROM job WHERE org_id = :org_id AND kind = :kind AND subject = :subject FOR UPDATE
        """,
        org_id=job.org_id,
        kind=job.kind,
        subject=job.subject,
    )
    return found == job.claim


async def _delete(tx: Tx, job: Job) -> None:
    """End it, unless the work itself put it anew."""
    await tx.run(
        """
        DELETE FROM job
         WHERE org_id = :org_id AND kind = :kind AND subject = :subject AND claim = :claim
        """,
        org_id=job.org_id,
        kind=job.kind,
        subject=job.subject,
        claim=job.claim,
    )


async def _move(tx: Tx, job: Job, due: datetime) -> None:
    await tx.run(
        """
        UPDATE job SET due = :due, ready_at = :due, attempts = 0, claim = claim + 1
         WHERE org_id = :org_id AND kind = :kind AND subject = :subject AND claim = :claim
        """,
        org_id=job.org_id,
        kind=job.kind,
        subject=job.subject,
        claim=job.claim,
        due=due,
    )


async def _postpone(tx: Tx, job: Job, ready: datetime) -> None:
    await tx.run(
        """
        UPDATE job SET ready_at = :ready
         WHERE org_id = :org_id AND kind = :kind AND subject = :subject AND claim = :claim
        """,
        org_id=job.org_id,
        kind=job.kind,
        subject=job.subject,
        claim=job.claim,
        ready=ready,
    )

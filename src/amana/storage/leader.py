"""One leader for timed and singular work: whoever holds the database's advisory lock.

The lock belongs to a connection of its own. When the process dies or loses the connection,
PostgreSQL frees it and another process takes over; two leaders at once cannot be.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

import structlog

from amana.kernel.clock import Clock
from amana.kernel.errors import places
from amana.kernel.tally import TALLY
from amana.storage.dialing import Dialer
from amana.storage.faults import DRIVER_ERRORS
from amana.storage.space import essential

log = structlog.get_logger("amana.leader")

# Any constant does, as long as nothing else in the same database uses it.
LEADER_LOCK = 0x616D616E61  # "amana"
TICK_S = 1.0
CANDIDATE_PAUSE_S = 5.0

Job = Callable[[], Awaitable[object]]


@dataclass(slots=True)
class _Timed:
    name: str
    period_s: float
    job: Job
    due_s: float = 0.0
    task: asyncio.Task[None] | None = None

    @property
    def is_running(self) -> bool:
        return self.task is not None and not self.task.done()


class Leader:
    """Runs registered jobs, each after its period, while this process leads.

    Every job has a task of its own: one that takes hours delays no other. It never runs twice at once
    in this process, and what is under way is cancelled when leadership ends.

    Attributes:
        leads: whether the lock is held now.
    """

    def __init__(
        self, dsn: str, clock: Clock, *, tick_s: float = TICK_S, candidate_pause_s: float = CANDIDATE_PAUSE_S
    ) -> None:
        """Make a candidate.

        Args:
            tick_s: how often the leader looks whether it still leads and a job is due.
            candidate_pause_s: how long a candidate waits before it tries again.
        """
        self._dialer = Dialer(dsn)
        self._clock = clock
        self._tick_s = tick_s
        self._candidate_pause_s = candidate_pause_s
        self._jobs: list[_Timed] = []
        self.leads = False

    def every(self, period: timedelta, name: str, job: Job) -> None:
        """Run ``job`` at once when leadership begins and then once per ``period``.

        A job must bear being cancelled anywhere, and being run twice: leadership may change while it runs.
        """
        self._jobs.append(_Timed(name, period.total_seconds(), job))

    async def run(self) -> None:
        """Lead whenever possible, until cancelled."""
        while True:
            try:
                await self._candidate()
            except DRIVER_ERRORS as error:
                log.warning("leader.connection_lost", kind=type(error).__name__)
            finally:
                self.leads = False
            await asyncio.sleep(self._candidate_pause_s)

    async def _candidate(self) -> None:
        connection = await self._dialer.dial(timeout_s=10)
        try:
            if not await connection.fetchval("SELECT pg_try_advisory_lock($1)", LEADER_LOCK):
                return
            self.leads = True
            for timed in self._jobs:
                timed.due_s = 0.0
            while True:
                await connection.fetchval("SELECT 1", timeout=10)
                self._begin_due()
                await asyncio.sleep(self._tick_s)
        finally:
            try:
                await self._end_all()
            finally:
                connection.terminate()

    def _begin_due(self) -> None:
        now_s = self._clock.monotonic_s()
        for timed in self._jobs:
            if timed.due_s <= now_s and not timed.is_running:
                timed.due_s = now_s + timed.period_s
                timed.task = asyncio.create_task(_run(timed), name=timed.name)

    async def _end_all(self) -> None:
        tasks = [timed.task for timed in self._jobs if timed.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _run(timed: _Timed) -> None:
    try:
        with essential():  # what ends, erases and backs up goes on while the disk is nearly full
            await timed.job()
    except Exception as error:  # noqa: BLE001  outermost of a task: it runs again
        TALLY.failed_jobs[timed.name] += 1
        log.error("leader.job_failed", job=timed.name, kind=type(error).__name__, where=places(error))

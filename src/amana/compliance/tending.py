"""When the work of this domain is done: often enough that what was erased is gone everywhere in time."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import structlog

from amana.compliance.hygiene import Hygiene
from amana.compliance.persons import PersonErasures
from amana.compliance.retention import Retention
from amana.kernel.clock import Clock
from amana.kernel.errors import places
from amana.kernel.ids import OrgId
from amana.people.desk import Desk
from amana.people.errors import NotSetUp
from amana.storage.leader import Leader
from amana.vault import TRACES_AT_ONCE, Vault

log = structlog.get_logger("amana.compliance")

WITHIN = timedelta(hours=24)
# Of the whole time: ends come first, then there must be time for a table that is in use to become free.
ENDING_SHARE = 24
HYGIENE_SHARE = 4
PERSONS_PERIOD = timedelta(seconds=10)


class Beside:
    """Runs a job beside the leader, which has others to run in the meantime; never twice at once."""

    def __init__(self, name: str, job: Callable[[], Awaitable[object]]) -> None:
        self._name = name
        self._job = job
        self._task: asyncio.Task[None] | None = None

    async def begin(self) -> None:
        """Start it, unless it is still at work."""
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run(), name=self._name)

    async def stop(self) -> None:
        """End it where it is; every job of this domain goes on from there the next time."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        try:
            await self._job()
        except Exception as error:  # noqa: BLE001  outermost: it runs again
            log.error("compliance.job_failed", job=self._name, kind=type(error).__name__, where=places(error))


class Tending:
    """The jobs of this domain, for whoever leads."""

    def __init__(
        self,
        desk: Desk,
        vault: Vault,
        clock: Clock,
        *,
        retention: Retention,
        persons: PersonErasures,
        hygiene: Hygiene,
    ) -> None:
        self._desk = desk
        self._vault = vault
        self._clock = clock
        self._retention = retention
        self._persons = persons
        self._hygiene = hygiene
        self._running: list[Beside] = []

    def register(self, leader: Leader, *, within: timedelta = WITHIN) -> None:
        """Have it done by the leader so often that what ends leaves the files within this time."""
        for period, name, job in (
            (within / ENDING_SHARE, "end traces", self._end_traces),
            (within / ENDING_SHARE, "retention", self._retention.run),
            (min(PERSONS_PERIOD, within / ENDING_SHARE), "erase persons", self._persons.run),
            (within / HYGIENE_SHARE, "hygiene", self._hygiene.run),
        ):
            beside = Beside(name, self._for_organisation(job))
            self._running.append(beside)
            leader.every(period, name, beside.begin)

    async def stop(self) -> None:
        """End what is under way."""
        for beside in self._running:
            await beside.stop()

    def _for_organisation(self, job: Callable[[OrgId], Awaitable[object]]) -> Callable[[], Awaitable[None]]:
        async def run() -> None:
            try:
                organisation = await self._desk.organisation()
            except NotSetUp:
                return
            await job(organisation.org_id)

        return run

    async def _end_traces(self, org_id: OrgId) -> None:
        """Old wordings and removed messages become unreadable when their trace period is over."""
        while True:
            async with self._desk.db.write(org_id) as tx:
                ended = await self._vault.end_due_traces(tx, self._clock.now())
            if ended < TRACES_AT_ONCE:
                return

"""The server's side of witnesses: who may change the policy, and when witnesses and authority are asked."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial

import structlog

from amana.app.settings import Settings
from amana.evidence import timestamps
from amana.evidence.cosigning import LOOK_PERIOD, Cosigning
from amana.evidence.cosigning_asking import client, trust
from amana.evidence.cosigning_policy import WITNESSES, PolicyDesk
from amana.evidence.timestamps import Timestamps
from amana.http import Services
from amana.kernel.errors import places
from amana.kernel.ids import OrgId
from amana.people import confirmation
from amana.people.desk import Desk
from amana.people.errors import NotSetUp
from amana.storage.leader import Leader
from amana.storage.space import essential

log = structlog.get_logger("amana.witness")


class Witnesses:
    """Everything about witnesses that runs in one process."""

    def __init__(self, settings: Settings, desk: Desk, services: Services) -> None:
        """Prepare, and give the routes what they need.

        Raises:
            StartFailure: a setting about witnesses or time stamps cannot be used.
        """
        self._desk = desk
        context = trust(settings.witness_ca)
        self._cosigning = Cosigning(desk.db, desk.clock, desk.entropy, context)
        self._http = client(context)
        authority = timestamps.authority(settings.timestamp_url, settings.timestamp_ca, self._http)
        self._timestamps = Timestamps(desk.db, desk.clock, authority) if authority is not None else None
        self._tasks: list[asyncio.Task[None]] = []
        may_change = partial(confirmation.require_capability_and_proof, desk, WITNESSES)
        services.add(PolicyDesk(desk.db, desk.evidence, desk.clock, may_change))

    def begin(self, leader: Leader) -> None:
        """Ask whenever this process leads.

        Not among the leader's own jobs, which run one after the other: a long backup must not keep the
        witnesses from seeing what is signed meanwhile.
        """
        self._every(LOOK_PERIOD, leader, self._cosigning.ask_due)
        if self._timestamps is not None:
            self._every(timestamps.LOOK_PERIOD, leader, self._timestamps.stamp_due)

    async def close(self) -> None:
        """Give up what is under way."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._cosigning.close()
        if self._timestamps is not None:
            await self._timestamps.close()
        await self._http.aclose()

    def _every(self, period: timedelta, leader: Leader, job: Callable[[OrgId], Awaitable[None]]) -> None:
        self._tasks.append(asyncio.create_task(self._run(period, leader, job), name="witnesses"))

    async def _run(self, period: timedelta, leader: Leader, job: Callable[[OrgId], Awaitable[None]]) -> None:
        is_due_s = 0.0
        while True:
            if leader.leads and self._desk.clock.monotonic_s() >= is_due_s:
                is_due_s = self._desk.clock.monotonic_s() + period.total_seconds()
                try:
                    org_id = await self._organisation()
                    if org_id is not None:
                        with essential():  # what outsiders saw is kept also while the disk is nearly full
                            await job(org_id)
                except Exception as error:  # noqa: BLE001  outermost: it runs again in a moment
                    log.error("witness.look_failed", kind=type(error).__name__, where=places(error))
            await asyncio.sleep(1.0)

    async def _organisation(self) -> OrgId | None:
        try:
            return (await self._desk.organisation()).org_id
        except NotSetUp:
            return None

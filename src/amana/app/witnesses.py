"""The server's side of witnesses: who may change the policy, and when witnesses and authority are asked."""

from functools import partial

import structlog

from amana.app.settings import Settings
from amana.evidence import timestamps
from amana.evidence.cosigning import LOOK_PERIOD, Cosigning
from amana.evidence.cosigning_asking import client, trust
from amana.evidence.cosigning_policy import WITNESSES, PolicyDesk
from amana.evidence.timestamps import Timestamps
from amana.http import Services
from amana.people import confirmation
from amana.people.desk import Desk
from amana.storage.leader import Leader

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
        may_change = partial(confirmation.require_capability_and_proof, desk, WITNESSES)
        services.add(PolicyDesk(desk.db, desk.evidence, desk.clock, may_change))

    def begin(self, leader: Leader) -> None:
        """Have the leader ask whenever something is due."""
        leader.every(LOOK_PERIOD, "ask witnesses", self._desk.once_founded(self._cosigning.ask_due))
        if self._timestamps is not None:
            stamp = self._desk.once_founded(self._timestamps.stamp_due)
            leader.every(timestamps.LOOK_PERIOD, "time stamp", stamp)

    async def close(self) -> None:
        """Give up what is under way."""
        await self._cosigning.close()
        if self._timestamps is not None:
            await self._timestamps.close()
        await self._http.aclose()

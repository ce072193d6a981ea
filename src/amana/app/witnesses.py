"""The server's side of witnesses: who may change the policy, and when the witnesses are asked."""

from datetime import timedelta
from functools import partial

from amana.app.settings import Settings
from amana.evidence.cosigning import LOOK_PERIOD, Cosigning
from amana.evidence.cosigning_asking import trust
from amana.evidence.cosigning_policy import WITNESSES, PolicyDesk
from amana.http import Services
from amana.kernel.ids import OrgId
from amana.people import confirmation
from amana.people.desk import Desk
from amana.people.errors import NotSetUp
from amana.storage.leader import Leader


class Witnesses:
    """Everything about witnesses that runs in one process."""

    def __init__(self, settings: Settings, desk: Desk, services: Services) -> None:
        """Prepare, and give the routes what they need.

        Raises:
            StartFailure: ``AMANA_WITNESS_CA`` cannot be used.
        """
        self._desk = desk
        self._cosigning = Cosigning(desk.db, desk.clock, desk.entropy, trust(settings.witness_ca))
        may_change = partial(confirmation.require_capability_and_proof, desk, WITNESSES)
        services.add(PolicyDesk(desk.db, desk.evidence, desk.clock, may_change))

    def begin(self, leader: Leader, *, period: timedelta = LOOK_PERIOD) -> None:
        """Ask whenever this process leads."""
        leader.every(period, "ask witnesses", self._ask)

    async def close(self) -> None:
        """Give up what is under way."""
        await self._cosigning.close()

    async def _ask(self) -> None:
        org_id = await self._organisation()
        if org_id is not None:
            await self._cosigning.ask_due(org_id)

    async def _organisation(self) -> OrgId | None:
        try:
            return (await self._desk.organisation()).org_id
        except NotSetUp:
            return None

"""When the work of this domain is done: often enough that what was erased is gone everywhere in time."""

from datetime import timedelta

from amana.compliance.hygiene import Hygiene
from amana.compliance.persons import PersonErasures
from amana.compliance.retention import Retention
from amana.conversations.scheduling.model import REMEMBERED
from amana.conversations.scheduling.queries import delete_ended
from amana.kernel.clock import Clock
from amana.kernel.ids import OrgId
from amana.people.desk import Desk
from amana.storage.leader import Leader
from amana.vault import TRACES_AT_ONCE, Vault

WITHIN = timedelta(hours=24)
# Of the whole time: ends come first, then there must be time for a table that is in use to become free.
ENDING_SHARE = 24
HYGIENE_SHARE = 4
PERSONS_PERIOD = timedelta(seconds=10)
FORGETTING_PERIOD = timedelta(days=1)
FORGOTTEN_AT_ONCE = 5_000


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

    def register(self, leader: Leader, *, within: timedelta = WITHIN) -> None:
        """Have it done by the leader so often that what ends leaves the files within this time."""
        for period, name, job in (
            (within / ENDING_SHARE, "end traces", self._end_traces),
            (within / ENDING_SHARE, "retention", self._retention.run),
            (min(PERSONS_PERIOD, within / ENDING_SHARE), "erase persons", self._persons.run),
            (within / HYGIENE_SHARE, "hygiene", self._hygiene.run),
            (FORGETTING_PERIOD, "forget schedules", self._forget_schedules),
        ):
            leader.every(period, name, self._desk.once_founded(job))

    async def _forget_schedules(self, org_id: OrgId) -> None:
        """What was sent or taken back is remembered only as long as a retry of it may come."""
        before = self._clock.now() - REMEMBERED
        while True:
            async with self._desk.db.write(org_id) as tx:
                if await delete_ended(tx, before=before, limit=FORGOTTEN_AT_ONCE) < FORGOTTEN_AT_ONCE:
                    return

    async def _end_traces(self, org_id: OrgId) -> None:
        """Old wordings and removed messages become unreadable when their trace period is over."""
        while True:
            async with self._desk.db.write(org_id) as tx:
                ended = await self._vault.end_due_traces(tx, self._clock.now())
            if ended < TRACES_AT_ONCE:
                return

"""Carries out in the files of the database what the erasure journal says.

An edit or a removal leaves a trace, which a case may open, so there is nothing to clear away yet. When the
trace is over, and after retention and the erasure of a person, the months in question are written anew: there
the wraps of all their grounds lie.
"""

from datetime import datetime, timedelta

import structlog

from amana.compliance import queries
from amana.conversations.scheduling.queries import any_ended_since
from amana.events.log import Log
from amana.kernel.clock import Clock
from amana.kernel.ids import Bucket, OrgId, UserId
from amana.people.erasure import TABLES
from amana.storage import hygiene
from amana.storage.database import Database
from amana.vault.erasure import BEGINNING, Cause, Mark, journal_after

log = structlog.get_logger("amana.hygiene")

PAGE = 5_000
# Of all that people keep for themselves only the keys: what those sealed cannot be read any more.
PERSONS_KEYS = "keyring.user_key"
# Keys of what was taken back before it was said, and second keys of what was said and erased since.
PENDING_KEYS = "keyring.pending"
# The planner's samples of what is sealed or named are switched off; what a former release sampled goes here.
FIRST_TIME = ("pg_catalog.pg_statistic",)


class Hygiene:
    """Keeps the files of the database free of what was erased."""

    def __init__(
        self,
        database: Database,
        journal: Log,
        clock: Clock,
        *,
        dsn: str,
        within: timedelta,
        pause_s: float = hygiene.PAUSE_S,
    ) -> None:
        """Make it.

        Args:
            within: when what has ended must be gone; for half of that time a large table may be spared.
            dsn: of the account that owns the tables; row-level security does not bind VACUUM.
            pause_s: between two tries of a table that is in use.
        """
        self._database = database
        self._journal = journal
        self._clock = clock
        self._dsn = dsn
        self._within = within
        self._pause_s = pause_s

    async def run(self, org_id: OrgId) -> hygiene.Result | None:
        """Clear away what was erased since the last time; None when there was nothing.

        What cannot be done now is logged and done the next time.
        """
        begun = self._clock.now()
        async with self._database.read(org_id) as tx:
            mark = await queries.clean_mark(tx)
            people = await queries.unclean_people(tx)
            # What was taken back before it was said stands in no journal: nobody but its author had it.
            undone = await any_ended_since(tx, await queries.clean_since(tx))
        buckets, reached, since = await self._months(org_id, mark or BEGINNING)
        if reached == mark and not people and not undone:
            return None
        tables = [f"keyring.wrap_{bucket}" for bucket in sorted(buckets)]
        tables += (*TABLES, PERSONS_KEYS) if people else ()
        tables += (PENDING_KEYS,) if undone or buckets or people else ()
        tables += FIRST_TIME if mark is None or people else ()
        if not buckets and not people and not undone and mark is not None:
            await self._done(org_id, reached, people, begun)
            return None
        newest = await self._newest(org_id)
        patient = self._clock.now() - since < self._within / 2
        result = await hygiene.rewrite(
            self._dsn, tables, newest=newest, pause_s=self._pause_s, patient=patient
        )
        for reason in (*result.left, *result.limits):
            log.warning("hygiene.left", reason=reason)
        if not result.left:
            # What the server does not let us do is not tried for ever, and nobody is called clean by it.
            await self._done(org_id, reached, [] if result.limits else people, begun)
        if not result.left and not result.limits:
            log.info("hygiene.clean", tables=len(result.rewritten), persons=len(people))
        return result

    async def _months(self, org_id: OrgId, mark: Mark) -> tuple[set[Bucket], Mark, datetime]:
        """The months in which wraps have ended for good after ``mark``, how far that reaches, since when."""
        buckets: set[Bucket] = set()
        since = self._clock.now()
        while True:
            async with self._database.read(org_id) as tx:
                rows, mark = await journal_after(tx, mark, limit=PAGE)
                since = min([since, *(row.at for row in rows)])
                ranges = [
                    (row.conversation_id, row.seq_first, row.seq_last)
                    for row in rows
                    if row.cause != Cause.CHANGED
                ]
                buckets |= await self._journal.buckets_of(tx, ranges)
            if len(rows) < PAGE:
                return buckets, mark, since

    async def _newest(self, org_id: OrgId) -> int:
        """A transaction that began after everything that is to be cleared away had committed."""
        async with self._database.write(org_id) as tx:
            return int(str(await tx.value("SELECT pg_current_xact_id()::text")))

    async def _done(self, org_id: OrgId, mark: Mark, people: list[UserId], begun: datetime) -> None:
        """Remember what was seen when the run began: what came after it is for the next one."""
        async with self._database.write(org_id) as tx:
            await queries.put_clean_mark(tx, org_id, mark, now=begun)
            if people:
                await queries.set_people_clean(tx, people, now=self._clock.now())

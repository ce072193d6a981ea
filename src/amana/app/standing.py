"""Where a server stands: its log, its witnesses, its backups. Asked by the metrics and by the doctor."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING

from amana.app.metrics import Facts, Look, Source
from amana.backup import layout
from amana.backup.errors import BackupFailure
from amana.backup.target import Target
from amana.evidence import Sequencer, log_queries
from amana.evidence.cosigning_coverage import coverage
from amana.kernel.clock import Clock
from amana.kernel.ids import OrgId
from amana.people.queries import find_organisation
from amana.storage.database import Database

if TYPE_CHECKING:  # the doctor looks without loading a whole server
    from amana.app.wiring import Runtime

# Listing a bucket costs money and time: the newest copy is looked for this often.
BACKUPS_REMEMBERED_S = 60.0


def look_at(base: Callable[[], Facts], database: Database, clock: Clock, targets: Sequence[Target]) -> Look:
    """What the metrics of this server are made from.

    Args:
        base: what its processes know by themselves.
    """
    sources: list[Source] = [_log_source(database, clock)]
    if targets:
        sources.append(_BackupSource(targets, clock))
    return Look(base, sources)


def newest_parts(targets: Sequence[Target]) -> dict[str, datetime]:
    """When the newest whole object of each part was made, in the target that has the oldest one.

    Raises:
        BackupFailure: a target cannot be listed.
    """
    found = [_newest(target) for target in targets]
    return {
        part: min(times)
        for part in ("base", "wal", "keyring")
        if len(times := [one[part] for one in found if part in one]) == len(found)
    }


def _newest(target: Target) -> dict[str, datetime]:
    newest: dict[str, datetime] = {}
    for stored in target.list():
        part, _, rest = stored.path.partition("/")
        if part == "base" and rest.endswith("/info.json"):
            at = layout.time_of(rest.partition("/")[0])
        elif part == "keyring":
            at = layout.time_of(rest.partition(".")[0])
        elif part == "wal":
            at = stored.modified
        else:
            continue
        newest[part] = max(at, newest.get(part, at))
    return newest


def facts_of(runtime: "Runtime") -> Callable[[], Facts]:
    """What a server of one process knows by itself."""

    def facts() -> Facts:
        space = runtime.storage.space
        return Facts(
            sockets=len(runtime.gateway.hub.sockets),
            is_leader=runtime.storage.leader.leads,
            disk_free_bytes=space.free if space else None,
            disk_reserve_bytes=space.reserve if space else None,
            is_read_only=space is not None and space.is_short,
            log_is_stopped=bool(runtime.services.get(Sequencer).stopped),
        )

    return facts


async def organisation_id(database: Database) -> OrgId | None:
    """Whose server this is; None before set-up."""
    async with database.system() as tx:
        found = await find_organisation(tx)
    return found.org_id if found is not None else None


def _log_source(database: Database, clock: Clock) -> Source:
    async def fill(facts: Facts) -> None:
        org_id = await organisation_id(database)
        if org_id is None:
            return
        now = clock.now()
        async with database.read(org_id) as tx:
            log = await log_queries.newest_log(tx, org_id)
            last = None if log is None else await log_queries.last_checkpoint(tx, org_id, log.log_no)
            states = await coverage(tx, org_id)
        if last is not None:
            facts.log_entries, facts.log_age_s = last.size, (now - last.at).total_seconds()
        facts.witness_delay_s = {one.name: one.delay(now).total_seconds() for one in states}

    return fill


class _BackupSource:
    def __init__(self, targets: Sequence[Target], clock: Clock) -> None:
        self._targets = targets
        self._clock = clock
        self._newest: dict[str, datetime] = {}
        self._until_s = 0.0

    async def __call__(self, facts: Facts) -> None:
        now_s = self._clock.monotonic_s()
        if now_s >= self._until_s:
            with suppress(BackupFailure):  # what was known before grows older, and that has to be seen
                self._newest = await asyncio.to_thread(newest_parts, self._targets)
            self._until_s = now_s + BACKUPS_REMEMBERED_S
        now = self._clock.now()
        facts.backup_age_s = {part: (now - at).total_seconds() for part, at in self._newest.items()}

"""How good the backups are: one answer for `amana backup status`, `doctor` and the metrics."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from amana.backup import layout, lsn, pruning, wal
from amana.backup.errors import BackupFailure
from amana.backup.memory import Memory, drill_report
from amana.backup.plan import Plan
from amana.backup.server import connected
from amana.backup.target import Target
from amana.kernel.ids import OrgId
from amana.storage.database import Database
from amana.vault.erasure import journal_after

# Twice what is usual, so that one late run is no alarm.
BASE_LATE = timedelta(hours=26)
KEYRING_LATE = timedelta(minutes=20)
LOG_LATE = timedelta(minutes=5)
JOURNAL_LATE = timedelta(minutes=5)
DRILL_LATE = timedelta(days=8)

_SLOT = """
SELECT s.restart_lsn::text AS kept, s.wal_status, pg_current_wal_flush_lsn()::text AS flushed,
       (SELECT system_identifier::text FROM pg_control_system()) AS system_identifier,
       ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int AS timeline
  FROM (SELECT) one LEFT JOIN pg_replication_slots s ON s.slot_name = $1
"""


@dataclass(frozen=True, slots=True)
class TargetStatus:
    """What one target holds.

    Attributes:
        reason: why it cannot be looked at; None when it can, and then the rest is known.
        base_at: from when on the newest good base can be restored to.
        log_at: when the newest piece of the log was written.
        log_holes: segments that are missing after the newest good base.
        keyring_at: moment of the newest keyring.
        journal_behind: age of the oldest erasure that is not there yet; zero when all are.
        size_bytes: everything in it.
    """

    name: str
    reason: str | None = None
    base_at: datetime | None = None
    bases: int = 0
    log_at: datetime | None = None
    log_holes: int = 0
    keyring_at: datetime | None = None
    keyrings: int = 0
    journal_behind: timedelta = timedelta(0)
    size_bytes: int = 0


@dataclass(frozen=True, slots=True)
class DrillStatus:
    """The last try to restore."""

    at: datetime
    good: bool


@dataclass(frozen=True, slots=True)
class BackupStatus:
    """All targets together.

    Attributes:
        log_behind_bytes: of the log, kept by the server because some target does not have it yet.
        problems: sentences for the administrator, empty when everything is as it should be.
    """

    targets: tuple[TargetStatus, ...]
    log_behind_bytes: int
    drill: DrillStatus | None
    problems: tuple[str, ...]


async def status(
    plan: Plan,
    *,
    dsn: str,
    database: Database,
    org_id: OrgId | None,
    now: datetime,
    drill_wanted: bool = True,
) -> BackupStatus:
    """Look into every target and the server. Takes a listing of each target, so not for every second.

    Args:
        dsn: of the account that owns the database.
        org_id: None before set-up.
    """
    async with connected(dsn) as connection:
        row = await connection.fetchrow(_SLOT, wal.SLOT)
    behind = 0 if row["kept"] is None else lsn.parse(row["flushed"]) - lsn.parse(row["kept"])
    journal_name = f"{row['system_identifier']}/{row['timeline']}"
    targets = []
    for target in plan.targets:
        seen = await asyncio.to_thread(_look, target)
        lag = timedelta(0)
        if org_id is not None and seen.reason is None:
            lag = await _journal_lag(plan, target, database, org_id, journal_name, now)
        targets.append(replace(seen, journal_behind=lag))
    drill = last_drill(plan)
    problems = [sentence for one in targets for sentence in _problems_of(one, now)]
    if row["kept"] is None:
        problems.append("No backup of the log runs: start the server with these settings, or see its log.")
    if drill_wanted:
        problems += _drill_problems(drill, targets, now)
    return BackupStatus(tuple(targets), behind, drill, tuple(problems))


def last_drill(plan: Plan) -> DrillStatus | None:
    """How the last drill went; None when there was none."""
    try:
        found = json.loads(drill_report(plan.data_dir).read_bytes())
        return DrillStatus(datetime.fromisoformat(found["at"]), found["good"] is True)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _look(target: Target) -> TargetStatus:
    try:
        layout.require_description(target)
        segments, keyrings = layout.list_wal(target), layout.list_keyrings(target)
        bases = pruning.readable_bases(target)
        size_bytes = sum(stored.size_bytes for stored in target.list())
    except BackupFailure as failure:
        return TargetStatus(target.name, reason=str(failure))
    good = [base for base in bases if pruning.is_good(base, segments)]
    return TargetStatus(
        target.name,
        base_at=good[-1].finished_at if good else None,
        bases=len(good),
        log_at=max((segment.modified for segment in segments), default=None),
        log_holes=len(wal.holes(good[-1], segments)) if good else 0,
        keyring_at=layout.time_of(keyrings[-1].key) if keyrings else None,
        keyrings=len(keyrings),
        size_bytes=size_bytes,
    )


async def _journal_lag(
    plan: Plan, target: Target, database: Database, org_id: OrgId, name: str, now: datetime
) -> timedelta:
    found = await asyncio.to_thread(layout.require_description, target)
    async with database.read(org_id) as tx:
        waiting, _ = await journal_after(tx, Memory(plan.data_dir).mark(found.id, name), limit=1)
    return max(timedelta(0), now - waiting[0].at) if waiting else timedelta(0)


def _problems_of(one: TargetStatus, now: datetime) -> list[str]:
    if one.reason is not None:
        return [one.reason]
    found = []
    if one.base_at is None:
        found.append(f"{one.name} holds no complete base: take one with amana backup now.")
    elif now - one.base_at > BASE_LATE:
        found.append(f"The newest base in {one.name} is of {one.base_at:%Y-%m-%d %H:%M} UTC.")
    if one.log_holes:
        found.append(
            f"The log in {one.name} lacks {one.log_holes} segments: what was written since then can be "
            "restored only after a new base, which the server takes by itself."
        )
    if one.log_at is not None and now - one.log_at > LOG_LATE:
        found.append(f"The log in {one.name} ends at {one.log_at:%Y-%m-%d %H:%M} UTC.")
    if one.keyring_at is None or now - one.keyring_at > KEYRING_LATE:
        found.append(f"The newest keyring in {one.name} is older than {KEYRING_LATE.seconds // 60} minutes.")
    if one.journal_behind > JOURNAL_LATE:
        found.append(
            f"Erasures of the last {_minutes(one.journal_behind)} minutes are not in {one.name} yet."
        )
    return found


def _drill_problems(drill: DrillStatus | None, targets: Sequence[TargetStatus], now: datetime) -> list[str]:
    if drill is not None and not drill.good:
        return [f"The drill of {drill.at:%Y-%m-%d} failed: run amana backup drill and read what it says."]
    oldest = min((one.base_at for one in targets if one.base_at is not None), default=None)
    if drill is None and oldest is not None and now - oldest < DRILL_LATE:
        return []  # too new for a weekly drill
    if drill is None or now - drill.at > DRILL_LATE:
        return ["No drill of the last 8 days has shown that the backups can be restored."]
    return []


def _minutes(span: timedelta) -> int:
    return int(span.total_seconds() // 60)

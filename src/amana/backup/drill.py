"""The drill: restore the newest backup beside the server, look whether it is all there, and say so.

Nobody knows whether a backup is one before it has been restored. So the server does that every week with
its own key, in a folder that is gone afterwards: base, log, newest keys and the erasure journal, exactly as
on the worst day, and then compares the copy with itself.
"""

import asyncio
import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from amana.backup.drill_compare import SAMPLE, compare
from amana.backup.journal import read_journal
from amana.backup.keys import Identity
from amana.backup.memory import drill_report
from amana.backup.restore_bringup import Workshop, brought_up, find_source
from amana.backup.restore_errors import NotEnoughSpace
from amana.backup.restore_keys import newest_keys
from amana.backup.restore_overlay import overlay
from amana.backup.restore_recovery import clear
from amana.backup.target import Target
from amana.evidence import Evidence
from amana.kernel.errors import StartFailure
from amana.kernel.ids import Ids, OrgId
from amana.storage.database import Database
from amana.vault import Vault
from amana.vault.rootkey import RootKey

FOLDER = "restoring-drill"
PERIOD = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class DrillOrder:
    """What to try.

    Attributes:
        database: the live one, with its ``vault``.
        root: holds the root key, for the copy; it is unlocked again.
    """

    target: Target
    identities: Sequence[Identity]
    data_dir: Path
    database: Database
    vault: Vault
    root: RootKey
    org_id: OrgId
    sample: int = SAMPLE


@dataclass(slots=True)
class DrillReport:
    """How it went; this is also the file in the data folder.

    Attributes:
        at: when the drill began, ISO 8601.
        base: stamp of the base that was restored; empty when there was none to restore.
        rows: table → rows in the copy.
        opened: messages that were opened in the copy and compared with the live ones.
        behind: entries of the last moments that were not in the backup yet.
        problems: sentences; none means that it went well.
    """

    at: str
    target: str
    good: bool = False
    base: str = ""
    took_s: float = 0.0
    rows: dict[str, int] = field(default_factory=dict)
    opened: int = 0
    behind: int = 0
    ended_again: int = 0
    problems: list[str] = field(default_factory=list)

    def sentences(self) -> list[str]:
        """For people, the verdict first."""
        if not self.good:
            return ["THE BACKUP CANNOT BE RELIED ON:", *(f"  {one}" for one in self.problems)]
        rows, tables = sum(self.rows.values()), len(self.rows)
        return [
            f"The backup in {self.target} can be restored.",
            f"  base {self.base}, {rows} rows in {tables} tables, in {self.took_s:.0f} s",
            f"  {self.opened} messages were opened and are the same as here",
            f"  {self.behind} entries of the last moments were not in it yet",
        ]

    def detail(self) -> dict[str, object]:
        """For the record: no names of tables, nothing of content."""
        return {
            "target": self.target,
            "good": self.good,
            "base": self.base,
            "opened": self.opened,
            "behind": self.behind,
            "problems": len(self.problems),
        }


async def drill(order: DrillOrder, workshop: Workshop) -> DrillReport:
    """Restore, compare, remove, write the report and record it. Never raises for a bad backup.

    Raises:
        NotEnoughSpace: nothing was begun; that says nothing of the backup.
    """
    begun_s, now = workshop.clock.monotonic_s(), workshop.clock.now()
    report = DrillReport(now.isoformat(), order.target.name)
    root = _folder(order.data_dir)
    try:
        await _restore_and_compare(order, workshop, root, report)
    except NotEnoughSpace:
        raise
    except StartFailure as failure:
        report.problems.append(str(failure))
    finally:
        await clear(root)
    report.good = not report.problems
    report.took_s = round(workshop.clock.monotonic_s() - begun_s, 1)
    await asyncio.to_thread(_write, drill_report(order.data_dir), report)
    async with order.database.write(order.org_id) as tx:
        await Evidence(order.vault, Ids(workshop.clock, workshop.entropy)).record(
            tx,
            org_id=order.org_id,
            actor_id=None,
            action="backup.drilled",
            subject=None,
            now=workshop.clock.now(),
            detail=report.detail(),
        )
    return report


async def sweep(data_dir: Path) -> None:
    """Remove what a drill left behind that was killed. Call it before another one can begin."""
    await clear(_folder(data_dir))


def is_due(data_dir: Path, now: datetime) -> bool:
    """Whether the last drill was a week ago, or never."""
    try:
        found = json.loads(drill_report(data_dir).read_bytes())
        return now - datetime.fromisoformat(found["at"]) >= PERIOD
    except (OSError, ValueError, KeyError, TypeError):
        return True


async def _restore_and_compare(
    order: DrillOrder, workshop: Workshop, root: Path, report: DrillReport
) -> None:
    source = await find_source(order.target, order.identities, workshop, until=None, root=root.parent)
    report.base = source.base.stamp
    if source.hole is not None:
        report.problems.append(
            f"The log has a hole at {source.hole}: what came after it is not in the backup."
        )
    keys = await asyncio.to_thread(newest_keys, source)
    await keys.require_root(order.root)
    journal = await asyncio.to_thread(read_journal, order.target, order.identities, own_only=True)
    async with brought_up(source, root, workshop, until=None) as up:
        put_back = None if keys.is_covered_by(up.end_lsn) else keys.put_back
        laid = await overlay(
            up.dsn, order.org_id, put_back=put_back, journal=journal, now=workshop.clock.now()
        )
        report.ended_again = laid.ended_again
        copy = await Database.connect(up.dsn, pool_size=2)
        try:
            found = await compare(order, copy, up.dsn, workshop)
        finally:
            await copy.close()
    report.rows, report.opened, report.behind = found.rows, found.opened, found.behind
    report.problems += found.problems


def _folder(data_dir: Path) -> Path:
    return data_dir.absolute() / FOLDER


def _write(path: Path, report: DrillReport) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_suffix(".new")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(asdict(report), file, indent=1)
    draft.replace(path)

"""The weekly drill: the leader begins it, and a command runs it at once."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog

from amana.app.features import SCHEMAS
from amana.app.offline import Reached
from amana.app.root import root_key
from amana.app.settings import Settings
from amana.app.storage import Storage
from amana.backup import layout, pruning
from amana.backup.drill import DrillOrder, DrillReport, drill, is_due, sweep
from amana.backup.errors import BackupFailure
from amana.backup.keys import DRILL_KEY, ensure_drill_key
from amana.backup.plan import Plan
from amana.backup.restore_bringup import Begin, Workshop, silently
from amana.backup.service import Backups
from amana.backup.target import Target
from amana.kernel.clock import Clock
from amana.kernel.entropy import Entropy
from amana.kernel.errors import StartFailure
from amana.kernel.ids import OrgId
from amana.people.queries import find_organisation
from amana.storage.database import Database
from amana.vault import Vault

log = structlog.get_logger("amana.backup")

# How often the leader looks whether a week is over, or the first backup there.
CHECK_PERIOD = timedelta(hours=1)


class Drills:
    """Holds a drill when one is due; one that is cancelled takes its folder with it."""

    def __init__(
        self, settings: Settings, plan: Plan, storage: Storage, vault: Vault, clock: Clock, entropy: Entropy
    ) -> None:
        self._settings = settings
        self._plan = plan
        self._database = storage.database
        self._vault = vault
        self._clock = clock
        self._entropy = entropy
        storage.leader.every(CHECK_PERIOD, "backup drill", self._tell)

    async def _tell(self) -> None:
        try:
            await self._if_due()
        except StartFailure as failure:
            log.error("backup.drill_not_possible", reason=str(failure))

    async def _if_due(self) -> None:
        await sweep(self._settings.data_dir)
        if not await asyncio.to_thread(is_due, self._settings.data_dir, self._clock.now()):
            return
        org_id = await _organisation(self._database)
        if org_id is None:
            return
        for target in self._plan.targets:
            if await asyncio.to_thread(_holds_a_backup, target, self._settings.data_dir):
                workshop = _workshop(self._settings, self._clock, self._entropy, silently)
                order = _order(self._settings, target, org_id, self._database, self._vault, workshop)
                report = await drill(order, workshop)
                tell = log.info if report.good else log.error
                tell("backup.drilled", target=target.name, good=report.good, problems=report.problems)


def begin_drills(
    settings: Settings,
    backups: Backups | None,
    storage: Storage,
    vault: Vault,
    clock: Clock,
    entropy: Entropy,
) -> None:
    """Have the leader hold the weekly drill, unless it is switched off or there is nothing to try."""
    if backups is not None and settings.backup_drill and settings.database_url is None:
        Drills(settings, backups.plan, storage, vault, clock, entropy)


async def drill_now(settings: Settings, plan: Plan, here: Reached, *, begin: Begin) -> list[DrillReport]:
    """A drill with every target that holds a backup.

    Raises:
        StartFailure: there is no organisation, no key for the drill, or no backup at all.
    """
    if not settings.backup_drill:
        raise StartFailure(
            "the drill is switched off (AMANA_BACKUP_DRILL): the server holds no key that opens its backups. "
            "Try one on another machine with amana restore and the offline key."
        )
    if settings.database_url is not None:
        raise StartFailure(
            "the drill brings up what the embedded database wrote. Try backups of a PostgreSQL of your own "
            "with its own tools; docs/operating/restore.md says how its base is opened."
        )
    await sweep(settings.data_dir)
    organisation, vault = await here.organisation(), await here.vault()
    workshop = _workshop(settings, here.clock, here.entropy, begin)
    reports = [
        await drill(_order(settings, target, organisation.org_id, here.database, vault, workshop), workshop)
        for target in plan.targets
        if await asyncio.to_thread(_holds_a_backup, target, settings.data_dir)
    ]
    if not reports:
        raise StartFailure(
            "no target holds a whole backup yet that this server has taken. Take one first: amana backup now."
        )
    return reports


def _workshop(settings: Settings, clock: Clock, entropy: Entropy, begin: Begin) -> Workshop:
    return Workshop(clock, entropy, SCHEMAS, user=settings.database_user, begin=begin)


def _order(
    settings: Settings, target: Target, org_id: OrgId, database: Database, vault: Vault, workshop: Workshop
) -> DrillOrder:
    return DrillOrder(
        target=target,
        identities=[ensure_drill_key(settings.data_dir, workshop.clock.now())],
        data_dir=settings.data_dir,
        database=database,
        vault=vault,
        root=root_key(settings, workshop.entropy),
        org_id=org_id,
    )


def _holds_a_backup(target: Target, data_dir: Path) -> bool:
    """Whether there is something to try; a target that does not answer is another alarm's business.

    On a machine that was restored the target holds bases from before: the key for drills was lost with
    the old machine, and only the offline key opens them.
    """
    try:
        segments = layout.list_wal(target)
        made = datetime.fromtimestamp((data_dir / DRILL_KEY).stat().st_mtime, UTC)
        return any(
            pruning.is_good(base, segments) and base.started_at >= made
            for base in pruning.readable_bases(target)
        )
    except FileNotFoundError:
        return False
    except BackupFailure as failure:
        log.warning("backup.drill_skipped", target=target.name, reason=str(failure))
        return False


async def _organisation(database: Database) -> OrgId | None:
    async with database.system() as tx:
        found = await find_organisation(tx)
    return None if found is None else found.org_id

"""Backups of this server: the plan that the settings make, and the work that the leader does."""

from datetime import timedelta
from functools import partial

from amana.app.offline import Reached
from amana.app.settings import Settings
from amana.app.storage import Storage
from amana.backup.plan import Plan, make_plan
from amana.backup.service import Backups
from amana.backup.status import BackupStatus, status
from amana.backup.wal import drop_slot
from amana.evidence import Evidence
from amana.kernel.clock import Clock
from amana.kernel.entropy import Entropy
from amana.kernel.errors import StartFailure
from amana.kernel.ids import OrgId
from amana.people.queries import find_organisation
from amana.storage.database import Database

NO_TARGET = (
    "Nothing is backed up: set AMANA_BACKUP_TARGET and AMANA_BACKUP_RECIPIENT. See docs/operating/backup.md."
)


def plan_of(settings: Settings, clock: Clock, entropy: Entropy) -> Plan | None:
    """The plan of these settings; None when no place is named.

    Raises:
        BackupFailure: a setting that cannot be right, said in one sentence.
    """
    return make_plan(
        settings.data_dir,
        places=settings.backup_target,
        recipients=settings.backup_recipient,
        keep_days=settings.backup_keep_days,
        drill=settings.backup_drill,
        s3_endpoint=settings.backup_s3_endpoint,
        now=clock.now(),
        entropy=entropy,
    )


def require_plan(settings: Settings, clock: Clock, entropy: Entropy) -> Plan:
    """The same for a command that is about backups.

    Raises:
        StartFailure: no place is named.
    """
    plan = plan_of(settings, clock, entropy)
    if plan is None:
        raise StartFailure(
            "there is nowhere to put backups. Set AMANA_BACKUP_TARGET and AMANA_BACKUP_RECIPIENT as for the "
            "server; docs/operating/backup.md begins with that."
        )
    return plan


def begin_backups(
    settings: Settings,
    storage: Storage,
    evidence: Evidence,
    *,
    clock: Clock,
    entropy: Entropy,
    notices: list[str],
) -> Backups | None:
    """Register the work with the leader; gives what has to be closed at the end.

    Raises:
        BackupFailure: a setting that cannot be right. A target that does not answer is no reason not to
            start: people can talk, the log and ``amana backup status`` say what is wrong.
    """
    dsn = storage.dsn
    plan = plan_of(settings, clock, entropy)
    if plan is None:
        notices.append(NO_TARGET)
        # What an earlier plan made the server keep would fill its disk up to the limit.
        storage.leader.every(timedelta(days=1), "backup off", partial(drop_slot, dsn))
        return None
    backups = _backups(plan, dsn, storage.database, evidence, clock, entropy)
    backups.register(storage.leader)
    return backups


async def backups_of(plan: Plan, here: Reached) -> Backups:
    """For a command. Opens the root key, because what is done is recorded."""
    evidence = Evidence(await here.vault(), here.ids)
    return _backups(plan, here.dsn, here.database, evidence, here.clock, here.entropy)


async def status_of(settings: Settings, plan: Plan, here: Reached) -> BackupStatus:
    """How good the backups are; for `amana backup status` and `doctor`."""
    return await status(
        plan,
        dsn=here.dsn,
        database=here.database,
        org_id=await _organisation(here.database),
        now=here.clock.now(),
        drill_wanted=settings.backup_drill,
    )


def _backups(
    plan: Plan, dsn: str, database: Database, evidence: Evidence, clock: Clock, entropy: Entropy
) -> Backups:
    return Backups(
        plan,
        dsn=dsn,
        database=database,
        evidence=evidence,
        organisation=partial(_organisation, database),
        clock=clock,
        entropy=entropy,
    )


async def _organisation(database: Database) -> OrgId | None:
    async with database.system() as tx:
        found = await find_organisation(tx)
    return None if found is None else found.org_id

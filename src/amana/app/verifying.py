"""Brings a verification to what it is to look at: a server, a backup or an export."""

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from amana.app.features import SCHEMAS
from amana.app.offline import reached
from amana.app.root import root_key
from amana.app.settings import Settings
from amana.backup.keys import Identity
from amana.backup.restore_bringup import Begin, Workshop, brought_up, find_source
from amana.backup.restore_recovery import clear
from amana.backup.target import Target
from amana.evidence import export
from amana.evidence.verify import Report, SourceDamaged, Trust, verify, verify_database
from amana.evidence.verify.database import DatabaseSource
from amana.evidence.verify.exported import ExportSource
from amana.evidence.verify.steps import Steps
from amana.kernel.clock import SystemClock
from amana.kernel.entropy import SystemEntropy
from amana.kernel.errors import StartFailure
from amana.people.queries import find_organisation
from amana.storage.database import Database
from amana.vault import Vault


async def verify_server(settings: Settings, trust: Trust, *, opens: bool, steps: Steps) -> Report:
    """Check a running or a stopped server on this machine."""
    async with reached(settings) as here:
        organisation = await here.organisation()
        vault = await here.vault() if opens else None
        name = f"the server in {settings.data_dir.absolute()}"
        if settings.database_url is not None:
            name = "the database of AMANA_DATABASE_URL"
        return await verify_database(
            here.database, organisation.org_id, name=name, trust=trust, vault=vault, steps=steps
        )


async def verify_backup(
    settings: Settings,
    target: Target,
    identities: Sequence[Identity],
    trust: Trust,
    *,
    opens: bool,
    begin: Begin,
) -> Report:
    """Bring the newest state of a backup up in a temporary folder, check it and remove it again.

    Args:
        opens: needs the root key where the settings say; the backup holds everything else.
    """
    workshop = Workshop(SystemClock(), SystemEntropy(), SCHEMAS, user=settings.database_user, begin=begin)
    folder = Path(tempfile.mkdtemp(prefix="amana-verify-"))
    folder.chmod(0o711)  # noqa: ASYNC240  the database's own account must get through
    root = folder / "data"
    try:
        source = await find_source(target, identities, workshop, until=None, root=root)
        async with brought_up(source, root, workshop, until=None) as up:
            database = await Database.connect(up.dsn, pool_size=4)
            try:
                with begin(None, "Checking") as steps:
                    return await _verify_copy(settings, database, trust, opens=opens, steps=steps)
            finally:
                await database.close()
    finally:
        await clear(root)
        shutil.rmtree(folder, ignore_errors=True)


async def _verify_copy(
    settings: Settings, database: Database, trust: Trust, *, opens: bool, steps: Steps
) -> Report:
    async with database.system() as tx:
        organisation = await find_organisation(tx)
    if organisation is None:
        raise StartFailure("the backup is of a server that nobody had set up.")
    vault = None
    if opens:
        vault = Vault(database, root_key(settings, SystemEntropy()), SystemEntropy())
        await vault.start()
    return await verify_database(
        database,
        organisation.org_id,
        name="the newest state of the backup",
        trust=trust,
        vault=vault,
        steps=steps,
    )


async def verify_export(path: Path, trust: Trust, *, steps: Steps) -> Report:
    """Check an export. Raises ``StartFailure`` when there is none at that place."""
    if not path.exists():  # noqa: ASYNC240  once, before there is anything to wait for
        raise StartFailure(f"there is nothing at {path}.")
    try:
        source = ExportSource(path)
    except SourceDamaged as damage:
        raise StartFailure(f"{path} is not an evidence export: {damage}") from damage
    return await verify(source, trust, steps=steps)


async def export_evidence(settings: Settings, path: Path, *, steps: Steps) -> None:
    """Write the export of the server on this machine."""
    async with reached(settings) as here:
        organisation = await here.organisation()
        async with here.database.read(organisation.org_id) as tx:
            source = DatabaseSource(tx, organisation.org_id)
            try:
                await export.write(source, organisation.org_id, path, now=here.clock.now(), steps=steps)
            except export.ExportExists:
                raise StartFailure(f"there is something in {path} already; nothing is overwritten.") from None

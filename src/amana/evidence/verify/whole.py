"""A whole database in one call: what ``amana verify``, the weekly drill and ``doctor`` begin with."""

from amana.evidence.verify.checks import verify
from amana.evidence.verify.content import ContentCheck
from amana.evidence.verify.database import DatabaseSource
from amana.evidence.verify.findings import Report
from amana.evidence.verify.steps import Steps
from amana.evidence.verify.trust import Trust
from amana.kernel.ids import OrgId
from amana.storage.database import Database
from amana.vault import Vault

# Sorting a whole log before its first page takes longer than a statement of the server may.
_PATIENCE = "SET LOCAL statement_timeout = '28s'"


async def verify_database(
    database: Database,
    org_id: OrgId,
    *,
    name: str = "the database",
    trust: Trust | None = None,
    vault: Vault | None = None,
    steps: Steps | None = None,
) -> Report:
    """Check everything that one snapshot of a database holds. Nothing is changed.

    Args:
        name: what this is, for people.
        trust: what was kept elsewhere; without it only contradictions inside are found.
        vault: of this database, started: then every seal is opened too.
        steps: told about every row that was looked at.

    Raises:
        Busy: the database does not answer.
    """
    async with database.read(org_id) as tx:
        await tx.run(_PATIENCE)
        source = DatabaseSource(tx, org_id, name)
        report = await verify(source, trust, steps=steps, opens=vault is not None)
        if vault is not None:
            await ContentCheck(source, vault, report, steps).run()
    return report

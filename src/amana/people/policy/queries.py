"""The SQL of the organisation's policy."""

from amana.kernel.ids import OrgId
from amana.storage.database import Tx


async def asks_before_adding(tx: Tx) -> bool:
    """Whether people are asked before somebody adds them to a room."""
    return bool(await tx.value("SELECT ask_before_adding FROM organisation_policy"))


async def put_policy(tx: Tx, org_id: OrgId, *, ask_before_adding: bool) -> None:
    await tx.run(
        """
        INSERT INTO organisation_policy (org_id, ask_before_adding) VALUES (:org_id, :asks)
        ON CONFLICT (org_id) DO UPDATE SET ask_before_adding = excluded.ask_before_adding
        """,
        org_id=org_id,
        asks=ask_before_adding,
    )

"""The only SQL of the administrative record."""

from datetime import datetime
from uuid import UUID

import asyncpg

from amana.kernel.ids import OrgId, UserId
from amana.storage.database import Tx


async def insert_entry(
    tx: Tx,
    *,
    org_id: OrgId,
    entry_id: UUID,
    at: datetime,
    actor_id: UserId | None,
    action: str,
    subject: UUID | None,
    detail: bytes,
) -> None:
    """Append one entry; ``detail`` is sealed."""
    await tx.run(
        """
        INSERT INTO evidence_entry (org_id, id, at, actor_id, action, subject, detail)
        VALUES (:org_id, :entry_id, :at, :actor_id, :action, :subject, :detail)
        """,
        org_id=org_id,
        entry_id=entry_id,
        at=at,
        actor_id=actor_id,
        action=action,
        subject=subject,
        detail=detail,
    )


async def list_entries(tx: Tx, org_id: OrgId, *, after: UUID | None, limit: int) -> list[asyncpg.Record]:
    """A page of entries, oldest first."""
    return await tx.all(
        """
        SELECT id, at, actor_id, action, subject, detail
          FROM evidence_entry
         WHERE org_id = :org_id AND (:after::uuid IS NULL OR id > :after)
         ORDER BY id LIMIT :limit
        """,
        org_id=org_id,
        after=after,
        limit=limit,
    )

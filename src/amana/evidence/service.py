"""Writes and reads the administrative record."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from uuid import UUID

from amana.evidence import queries
from amana.evidence.model import Detail, Entry
from amana.kernel.ids import Ids, OrgId, UserId
from amana.storage.database import Tx
from amana.vault import Unreadable, Vault


class Evidence:
    """The administrative record of every organisation in one database."""

    def __init__(self, vault: Vault, ids: Ids) -> None:
        self._vault = vault
        self._ids = ids

    async def record(
        self,
        tx: Tx,
        *,
        org_id: OrgId,
        actor_id: UserId | None,
        action: str,
        subject: UUID | None,
        now: datetime,
        detail: Mapping[str, object] | None = None,
    ) -> None:
        """Append one entry in the transaction of the change it tells of: both happen or neither.

        Args:
            tx: the write transaction of that change.
            org_id: whose record it is.
            now: time to record, timezone-aware UTC.
            actor_id: who did it; None for the server itself.
            action: dotted name, ``invitation.created``; final once released.
            subject: the id of what it happened to.
            detail: plain JSON values; sealed under the organisation key together with nothing else.

        Raises:
            KeyUnavailable: the organisation has no usable key yet.
        """
        entry_id = self._ids.new()
        text = json.dumps(dict(detail or {}), ensure_ascii=False, separators=(",", ":"), default=str)
        sealed = await self._vault.seal_text(
            tx, org_id, _binding(now, actor_id, action, subject), entry_id, text
        )
        await queries.insert_entry(
            tx,
            org_id=org_id,
            entry_id=entry_id,
            at=now,
            actor_id=actor_id,
            action=action,
            subject=subject,
            detail=sealed,
        )

    async def entries(
        self, tx: Tx, org_id: OrgId, *, after: UUID | None = None, limit: int = 100
    ) -> list[Entry]:
        """A page of entries, oldest first. Where anything was changed the detail is ``DAMAGED``."""
        result = []
        for row in await queries.list_entries(tx, org_id, after=after, limit=limit):
            bound = _binding(row["at"], row["actor_id"], row["action"], row["subject"])
            text = await self._vault.open_text(tx, org_id, bound, row["id"], row["detail"])
            detail: Detail | Unreadable = text if isinstance(text, Unreadable) else json.loads(text)
            result.append(
                Entry(org_id, row["id"], row["at"], row["actor_id"], row["action"], row["subject"], detail)
            )
        return result


def _binding(at: datetime, actor_id: UUID | None, action: str, subject: UUID | None) -> str:
    """What the sealed detail is bound to beside its id: every clear field of the entry."""
    return f"evidence\0{at.astimezone(UTC).isoformat()}\0{actor_id}\0{action}\0{subject}"

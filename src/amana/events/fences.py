"""Fences: what makes every device load a conversation anew after its log was put back from a backup.

After a restore the numbers after the restored head are given out again, for other events. A device that
held the old ones would take the new ones for known, or for the wrong ones. The fence it keeps beside its
place tells the two histories apart, so it must never have stood there before, in no history that any
device may still hold: it is the time of the restore, and not a counter that a restore would set back too.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

from amana.kernel.ids import ConversationId, Seq
from amana.storage.database import Tx

# Seconds from here on fit into 31 bits until 2088.
_EPOCH = datetime(2020, 1, 1, tzinfo=UTC)


def fence_at(now: datetime) -> int:
    """The fence of a restore at ``now``: seconds since 2020."""
    return max(1, int((now - _EPOCH).total_seconds()))


async def bump_fences(
    tx: Tx, *, now: datetime, conversation_ids: Sequence[ConversationId] | None = None
) -> int:
    """Give these conversations, or all of the organisation, a fence that none had before; gives how many."""
    return await tx.run(
        """
        UPDATE conversation_head SET fence = greatest(fence + 1, :fence::int)
         WHERE org_id = :org_id AND (:ids::uuid[] IS NULL OR conversation_id = ANY(:ids))
        """,
        fence=fence_at(now),
        org_id=tx.org_id,
        ids=None if conversation_ids is None else list(conversation_ids),
    )


async def newest_places(tx: Tx) -> dict[ConversationId, Seq]:
    """The last place of every conversation of the organisation."""
    rows = await tx.all(
        "SELECT conversation_id, seq FROM conversation_head WHERE org_id = :org_id", org_id=tx.org_id
    )
    return {row["conversation_id"]: row["seq"] for row in rows}

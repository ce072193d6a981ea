"""The SQL of closing."""

from datetime import datetime

from amana.conversations.room import Closed
from amana.kernel.ids import ConversationId
from amana.storage.database import Tx


async def set_closed(tx: Tx, conversation_id: ConversationId, closed: Closed) -> None:
    """Nobody writes from now on; the caller holds the head's lock."""
    await tx.run(
        """
        UPDATE conversation SET closed_at = :at, closed_by = :by, closed_reason = :because::smallint
         WHERE conversation_id = :conversation_id
        """,
        at=closed.at,
        by=closed.by,
        because=int(closed.because),
        conversation_id=conversation_id,
    )


async def set_open(tx: Tx, conversation_id: ConversationId, *, ends_at: datetime | None) -> None:
    """People write again, until ``ends_at``; the caller holds the head's lock."""
    await tx.run(
        """
        UPDATE conversation
           SET closed_at = NULL, closed_by = NULL, closed_reason = NULL, ends_at = :ends_at
         WHERE conversation_id = :conversation_id
        """,
        ends_at=ends_at,
        conversation_id=conversation_id,
    )


async def list_over(tx: Tx, *, now: datetime, limit: int) -> list[ConversationId]:
    """Open rooms whose end date has come, the oldest date first."""
    rows = await tx.all(
        """
        SELECT conversation_id FROM conversation
         WHERE ends_at IS NOT NULL AND closed_at IS NULL AND ends_at <= :now
         ORDER BY ends_at, conversation_id LIMIT :limit
        """,
        now=now,
        limit=limit,
    )
    return [row["conversation_id"] for row in rows]

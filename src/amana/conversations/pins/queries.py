"""The SQL of pins. Who changes anything holds the lock of the conversation's head."""

from collections.abc import Sequence

from amana.conversations.pins.model import Pin
from amana.kernel.ids import ConversationId, OrgId, Seq, UserId
from amana.storage.database import Tx


async def pins(tx: Tx, conversation_id: ConversationId, viewer: UserId, seqs: Sequence[Seq]) -> list[Pin]:
    """Which of these messages are pinned, as far as ``viewer`` sees them."""
    rows = await tx.fetch(
        """
        SELECT p.seq, p.pinned_by, p.pinned_ts
          FROM pin p JOIN member m ON m.conversation_id = p.conversation_id AND m.user_id = $2
         WHERE p.conversation_id = $1 AND p.seq = ANY($3) AND p.seq >= m.visible_from
        """,
        conversation_id,
        viewer,
        list(seqs),
    )
    return [Pin(*row) for row in rows]


async def list_visible(tx: Tx, conversation_id: ConversationId, viewer: UserId) -> list[Seq]:
    """Every pinned message that ``viewer`` sees, the one pinned last first."""
    rows = await tx.all(
        """
        SELECT p.seq
          FROM pin p JOIN member m ON m.conversation_id = p.conversation_id AND m.user_id = :viewer
         WHERE p.conversation_id = :conversation_id AND p.seq >= m.visible_from
         ORDER BY p.event_seq DESC
        """,
        conversation_id=conversation_id,
        viewer=viewer,
    )
    return [row["seq"] for row in rows]


async def pinned_seqs(tx: Tx, conversation_id: ConversationId) -> frozenset[Seq]:
    """Every pinned message, also those that not everybody sees: what the limit counts."""
    rows = await tx.all(
        "SELECT seq FROM pin WHERE conversation_id = :conversation_id", conversation_id=conversation_id
    )
    return frozenset(row["seq"] for row in rows)


async def insert(tx: Tx, org_id: OrgId, conversation_id: ConversationId, pin: Pin, *, event_seq: Seq) -> None:
    await tx.run(
        """
        INSERT INTO pin (org_id, conversation_id, seq, pinned_by, pinned_ts, event_seq)
        VALUES (:org_id, :conversation_id, :seq, :by, :ts, :event_seq)
        """,
        org_id=org_id,
        conversation_id=conversation_id,
        seq=pin.seq,
        by=pin.by,
        ts=pin.ts_ms,
        event_seq=event_seq,
    )


async def delete_of_messages(tx: Tx, conversation_id: ConversationId, seqs: Sequence[Seq]) -> None:
    """Take these messages off, where they are pinned."""
    if seqs:
        await tx.fetch(
            "DELETE FROM pin WHERE conversation_id = $1 AND seq = ANY($2)", conversation_id, list(seqs)
        )

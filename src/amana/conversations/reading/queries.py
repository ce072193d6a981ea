"""The SQL of read markers."""

from amana.conversations.receipts.queries import Moved, shown_of
from amana.kernel.ids import ConversationId, Seq, UserId
from amana.storage.database import Tx


async def advance(
    tx: Tx,
    conversation_id: ConversationId,
    reader: UserId,
    *,
    seq: Seq,
    msg_no: int,
    at_ms: int | None = None,
) -> Moved | None:
    """Move a member's marker forward; None when it was there already.

    Args:
        at_ms: now, where others may know; the room decides as well.
    """
    row = await tx.one(
        """
        UPDATE member m
           SET read_seq = greatest(m.read_seq, :seq), read_no = greatest(m.read_no, :msg_no),
               read_ts = CASE WHEN c.kind = 1 OR c.receipts = 3 THEN :at_ms::bigint END
          FROM conversation c
         WHERE m.conversation_id = :conversation_id AND m.user_id = :reader AND m.read_seq < :seq
           AND c.conversation_id = m.conversation_id
        RETURNING c.kind, c.receipts, c.members_count
        """,
        conversation_id=conversation_id,
        reader=reader,
        seq=seq,
        msg_no=msg_no,
        at_ms=at_ms,
    )
    return None if row is None else Moved(conversation_id, reader, seq, shown_of(row))

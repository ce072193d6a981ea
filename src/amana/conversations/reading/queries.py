"""The SQL of read markers."""

from amana.kernel.ids import ConversationId, Seq, UserId
from amana.storage.database import Tx


async def advance(tx: Tx, conversation_id: ConversationId, reader: UserId, *, seq: Seq, msg_no: int) -> bool:
    """Move a member's marker forward; False when it was there already."""
    moved = await tx.run(
        """
        UPDATE member SET read_seq = greatest(read_seq, :seq), read_no = greatest(read_no, :msg_no)
         WHERE conversation_id = :conversation_id AND user_id = :reader AND read_seq < :seq
        """,
        conversation_id=conversation_id,
        reader=reader,
        seq=seq,
        msg_no=msg_no,
    )
    return moved == 1

"""The head of one conversation as a whole row: for putting a conversation back from a backup."""

from dataclasses import dataclass

from amana.kernel.ids import Bucket, ConversationId, Seq
from amana.storage.database import Tx


@dataclass(frozen=True, slots=True)
class HeadRow:
    """Everything that ``conversation_head`` holds of one conversation."""

    seq: Seq
    msg_no: int
    last_ts: int
    bucket: Bucket
    fence: int
    chain: bytes


async def find_head(tx: Tx, conversation_id: ConversationId) -> HeadRow | None:
    """The head, locked against everybody who writes."""
    row = await tx.one(
        """
        SELECT seq, msg_no, last_ts, bucket, fence, chain FROM conversation_head
         WHERE conversation_id = :id FOR UPDATE
        """,
        id=conversation_id,
    )
    return None if row is None else HeadRow(*row)


async def put_head(tx: Tx, conversation_id: ConversationId, head: HeadRow) -> None:
    """Store a head over whatever is there; the fence never goes back."""
    await tx.run(
        """
        INSERT INTO conversation_head AS h
               (org_id, conversation_id, seq, msg_no, last_ts, bucket, fence, chain)
        VALUES (:org_id, :id, :seq, :msg_no, :last_ts, :bucket, :fence, :chain)
        ON CONFLICT (conversation_id) DO UPDATE
           SET seq = excluded.seq, msg_no = excluded.msg_no, last_ts = excluded.last_ts,
               bucket = excluded.bucket, fence = greatest(h.fence, excluded.fence), chain = excluded.chain
        """,
        org_id=tx.org_id,
        id=conversation_id,
        seq=head.seq,
        msg_no=head.msg_no,
        last_ts=head.last_ts,
        bucket=head.bucket,
        fence=head.fence,
        chain=head.chain,
    )

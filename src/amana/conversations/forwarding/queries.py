"""The SQL of where forwarded words come from."""

from collections.abc import Sequence

from amana.conversations.forwarding.model import Origin
from amana.kernel.ids import ConversationId, OrgId, Seq, UserId
from amana.storage.database import Tx


async def insert(
    tx: Tx, org_id: OrgId, conversation_id: ConversationId, seq: Seq, origin: Origin, *, by: UserId
) -> None:
    await tx.run(
        """
        INSERT INTO forwarded_message
               (org_id, conversation_id, seq, author_id, from_conversation_id, from_seq, forwarded_by)
        VALUES (:org_id, :conversation_id, :seq, :author_id, :from_room, :from_seq, :by)
        """,
        org_id=org_id,
        conversation_id=conversation_id,
        seq=seq,
        author_id=origin.label.author_id,
        from_room=origin.conversation_id,
        from_seq=origin.seq,
        by=by,
    )


async def copies_of(
    tx: Tx, conversation_id: ConversationId, author_id: UserId, *, after: Seq, upto: Seq
) -> frozenset[Seq]:
    """Messages in this part of a room that others forwarded, and that are the words of ``author_id``."""
    rows = await tx.all(
        """
        SELECT seq FROM forwarded_message
         WHERE conversation_id = :conversation_id AND author_id = :author_id AND seq > :after AND seq <= :upto
        """,
        conversation_id=conversation_id,
        author_id=author_id,
        after=after,
        upto=upto,
    )
    return frozenset(row["seq"] for row in rows)


async def next_room_with(tx: Tx, author_id: UserId, after: ConversationId | None) -> ConversationId | None:
    """The first conversation after ``after``, by id, that holds copies of this person's words."""
    row = await tx.one(
        """
        SELECT conversation_id FROM forwarded_message
         WHERE author_id = :author_id AND (:after::uuid IS NULL OR conversation_id > :after::uuid)
         ORDER BY conversation_id LIMIT 1
        """,
        author_id=author_id,
        after=after,
    )
    return None if row is None else ConversationId(row["conversation_id"])


async def list_copies(
    tx: Tx, conversation_id: ConversationId, seqs: Sequence[Seq]
) -> list[tuple[Seq, ConversationId, Seq]]:
    """Where these messages were forwarded to: own place, the other conversation, the place there."""
    rows = await tx.fetch(
        """
        SELECT from_seq, conversation_id, seq FROM forwarded_message
         WHERE from_conversation_id = $1 AND from_seq = ANY($2) ORDER BY from_seq, conversation_id, seq
        """,
        conversation_id,
        list(seqs),
    )
    return [(row["from_seq"], row["conversation_id"], row["seq"]) for row in rows]

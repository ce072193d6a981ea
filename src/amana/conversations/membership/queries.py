"""The SQL of who shares what with whom."""

from amana.kernel.ids import ConversationId, UserId
from amana.storage.database import Tx


async def acquaintances(tx: Tx, user_id: UserId) -> frozenset[UserId]:
    """Everyone who is in a conversation with ``user_id`` now: what a guest may know of the directory."""
    rows = await tx.all(
        """
        SELECT DISTINCT other.user_id
          FROM member mine JOIN member other ON other.conversation_id = mine.conversation_id
         WHERE mine.conversation_id = ANY(ARRAY(
                 SELECT conversation_id FROM user_conversation WHERE user_id = :user_id))
           AND mine.user_id = :user_id
        """,
        user_id=user_id,
    )
    return frozenset(row["user_id"] for row in rows)


async def who_stayed(tx: Tx, conversation_id: ConversationId) -> frozenset[UserId]:
    """Everyone whose stay in a conversation has not ended, as its history says."""
    rows = await tx.all(
        "SELECT user_id FROM membership WHERE conversation_id = :id AND left_seq IS NULL", id=conversation_id
    )
    return frozenset(row["user_id"] for row in rows)


async def next_stay(tx: Tx, user_id: UserId, after: ConversationId | None) -> ConversationId | None:
    """The first conversation after ``after``, by id, in which this person is or ever was."""
    row = await tx.one(
        """
        SELECT conversation_id FROM membership
         WHERE user_id = :user_id AND (:after::uuid IS NULL OR conversation_id > :after::uuid)
         ORDER BY conversation_id LIMIT 1
        """,
        user_id=user_id,
        after=after,
    )
    return None if row is None else ConversationId(row["conversation_id"])


async def longest_member(tx: Tx, conversation_id: ConversationId, *, without: UserId) -> UserId | None:
    """Who has been in it longest of the others; None when there is nobody else."""
    row = await tx.one(
        """
        SELECT user_id FROM member
         WHERE conversation_id = :conversation_id AND user_id <> :without
         ORDER BY joined_seq, user_id LIMIT 1
        """,
        conversation_id=conversation_id,
        without=without,
    )
    return None if row is None else UserId(row["user_id"])


async def every_membership(tx: Tx) -> frozenset[tuple[ConversationId, UserId]]:
    """Who is in which conversation now, in the whole organisation."""
    rows = await tx.all(
        "SELECT conversation_id, user_id FROM member WHERE org_id = :org_id", org_id=tx.org_id
    )
    return frozenset((row["conversation_id"], row["user_id"]) for row in rows)

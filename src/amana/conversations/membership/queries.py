"""The SQL of who shares what with whom."""

from amana.kernel.ids import UserId
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

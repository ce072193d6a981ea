"""The SQL of who follows what: one statement, because everybody asks it when they come back."""

from amana.events.following import Subscription
from amana.kernel.ids import ConversationId, UserId
from amana.storage.database import Tx

_PLACES = """
SELECT m.conversation_id, p.seq, p.msg_no, p.fence, c.members_count, m.visible_from, p.last_ts
  FROM member m
  JOIN conversation c ON c.conversation_id = m.conversation_id
  JOIN conversation_places() p ON p.conversation_id = m.conversation_id
"""
_ALL = f"""{_PLACES}
 WHERE m.user_id = $1
   AND m.conversation_id = ANY(ARRAY(SELECT l.conversation_id FROM user_conversation l WHERE l.user_id = $1))
"""  # noqa: S608  constants only
# Ids stay in the database: of ten thousand only a screenful is wanted.
_NEWEST = """
SELECT p.conversation_id, p.last_ts FROM conversation_places() p
 WHERE p.conversation_id = ANY(ARRAY(SELECT l.conversation_id FROM user_conversation l WHERE l.user_id = $1))
   AND ($2::bigint IS NULL OR p.last_ts < $2 OR (p.last_ts = $2 AND p.conversation_id > $3))
 ORDER BY p.last_ts DESC, p.conversation_id LIMIT $4
"""
_ONE = f"{_PLACES} WHERE m.conversation_id = $1 AND m.user_id = $2"


async def list_followed(tx: Tx, viewer: UserId) -> list[Subscription]:
    """Every conversation of ``viewer``, in no particular order."""
    return [Subscription(*row) for row in await tx.fetch(_ALL, viewer)]


async def list_newest(
    tx: Tx, viewer: UserId, *, after: tuple[int, ConversationId] | None, limit: int | None
) -> list[tuple[ConversationId, int]]:
    """Conversations of ``viewer`` and the time of their newest event (Unix milliseconds), the newest first.

    Equal times are ordered by id, so that no part repeats or leaves out.
    """
    last_ts, last_id = after or (None, None)
    rows = await tx.fetch(_NEWEST, viewer, last_ts, last_id, limit)
    return [(row["conversation_id"], row["last_ts"]) for row in rows]


async def find_followed(tx: Tx, conversation_id: ConversationId, viewer: UserId) -> Subscription | None:
    """One conversation; None when ``viewer`` is not in it."""
    rows = await tx.fetch(_ONE, conversation_id, viewer)
    return Subscription(*rows[0]) if rows else None

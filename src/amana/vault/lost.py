"""Wraps whose messages are gone: what a restore to an earlier time leaves behind in a newer keyring."""

from collections.abc import Mapping

from amana.kernel.ids import ConversationId, Seq
from amana.storage.database import Tx

_DROP = """
WITH head AS (
    SELECT * FROM unnest($1::uuid[], $2::bigint[]) AS h (conversation_id, seq)
), gone AS (
    DELETE FROM keyring.wrap w
     WHERE w.seq > coalesce((SELECT h.seq FROM head h WHERE h.conversation_id = w.conversation_id), 0)
    RETURNING w.conversation_id, w.seq
)
SELECT conversation_id, count(DISTINCT seq) AS messages FROM gone GROUP BY conversation_id
"""


async def drop_wraps_without_message(
    tx: Tx, heads: Mapping[ConversationId, Seq]
) -> dict[ConversationId, int]:
    """Delete the wraps of places that no conversation has; gives how many places there were in each.

    The places are given out again, and then the new messages bring wraps of their own.

    Args:
        heads: the last place of every conversation of the organisation.
    """
    rows = await tx.fetch(_DROP, list(heads), list(heads.values()))
    return {row["conversation_id"]: int(row["messages"]) for row in rows}

"""The SQL of reactions. Who changes anything holds the lock of the conversation's head."""

from collections.abc import Sequence

import asyncpg

from amana.conversations.reactions.model import Reacted, Total
from amana.kernel.ids import ConversationId, OrgId, Seq, UserId
from amana.storage.database import Tx


def _reacted(row: asyncpg.Record) -> Reacted:
    return Reacted(row["seq"], row["token"], row["user_id"], row["event_seq"], row["ts"])


async def totals(tx: Tx, conversation_id: ConversationId, viewer: UserId, seqs: Sequence[Seq]) -> list[Total]:
    """The emojis of these messages in the order in which they came, as far as ``viewer`` sees the messages.

    One row for each emoji, however many people chose it.
    """
    rows = await tx.fetch(
        """
        SELECT t.seq, t.token, t.since, t.shown_seq, t.total,
               -- One probe for each row: EXISTS may read everything the viewer ever chose, to hash it.
               (SELECT true FROM reaction r
                 WHERE r.conversation_id = t.conversation_id AND r.seq = t.seq AND r.token = t.token
                   AND r.user_id = $2 LIMIT 1) IS TRUE AS mine
          FROM reaction_total t
          JOIN member m ON m.conversation_id = t.conversation_id AND m.user_id = $2
         WHERE t.conversation_id = $1 AND t.seq = ANY($3) AND t.seq >= m.visible_from
         ORDER BY t.seq, t.since
        """,
        conversation_id,
        viewer,
        list(seqs),
    )
    return [Total(*row) for row in rows]


async def find_total(tx: Tx, conversation_id: ConversationId, seq: Seq, token: bytes) -> Total | None:
    row = await tx.one(
        """
        SELECT seq, token, since, shown_seq, total FROM reaction_total
         WHERE conversation_id = :conversation_id AND seq = :seq AND token = :token
        """,
        conversation_id=conversation_id,
        seq=seq,
        token=token,
    )
    return None if row is None else Total(*row)


async def count_emojis(tx: Tx, conversation_id: ConversationId, seq: Seq) -> int:
    """How many different emojis a message has."""
    found = await tx.value(
        "SELECT count(*) FROM reaction_total WHERE conversation_id = :conversation_id AND seq = :seq",
        conversation_id=conversation_id,
        seq=seq,
    )
    return found if isinstance(found, int) else 0


async def find(
    tx: Tx, conversation_id: ConversationId, seq: Seq, token: bytes, user_id: UserId
) -> Reacted | None:
    """One person's reaction with one emoji."""
    row = await tx.one(
        """
        SELECT seq, token, user_id, event_seq, ts FROM reaction
         WHERE conversation_id = :conversation_id AND seq = :seq AND token = :token AND user_id = :user_id
        """,
        conversation_id=conversation_id,
        seq=seq,
        token=token,
        user_id=user_id,
    )
    return None if row is None else _reacted(row)


async def list_reactors(
    tx: Tx, conversation_id: ConversationId, viewer: UserId, seq: Seq, since: Seq, *, after: Seq, limit: int
) -> list[Reacted]:
    """Who chose the emoji named by ``since``, the first first; nobody where ``viewer`` may not see it."""
    rows = await tx.all(
        """
        SELECT r.seq, r.token, r.user_id, r.event_seq, r.ts
          FROM reaction_total t
          JOIN member m ON m.conversation_id = t.conversation_id AND m.user_id = :viewer
         CROSS JOIN LATERAL (
               SELECT * FROM reaction p
                WHERE p.conversation_id = t.conversation_id AND p.seq = t.seq AND p.token = t.token
                  AND p.event_seq > :after
                ORDER BY p.event_seq LIMIT :limit) r
         WHERE t.conversation_id = :conversation_id AND t.seq = :seq AND t.since = :since
           AND t.seq >= m.visible_from
         ORDER BY r.event_seq
        """,
        conversation_id=conversation_id,
        viewer=viewer,
        seq=seq,
        since=since,
        after=after,
        limit=limit,
    )
    return [_reacted(row) for row in rows]


async def list_of_person(
    tx: Tx, conversation_id: ConversationId, user_id: UserId, event_seqs: Sequence[Seq]
) -> list[Reacted]:
    """One person's reactions that were put by these events and stand still, oldest first."""
    rows = await tx.all(
        """
        SELECT seq, token, user_id, event_seq, ts FROM reaction
         WHERE conversation_id = :conversation_id AND user_id = :user_id AND event_seq = ANY(:event_seqs)
         ORDER BY event_seq
        """,
        conversation_id=conversation_id,
        user_id=user_id,
        event_seqs=list(event_seqs),
    )
    return [_reacted(row) for row in rows]


async def insert(
    tx: Tx, org_id: OrgId, conversation_id: ConversationId, reacted: Reacted, *, since: Seq
) -> None:
    """Store a reaction and count it; ``since`` counts only for the first one with this emoji."""
    await tx.run(
        """
        INSERT INTO reaction (org_id, conversation_id, seq, token, user_id, event_seq, ts)
        VALUES (:org_id, :conversation_id, :seq, :token, :user_id, :event_seq, :ts)
        """,
        org_id=org_id,
        conversation_id=conversation_id,
        seq=reacted.seq,
        token=reacted.token,
        user_id=reacted.user_id,
        event_seq=reacted.event_seq,
        ts=reacted.ts_ms,
    )
    await tx.run(
        """
        INSERT INTO reaction_total (org_id, conversation_id, seq, token, since, shown_seq, total)
        VALUES (:org_id, :conversation_id, :seq, :token, :since, :event_seq, 1)
        ON CONFLICT (conversation_id, seq, token) DO UPDATE SET total = reaction_total.total + 1
        """,
        org_id=org_id,
        conversation_id=conversation_id,
        seq=reacted.seq,
        token=reacted.token,
        since=since,
        event_seq=reacted.event_seq,
    )


async def delete(tx: Tx, conversation_id: ConversationId, reacted: Reacted) -> Total | None:
    """Take one reaction away; gives what is left of its emoji, with a count of 0 when that was the last.

    None when it was not counted: its rows contradict each other.
    """
    place = {"conversation_id": conversation_id, "seq": reacted.seq, "token": reacted.token}
    await tx.run(
        """
        DELETE FROM reaction
         WHERE conversation_id = :conversation_id AND seq = :seq AND token = :token AND user_id = :user_id
        """,
        user_id=reacted.user_id,
        **place,
    )
    left = await tx.one(
        """
        UPDATE reaction_total t SET total = t.total - 1, shown_seq = n.event_seq
          FROM (SELECT r.event_seq FROM reaction r
                 WHERE r.conversation_id = :conversation_id AND r.seq = :seq AND r.token = :token
                 ORDER BY r.event_seq LIMIT 1) n
         WHERE t.conversation_id = :conversation_id AND t.seq = :seq AND t.token = :token AND t.total > 1
        RETURNING t.seq, t.token, t.since, t.shown_seq, t.total
        """,
        **place,
    )
    if left is not None:
        return Total(*left)
    last = await tx.one(
        """
        DELETE FROM reaction_total
         WHERE conversation_id = :conversation_id AND seq = :seq AND token = :token
        RETURNING seq, token, since, shown_seq, 0
        """,
        **place,
    )
    return None if last is None else Total(*last)


async def delete_of_messages(tx: Tx, conversation_id: ConversationId, seqs: Sequence[Seq]) -> list[Seq]:
    """Take every reaction of these messages away; gives the events that had put them, ascending."""
    gone = await tx.fetch(
        "DELETE FROM reaction WHERE conversation_id = $1 AND seq = ANY($2) RETURNING event_seq",
        conversation_id,
        list(seqs),
    )
    await tx.fetch(
        "DELETE FROM reaction_total WHERE conversation_id = $1 AND seq = ANY($2)", conversation_id, list(seqs)
    )
    return sorted(row["event_seq"] for row in gone)

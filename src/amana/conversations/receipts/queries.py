"""The SQL of receipts."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import asyncpg

from amana.conversations.model import Kind
from amana.conversations.receipts.model import Received, Ticks, shown_in
from amana.conversations.rules import Receipts, default_rules
from amana.kernel.ids import ConversationId, Seq, UserId
from amana.storage.database import Tx


@dataclass(frozen=True, slots=True)
class Moved:
    """A watermark that was moved."""

    conversation_id: ConversationId
    user_id: UserId
    seq: int
    shown: Receipts


def shown_of(row: asyncpg.Record) -> Receipts:
    """What a room shows, of a row with its ``kind``, ``receipts`` and ``members_count``."""
    if row["kind"] == Kind.DIRECT:
        return default_rules(Kind.DIRECT).receipts
    return shown_in(Receipts(row["receipts"]), row["members_count"])


async def put_delivered(
    tx: Tx, wanted: Sequence[tuple[ConversationId, UserId, int]], *, now_ms: int
) -> list[Moved]:
    """Move watermarks forward where the room shows them; gives those that moved.

    Always in the same order, so that two workers do not wait for each other in a circle.
    """
    rows = await tx.all(
        """
        WITH wanted AS (
          SELECT m.conversation_id, m.user_id, w.seq, c.kind, c.receipts, c.members_count
            FROM unnest(:rooms::uuid[], :users::uuid[], :seqs::bigint[]) AS w (conversation_id, user_id, seq)
            JOIN member m ON m.conversation_id = w.conversation_id AND m.user_id = w.user_id
            JOIN conversation c ON c.conversation_id = w.conversation_id
           WHERE m.delivered_seq < w.seq AND m.read_seq < w.seq AND (c.kind = :direct OR c.receipts <> :off)
           ORDER BY m.conversation_id, m.user_id FOR NO KEY UPDATE OF m
        )
        UPDATE member m SET delivered_seq = w.seq, delivered_ts = :now_ms
          FROM wanted w
         WHERE m.conversation_id = w.conversation_id AND m.user_id = w.user_id AND m.delivered_seq < w.seq
        RETURNING m.conversation_id, m.user_id, w.seq, w.kind, w.receipts, w.members_count
        """,
        rooms=[room for room, _, _ in wanted],
        users=[user for _, user, _ in wanted],
        seqs=[seq for _, _, seq in wanted],
        direct=int(Kind.DIRECT),
        off=int(Receipts.OFF),
        now_ms=now_ms,
    )
    return [Moved(row["conversation_id"], row["user_id"], row["seq"], shown_of(row)) for row in rows]


async def list_received(
    tx: Tx, conversation_id: ConversationId, seq: Seq, *, sent_ms: int, author: UserId
) -> list[Received]:
    """Everybody else who was there when the message was sent and whom it has reached, readers first."""
    rows = await tx.all(
        """
        SELECT m.user_id, m.read_seq >= :seq AS is_read,
               CASE WHEN m.read_seq >= :seq THEN m.read_ts ELSE m.delivered_ts END AS at_ms
          FROM member m
         WHERE m.conversation_id = :conversation_id AND m.user_id <> :author AND m.joined_seq < :seq
           AND greatest(m.read_seq, m.delivered_seq) >= :seq
         ORDER BY is_read DESC, at_ms NULLS LAST, m.user_id
        """,
        conversation_id=conversation_id,
        seq=seq,
        author=author,
    )
    # Writing something moves the marker as well, and notes no time: an older one would be a lie.
    return [
        Received(row["user_id"], row["is_read"], at_ms if (at_ms := row["at_ms"] or 0) > sent_ms else None)
        for row in rows
    ]


async def ticks_of(
    tx: Tx, rooms: Sequence[ConversationId], viewer: UserId, *, silent: Collection[UserId]
) -> dict[ConversationId, Ticks]:
    """Up to where everybody but ``viewer`` and the ``silent`` has come; nothing where nobody is left.

    What was said before somebody came waits for nobody.
    """
    rows = await tx.all(
        """
        SELECT m.conversation_id, min(greatest(m.read_seq, m.joined_seq)) AS read_by,
               min(greatest(m.read_seq, m.delivered_seq, m.joined_seq)) AS delivered_to
          FROM member m
         WHERE m.conversation_id = ANY(:rooms) AND m.user_id <> :viewer AND m.user_id <> ALL(:silent)
         GROUP BY m.conversation_id
        """,
        rooms=list(rooms),
        viewer=viewer,
        silent=list(silent),
    )
    return {row["conversation_id"]: Ticks(row["delivered_to"], row["read_by"]) for row in rows}

"""The SQL of message states. Permission is inside: who asks must be a member who sees that message."""

from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg

from amana.kernel.ids import ConversationId, OrgId, Seq, UserId
from amana.storage.database import Tx

POST_MESSAGES = "SELECT * FROM post_messages($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16)"
"""The batcher's statement; arguments as ``append_events``, one more answer: ``r_status``."""


@dataclass(frozen=True, slots=True)
class MessageState:
    """What happened to a message after it was sent.

    Attributes:
        current_seq: event that holds the current text; the message's own place while it was never edited.
        edited_ts: of the newest edit, Unix milliseconds.
    """

    seq: Seq
    current_seq: Seq
    revision: int
    edited_ts: int | None
    removed_by: UserId | None
    removed_ts: int | None


def untouched(seq: Seq) -> MessageState:
    """The state of a message that was neither edited nor removed: those have no row."""
    return MessageState(seq, seq, 0, None, None, None)


def _state(row: asyncpg.Record) -> MessageState:
    return MessageState(
        seq=row["seq"],
        current_seq=row["current_seq"],
        revision=row["revision"],
        edited_ts=row["edited_ts"],
        removed_by=row["removed_by"],
        removed_ts=row["removed_ts"],
    )


async def states(
    tx: Tx, conversation_id: ConversationId, viewer: UserId, seqs: Sequence[Seq]
) -> dict[Seq, MessageState]:
    """States of those messages that have one and that ``viewer`` may see."""
    rows = await tx.all(
        """
        SELECT s.seq, s.current_seq, s.revision, s.edited_ts, s.removed_by, s.removed_ts
          FROM message_state s
          JOIN member m ON m.conversation_id = s.conversation_id AND m.user_id = :viewer
         WHERE s.conversation_id = :conversation_id AND s.seq = ANY(:seqs) AND s.seq >= m.visible_from
        """,
        conversation_id=conversation_id,
        viewer=viewer,
        seqs=list(seqs),
    )
    return {row["seq"]: _state(row) for row in rows}


async def states_of_last(
    tx: Tx, viewer: UserId, places: Sequence[tuple[ConversationId, Seq]]
) -> dict[ConversationId, MessageState]:
    """The state of one message in each of many conversations of ``viewer``, where there is one."""
    rows = await tx.all(
        """
        SELECT s.conversation_id, s.seq, s.current_seq, s.revision, s.edited_ts, s.removed_by, s.removed_ts
          FROM unnest(:rooms::uuid[], :seqs::bigint[]) AS p (conversation_id, seq)
          JOIN message_state s ON s.conversation_id = p.conversation_id AND s.seq = p.seq
          JOIN member m ON m.conversation_id = p.conversation_id AND m.user_id = :viewer
         WHERE p.seq >= m.visible_from
        """,
        rooms=[room for room, _ in places],
        seqs=[seq for _, seq in places],
        viewer=viewer,
    )
    return {row["conversation_id"]: _state(row) for row in rows}


async def put_state(tx: Tx, org_id: OrgId, conversation_id: ConversationId, state: MessageState) -> None:
    """Store what is current now. The caller holds the head's lock."""
    await tx.run(
        """
        INSERT INTO message_state (org_id, conversation_id, seq, current_seq, revision, edited_ts,
                                   removed_by, removed_ts)
        VALUES (:org_id, :conversation_id, :seq, :current_seq, :revision, :edited_ts, :removed_by,
                :removed_ts)
        ON CONFLICT (conversation_id, seq) DO UPDATE
           SET current_seq = excluded.current_seq, revision = excluded.revision,
               edited_ts = excluded.edited_ts, removed_by = excluded.removed_by,
               removed_ts = excluded.removed_ts
        """,
        org_id=org_id,
        conversation_id=conversation_id,
        seq=state.seq,
        current_seq=state.current_seq,
        revision=state.revision,
        edited_ts=state.edited_ts,
        removed_by=state.removed_by,
        removed_ts=state.removed_ts,
    )

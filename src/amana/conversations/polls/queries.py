"""The SQL of polls. Who changes anything holds the lock of the conversation's head."""

from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg

from amana.conversations.polls.model import PollRow, Vote
from amana.kernel.ids import ConversationId, OrgId, Seq, UserId
from amana.storage.database import Tx


@dataclass(frozen=True, slots=True)
class Standing:
    """Where it is said how a poll stands, and what the viewer chose.

    Attributes:
        my_seq: the event of the viewer's vote; None without one.
    """

    seq: Seq
    closed_ts: int | None
    shown_seq: Seq
    my_seq: Seq | None


def _poll(row: asyncpg.Record) -> PollRow:
    return PollRow(**dict(row))


async def insert(tx: Tx, org_id: OrgId, conversation_id: ConversationId, poll: PollRow) -> None:
    await tx.run(
        """
        INSERT INTO poll (org_id, conversation_id, seq, anonymous, closes_at, box)
        VALUES (:org_id, :conversation_id, :seq, :anonymous, :closes_at, :box)
        """,
        org_id=org_id,
        conversation_id=conversation_id,
        seq=poll.seq,
        anonymous=poll.anonymous,
        closes_at=poll.closes_at,
        box=poll.box,
    )


async def find(tx: Tx, conversation_id: ConversationId, seq: Seq) -> PollRow | None:
    """The poll at this message; whoever asks has found the message for its reader."""
    row = await tx.one(
        """
        SELECT seq, anonymous, closes_at, closed_ts, shown_seq, box FROM poll
         WHERE conversation_id = :conversation_id AND seq = :seq
        """,
        conversation_id=conversation_id,
        seq=seq,
    )
    return None if row is None else _poll(row)


async def put_box(tx: Tx, conversation_id: ConversationId, seq: Seq, box: bytes) -> None:
    await tx.run(
        "UPDATE poll SET box = :box WHERE conversation_id = :conversation_id AND seq = :seq",
        conversation_id=conversation_id,
        seq=seq,
        box=box,
    )


async def show(tx: Tx, conversation_id: ConversationId, seq: Seq, event_seq: Seq) -> None:
    """From now on this event says how the poll stands."""
    await tx.run(
        "UPDATE poll SET shown_seq = :event_seq WHERE conversation_id = :conversation_id AND seq = :seq",
        conversation_id=conversation_id,
        seq=seq,
        event_seq=event_seq,
    )


async def close(tx: Tx, conversation_id: ConversationId, seq: Seq, *, event_seq: Seq, ts_ms: int) -> None:
    """Nobody votes any more, and there is no box."""
    await tx.run(
        """
        UPDATE poll SET closed_ts = :ts, shown_seq = :event_seq, box = NULL
         WHERE conversation_id = :conversation_id AND seq = :seq
        """,
        conversation_id=conversation_id,
        seq=seq,
        event_seq=event_seq,
        ts=ts_ms,
    )


async def find_vote(tx: Tx, conversation_id: ConversationId, seq: Seq, user_id: UserId) -> Seq | None:
    """The event of somebody's vote in a named poll."""
    row = await tx.one(
        """
        SELECT event_seq FROM poll_vote
         WHERE conversation_id = :conversation_id AND seq = :seq AND user_id = :user_id
        """,
        conversation_id=conversation_id,
        seq=seq,
        user_id=user_id,
    )
    return None if row is None else row["event_seq"]


async def put_vote(
    tx: Tx, org_id: OrgId, conversation_id: ConversationId, seq: Seq, user_id: UserId, *, event_seq: Seq
) -> None:
    """The person's vote is the one of this event now."""
    await tx.run(
        """
        INSERT INTO poll_vote (org_id, conversation_id, seq, user_id, event_seq)
        VALUES (:org_id, :conversation_id, :seq, :user_id, :event_seq)
        ON CONFLICT (conversation_id, seq, user_id) DO UPDATE SET event_seq = excluded.event_seq
        """,
        org_id=org_id,
        conversation_id=conversation_id,
        seq=seq,
        user_id=user_id,
        event_seq=event_seq,
    )


async def delete_vote(tx: Tx, conversation_id: ConversationId, seq: Seq, user_id: UserId) -> None:
    await tx.run(
        """
        DELETE FROM poll_vote
         WHERE conversation_id = :conversation_id AND seq = :seq AND user_id = :user_id
        """,
        conversation_id=conversation_id,
        seq=seq,
        user_id=user_id,
    )


async def list_votes(
    tx: Tx, conversation_id: ConversationId, viewer: UserId, seq: Seq, *, after: Seq, limit: int
) -> list[Vote]:
    """Who voted in a named poll, by the place of their votes; nobody where ``viewer`` may not see it."""
    rows = await tx.all(
        """
        SELECT v.seq, v.user_id, v.event_seq
          FROM poll_vote v JOIN member m ON m.conversation_id = v.conversation_id AND m.user_id = :viewer
         WHERE v.conversation_id = :conversation_id AND v.seq = :seq AND v.event_seq > :after
           AND v.seq >= m.visible_from
         ORDER BY v.event_seq LIMIT :limit
        """,
        conversation_id=conversation_id,
        viewer=viewer,
        seq=seq,
        after=after,
        limit=limit,
    )
    return [Vote(*row) for row in rows]


async def votes_of_person(
    tx: Tx, conversation_id: ConversationId, user_id: UserId, event_seqs: Sequence[Seq]
) -> list[Vote]:
    """One person's votes that were cast by these events and stand still, oldest first."""
    rows = await tx.all(
        """
        SELECT seq, user_id, event_seq FROM poll_vote
         WHERE conversation_id = :conversation_id AND user_id = :user_id AND event_seq = ANY(:event_seqs)
         ORDER BY event_seq
        """,
        conversation_id=conversation_id,
        user_id=user_id,
        event_seqs=list(event_seqs),
    )
    return [Vote(*row) for row in rows]


async def standings(
    tx: Tx, conversation_id: ConversationId, viewer: UserId, seqs: Sequence[Seq]
) -> list[Standing]:
    """How polls at these messages stand, as far as ``viewer`` sees them and there is something to say."""
    rows = await tx.fetch(
        """
        SELECT p.seq, p.closed_ts, p.shown_seq, v.event_seq
          FROM poll p
          JOIN member m ON m.conversation_id = p.conversation_id AND m.user_id = $2
          LEFT JOIN poll_vote v ON v.conversation_id = p.conversation_id AND v.seq = p.seq AND v.user_id = $2
         WHERE p.conversation_id = $1 AND p.seq = ANY($3) AND p.seq >= m.visible_from
           AND p.shown_seq IS NOT NULL
        """,
        conversation_id,
        viewer,
        list(seqs),
    )
    return [Standing(*row) for row in rows]


async def boxes_between(tx: Tx, conversation_id: ConversationId, *, after: Seq, upto: Seq) -> list[PollRow]:
    """The polls posted at these places whose box is still open."""
    rows = await tx.all(
        """
        SELECT seq, anonymous, closes_at, closed_ts, shown_seq, box FROM poll
         WHERE conversation_id = :conversation_id AND seq > :after AND seq <= :upto AND box IS NOT NULL
         ORDER BY seq
        """,
        conversation_id=conversation_id,
        after=after,
        upto=upto,
    )
    return [_poll(row) for row in rows]


async def shown_by(tx: Tx, conversation_id: ConversationId, event_seqs: Sequence[Seq]) -> list[PollRow]:
    """The named polls of which one of these votes is the newest."""
    rows = await tx.all(
        """
        SELECT seq, anonymous, closes_at, closed_ts, shown_seq, box FROM poll
         WHERE conversation_id = :conversation_id AND shown_seq = ANY(:event_seqs) AND NOT anonymous
         ORDER BY seq
        """,
        conversation_id=conversation_id,
        event_seqs=list(event_seqs),
    )
    return [_poll(row) for row in rows]


async def delete_of_messages(tx: Tx, conversation_id: ConversationId, seqs: Sequence[Seq]) -> list[Seq]:
    """Forget the polls of these messages and who voted; gives those that had been polls."""
    gone = await tx.fetch(
        "DELETE FROM poll WHERE conversation_id = $1 AND seq = ANY($2) RETURNING seq",
        conversation_id,
        list(seqs),
    )
    polls = sorted(row["seq"] for row in gone)
    if polls:
        await tx.fetch(
            "DELETE FROM poll_vote WHERE conversation_id = $1 AND seq = ANY($2)", conversation_id, polls
        )
    return polls

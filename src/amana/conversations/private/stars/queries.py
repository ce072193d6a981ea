"""The SQL of stars. Every statement is about one person's own."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from amana.kernel.ids import ConversationId, OrgId, Seq, UserId
from amana.storage.database import Tx


@dataclass(frozen=True, slots=True)
class StarRow:
    """One star; ``no`` grows with every star that a person sets."""

    conversation_id: ConversationId
    seq: Seq
    no: int
    starred_at: datetime


async def has_star(tx: Tx, user_id: UserId, conversation_id: ConversationId, seq: Seq) -> bool:
    found = await tx.value(
        """
        SELECT EXISTS (SELECT FROM private_star
                        WHERE user_id = :user_id AND conversation_id = :conversation_id AND seq = :seq)
        """,
        user_id=user_id,
        conversation_id=conversation_id,
        seq=seq,
    )
    return bool(found)


async def count_stars(tx: Tx, user_id: UserId) -> int:
    found = await tx.value("SELECT count(*) FROM private_star WHERE user_id = :user_id", user_id=user_id)
    return cast(int, found)


async def insert_star(tx: Tx, org_id: OrgId, user_id: UserId, star: StarRow) -> None:
    """Store a star; one that is there stays."""
    await tx.run(
        """
        INSERT INTO private_star (org_id, user_id, conversation_id, seq, no, starred_at)
        VALUES (:org_id, :user_id, :conversation_id, :seq, :no, :starred_at) ON CONFLICT DO NOTHING
        """,
        org_id=org_id,
        user_id=user_id,
        conversation_id=star.conversation_id,
        seq=star.seq,
        no=star.no,
        starred_at=star.starred_at,
    )


async def delete_star(tx: Tx, user_id: UserId, conversation_id: ConversationId, seq: Seq) -> bool:
    """Take a star away; False when there was none."""
    gone = await tx.run(
        """
        DELETE FROM private_star
         WHERE user_id = :user_id AND conversation_id = :conversation_id AND seq = :seq
        """,
        user_id=user_id,
        conversation_id=conversation_id,
        seq=seq,
    )
    return gone == 1


async def list_stars(tx: Tx, user_id: UserId, *, before: int, limit: int) -> list[StarRow]:
    """The newest stars before ``before``, the newest first."""
    rows = await tx.all(
        """
        SELECT conversation_id, seq, no, starred_at FROM private_star
         WHERE user_id = :user_id AND no < :before ORDER BY no DESC LIMIT :limit
        """,
        user_id=user_id,
        before=before,
        limit=limit,
    )
    return [StarRow(*row) for row in rows]


async def starred_of(
    tx: Tx, user_id: UserId, conversation_id: ConversationId, seqs: Sequence[Seq]
) -> frozenset[Seq]:
    """Which of these messages have a star."""
    rows = await tx.all(
        """
        SELECT seq FROM private_star
         WHERE user_id = :user_id AND conversation_id = :conversation_id AND seq = ANY(:seqs)
        """,
        user_id=user_id,
        conversation_id=conversation_id,
        seqs=list(seqs),
    )
    return frozenset(Seq(row["seq"]) for row in rows)

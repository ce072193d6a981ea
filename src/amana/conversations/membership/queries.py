"""The SQL of who shares what with whom."""

from collections.abc import Sequence
from dataclasses import dataclass

from amana.conversations.model import Kind, MemberRole
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


async def who_of(tx: Tx, conversation_id: ConversationId, user_ids: Sequence[UserId]) -> frozenset[UserId]:
    """Those of these people who are in a conversation now."""
    rows = await tx.all(
        "SELECT user_id FROM member WHERE conversation_id = :id AND user_id = ANY(:users)",
        id=conversation_id,
        users=list(user_ids),
    )
    return frozenset(row["user_id"] for row in rows)


async def who_stayed(tx: Tx, conversation_id: ConversationId) -> frozenset[UserId]:
    """Everyone whose stay in a conversation has not ended, as its history says."""
    rows = await tx.all(
        "SELECT user_id FROM membership WHERE conversation_id = :id AND left_seq IS NULL", id=conversation_id
    )
    return frozenset(row["user_id"] for row in rows)


async def next_stay(tx: Tx, user_id: UserId, after: ConversationId | None) -> ConversationId | None:
    """The first conversation after ``after``, by id, which this person is or ever was in, or holds."""
    row = await tx.one(
        """
        SELECT conversation_id
          FROM ((SELECT conversation_id FROM membership
                  WHERE user_id = :user_id AND (:after::uuid IS NULL OR conversation_id > :after::uuid)
                  ORDER BY conversation_id LIMIT 1)
                UNION ALL
                (SELECT conversation_id FROM conversation
                  WHERE in_custody AND owner_id = :user_id
                    AND (:after::uuid IS NULL OR conversation_id > :after::uuid)
                  ORDER BY conversation_id LIMIT 1)) found
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


async def longest_deputy(tx: Tx, conversation_id: ConversationId, *, without: UserId) -> UserId | None:
    """The deputy who has been in it longest; None when there is none."""
    row = await tx.one(
        """
        SELECT user_id FROM member
         WHERE conversation_id = :conversation_id AND user_id <> :without AND role = :deputy::smallint
         ORDER BY joined_seq, user_id LIMIT 1
        """,
        conversation_id=conversation_id,
        without=without,
        deputy=int(MemberRole.DEPUTY),
    )
    return None if row is None else UserId(row["user_id"])


async def update_role(tx: Tx, conversation_id: ConversationId, user_id: UserId, role: MemberRole) -> None:
    await tx.run(
        """
        UPDATE member SET role = :role::smallint
         WHERE conversation_id = :conversation_id AND user_id = :user_id
        """,
        role=int(role),
        conversation_id=conversation_id,
        user_id=user_id,
    )


@dataclass(frozen=True, slots=True)
class InCustody:
    """A room whose owner is not in it; the title is still sealed."""

    conversation_id: ConversationId
    kind: Kind
    title: bytes
    members: list[UserId]


async def list_in_custody(tx: Tx, *, limit: int, members: int) -> list[InCustody]:
    """Open rooms in which nobody could follow the owner, each with its first ``members`` members by id."""
    rows = await tx.all(
        """
        SELECT c.conversation_id, c.kind, c.title,
               ARRAY(SELECT m.user_id FROM member m WHERE m.conversation_id = c.conversation_id
                      ORDER BY m.user_id LIMIT :members) AS members
          FROM conversation c
         WHERE c.in_custody AND c.closed_at IS NULL
         ORDER BY c.conversation_id LIMIT :limit
        """,
        limit=limit,
        members=members,
    )
    return [
        InCustody(row["conversation_id"], Kind(row["kind"]), row["title"], [*row["members"]]) for row in rows
    ]


async def every_membership(tx: Tx) -> frozenset[tuple[ConversationId, UserId]]:
    """Who is in which conversation now, in the whole organisation."""
    rows = await tx.all(
        "SELECT conversation_id, user_id FROM member WHERE org_id = :org_id", org_id=tx.org_id
    )
    return frozenset((row["conversation_id"], row["user_id"]) for row in rows)

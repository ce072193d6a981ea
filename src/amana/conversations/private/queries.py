"""The SQL that all of this package needs: who may keep something here, and ending all of it."""

from collections.abc import Sequence
from dataclasses import dataclass

from amana.conversations.private.model import DraftMark, MySide
from amana.kernel.clock import unix_ms
from amana.kernel.ids import ConversationId, Seq, UserId
from amana.storage.database import Tx

# What ends with a stay, and with the person, table by table.
_OF_A_STAY = ("private_draft", "private_star", "private_place", "private_reminder")
_OF_A_PERSON = (*_OF_A_STAY, "private_section", "private_preferences")


@dataclass(frozen=True, slots=True)
class Stay:
    """A person's membership that cannot end before this transaction does."""

    visible_from: Seq
    read_seq: Seq


async def hold_stay(tx: Tx, conversation_id: ConversationId, user_id: UserId) -> Stay | None:
    """Keep a membership until the transaction ends; None when there is none.

    So nothing is stored for somebody who leaves at the same moment: ending a stay waits, and takes it away.
    """
    row = await tx.one(
        """
        SELECT visible_from, read_seq FROM member
         WHERE conversation_id = :conversation_id AND user_id = :user_id FOR KEY SHARE
        """,
        conversation_id=conversation_id,
        user_id=user_id,
    )
    return None if row is None else Stay(*row)


async def sides(
    tx: Tx, user_id: UserId, conversation_ids: Sequence[ConversationId]
) -> dict[ConversationId, MySide]:
    """The private side of those conversations that have any."""
    places = await tx.all(
        """
        SELECT conversation_id, muted_until, archived, unread_at, pinned_at, section_id FROM private_place
         WHERE user_id = :user_id AND conversation_id = ANY(:ids)
        """,
        user_id=user_id,
        ids=list(conversation_ids),
    )
    drafts = await tx.all(
        """
        SELECT conversation_id, revision, saved_at FROM private_draft
         WHERE user_id = :user_id AND conversation_id = ANY(:ids) AND thread = 0 AND sealed IS NOT NULL
        """,
        user_id=user_id,
        ids=list(conversation_ids),
    )
    marks = {
        row["conversation_id"]: DraftMark(revision=row["revision"], at=unix_ms(row["saved_at"]))
        for row in drafts
    }
    found = {room: MySide(draft=mark) for room, mark in marks.items()}
    for row in places:
        muted, pinned = row["muted_until"], row["pinned_at"]
        found[row["conversation_id"]] = MySide(
            muted_until=None if muted is None else unix_ms(muted),
            archived=row["archived"],
            unread_at=row["unread_at"],
            pinned_at=None if pinned is None else unix_ms(pinned),
            section_id=row["section_id"],
            draft=marks.get(row["conversation_id"]),
        )
    return found


async def pinned(tx: Tx, user_id: UserId) -> list[ConversationId]:
    """The conversations that somebody keeps on top of their list."""
    rows = await tx.all(
        "SELECT conversation_id FROM private_place WHERE user_id = :user_id AND pinned_at IS NOT NULL",
        user_id=user_id,
    )
    return [row["conversation_id"] for row in rows]


async def delete_stay(tx: Tx, conversation_id: ConversationId, user_id: UserId) -> None:
    """Delete what a person kept about one conversation."""
    for table in _OF_A_STAY:
        await tx.run(
            f"DELETE FROM {table} WHERE user_id = :user_id AND conversation_id = :conversation_id",  # noqa: S608
            user_id=user_id,
            conversation_id=conversation_id,
        )


async def delete_person(tx: Tx, user_id: UserId) -> None:
    """Delete everything that a person kept for themselves."""
    for table in _OF_A_PERSON:
        await tx.run(f"DELETE FROM {table} WHERE user_id = :user_id", user_id=user_id)  # noqa: S608

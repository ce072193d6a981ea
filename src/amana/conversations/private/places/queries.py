"""The SQL of places in a person's list. Every statement is about one person's own."""

from dataclasses import dataclass
from datetime import datetime
from typing import cast
from uuid import UUID

from amana.kernel.ids import ConversationId, OrgId, Seq, UserId
from amana.storage.database import Tx


@dataclass(frozen=True, slots=True)
class PlaceRow:
    """Where one conversation stands; see ``Switches``."""

    muted_until: datetime | None
    archived: bool
    unread_at: Seq | None
    pinned_at: datetime | None
    section_id: UUID | None


async def lock_place(tx: Tx, org_id: OrgId, user_id: UserId, conversation_id: ConversationId) -> PlaceRow:
    """The place of a conversation, made if there is none; nobody else changes it meanwhile."""
    await tx.run(
        """
        INSERT INTO private_place (org_id, user_id, conversation_id)
        VALUES (:org_id, :user_id, :conversation_id) ON CONFLICT DO NOTHING
        """,
        org_id=org_id,
        user_id=user_id,
        conversation_id=conversation_id,
    )
    row = await tx.one(
        """
        SELECT muted_until, archived, unread_at, pinned_at, section_id FROM private_place
         WHERE user_id = :user_id AND conversation_id = :conversation_id FOR UPDATE
        """,
        user_id=user_id,
        conversation_id=conversation_id,
    )
    if row is None:
        raise RuntimeError("A place ended while its stay was held.")
    return PlaceRow(*row)


async def put_place(tx: Tx, user_id: UserId, conversation_id: ConversationId, place: PlaceRow) -> None:
    """Store it; the caller holds the row."""
    await tx.run(
        """
        UPDATE private_place
           SET muted_until = :muted_until, archived = :archived, unread_at = :unread_at,
               pinned_at = :pinned_at, section_id = :section_id
         WHERE user_id = :user_id AND conversation_id = :conversation_id
        """,
        user_id=user_id,
        conversation_id=conversation_id,
        muted_until=place.muted_until,
        archived=place.archived,
        unread_at=place.unread_at,
        pinned_at=place.pinned_at,
        section_id=place.section_id,
    )


async def count_pinned(tx: Tx, user_id: UserId) -> int:
    found = await tx.value(
        "SELECT count(*) FROM private_place WHERE user_id = :user_id AND pinned_at IS NOT NULL",
        user_id=user_id,
    )
    return cast(int, found)


async def hold_section(tx: Tx, user_id: UserId, section_id: UUID) -> bool:
    """Keep a folder until the transaction ends; False when the person has none with this id."""
    row = await tx.one(
        """
        SELECT section_id FROM private_section
         WHERE user_id = :user_id AND section_id = :section_id FOR KEY SHARE
        """,
        user_id=user_id,
        section_id=section_id,
    )
    return row is not None


async def empty_section(tx: Tx, user_id: UserId, section_id: UUID) -> None:
    """Take every conversation out of a folder."""
    await tx.run(
        "UPDATE private_place SET section_id = NULL WHERE user_id = :user_id AND section_id = :section_id",
        user_id=user_id,
        section_id=section_id,
    )

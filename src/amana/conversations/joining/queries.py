"""The SQL of links into a room."""

from datetime import datetime
from uuid import UUID

import asyncpg

from amana.conversations.joining.model import RoomLink
from amana.kernel.ids import ConversationId, UserId
from amana.storage.database import Tx

_LINK = """org_id, conversation_id, link_id, made_by, made_at, expires_at, max_uses, uses, approval,
    revoked_at"""


async def insert_link(tx: Tx, link: RoomLink, secret_hash: bytes) -> None:
    await tx.run(
        """
        INSERT INTO room_link (org_id, conversation_id, link_id, secret_hash, made_by, made_at, expires_at,
                               max_uses, approval)
        VALUES (:org_id, :conversation_id, :link_id, :secret_hash, :made_by, :made_at, :expires_at,
                :max_uses, :approval)
        """,
        org_id=link.org_id,
        conversation_id=link.conversation_id,
        link_id=link.link_id,
        secret_hash=secret_hash,
        made_by=link.made_by,
        made_at=link.made_at,
        expires_at=link.expires_at,
        max_uses=link.max_uses,
        approval=link.approval,
    )


async def find_link(tx: Tx, conversation_id: ConversationId, secret_hash: bytes) -> RoomLink | None:
    row = await tx.one(
        f"""
        SELECT {_LINK} FROM room_link
         WHERE conversation_id = :conversation_id AND secret_hash = :secret_hash
        """,  # noqa: S608  constant columns
        conversation_id=conversation_id,
        secret_hash=secret_hash,
    )
    return None if row is None else _link(row)


async def list_working(tx: Tx, conversation_id: ConversationId, *, now: datetime) -> list[RoomLink]:
    """Links that still let somebody in, as far as they say themselves; the newest first."""
    rows = await tx.all(
        f"""
        SELECT {_LINK} FROM room_link
         WHERE conversation_id = :conversation_id AND revoked_at IS NULL AND expires_at > :now
           AND uses < max_uses
         ORDER BY made_at DESC, link_id
        """,  # noqa: S608  constant columns
        conversation_id=conversation_id,
        now=now,
    )
    return [_link(row) for row in rows]


async def count_use(tx: Tx, link: RoomLink) -> None:
    """Count one use; the caller holds the head's lock of the room and has looked whether one is left."""
    await tx.run(
        """
        UPDATE room_link SET uses = uses + 1
         WHERE conversation_id = :conversation_id AND link_id = :link_id
        """,
        conversation_id=link.conversation_id,
        link_id=link.link_id,
    )


async def revoke_link(tx: Tx, conversation_id: ConversationId, link_id: UUID, *, now: datetime) -> bool:
    """Withdraw it; False when there is none that was not withdrawn."""
    count = await tx.run(
        """
        UPDATE room_link SET revoked_at = :now
         WHERE conversation_id = :conversation_id AND link_id = :link_id AND revoked_at IS NULL
        """,
        conversation_id=conversation_id,
        link_id=link_id,
        now=now,
    )
    return count == 1


async def revoke_links_of(tx: Tx, conversation_id: ConversationId, user_id: UserId, *, now: datetime) -> None:
    """Withdraw every link that somebody made who leaves: coming back does not wake them up."""
    await tx.run(
        """
        UPDATE room_link SET revoked_at = :now
         WHERE conversation_id = :conversation_id AND made_by = :user_id AND revoked_at IS NULL
        """,
        conversation_id=conversation_id,
        user_id=user_id,
        now=now,
    )


async def was_here(tx: Tx, conversation_id: ConversationId, user_id: UserId) -> bool:
    """Whether a stay of this person has ended here."""
    found = await tx.value(
        """
        SELECT EXISTS (SELECT FROM membership
                        WHERE conversation_id = :conversation_id AND user_id = :user_id
                          AND left_seq IS NOT NULL)
        """,
        conversation_id=conversation_id,
        user_id=user_id,
    )
    return bool(found)


def _link(row: asyncpg.Record) -> RoomLink:
    return RoomLink(*row)

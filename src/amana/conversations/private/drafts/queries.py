"""The SQL of drafts. Every statement is about one person's own."""

from dataclasses import dataclass
from datetime import datetime

from amana.kernel.ids import ConversationId, OrgId, UserId
from amana.storage.database import Tx


@dataclass(frozen=True, slots=True)
class DraftRow:
    """A draft as stored; ``sealed`` is None when nothing is left of it."""

    conversation_id: ConversationId
    thread: int
    revision: int
    saved_at: datetime
    sealed: bytes | None


_COLUMNS = "conversation_id, thread, revision, saved_at, sealed"


async def lock_draft(
    tx: Tx, org_id: OrgId, user_id: UserId, conversation_id: ConversationId, thread: int, *, now: datetime
) -> DraftRow:
    """The draft of one place, made empty if there is none; nobody else saves it meanwhile."""
    await tx.run(
        """
        INSERT INTO private_draft (org_id, user_id, conversation_id, thread, revision, saved_at)
        VALUES (:org_id, :user_id, :conversation_id, :thread, 0, :now) ON CONFLICT DO NOTHING
        """,
        org_id=org_id,
        user_id=user_id,
        conversation_id=conversation_id,
        thread=thread,
        now=now,
    )
    row = await tx.one(
        f"""
        SELECT {_COLUMNS} FROM private_draft
         WHERE user_id = :user_id AND conversation_id = :conversation_id AND thread = :thread FOR UPDATE
        """,  # noqa: S608  constant columns
        user_id=user_id,
        conversation_id=conversation_id,
        thread=thread,
    )
    if row is None:
        raise RuntimeError("A draft ended while its stay was held.")
    return DraftRow(*row)


async def put_draft(tx: Tx, user_id: UserId, draft: DraftRow) -> None:
    """Store what is kept now; the caller holds the row."""
    await tx.run(
        """
        UPDATE private_draft SET revision = :revision, saved_at = :saved_at, sealed = :sealed
         WHERE user_id = :user_id AND conversation_id = :conversation_id AND thread = :thread
        """,
        user_id=user_id,
        conversation_id=draft.conversation_id,
        thread=draft.thread,
        revision=draft.revision,
        saved_at=draft.saved_at,
        sealed=draft.sealed,
    )


async def list_drafts(
    tx: Tx, user_id: UserId, *, after: tuple[ConversationId, int], limit: int
) -> list[DraftRow]:
    """Drafts that are not empty, by conversation and thread, after this place."""
    rows = await tx.all(
        f"""
        SELECT {_COLUMNS} FROM private_draft
         WHERE user_id = :user_id AND sealed IS NOT NULL
           AND (conversation_id, thread) > (:room::uuid, :thread::bigint)
         ORDER BY conversation_id, thread LIMIT :limit
        """,  # noqa: S608  constant columns
        user_id=user_id,
        room=after[0],
        thread=after[1],
        limit=limit,
    )
    return [DraftRow(*row) for row in rows]


async def find_draft(
    tx: Tx, user_id: UserId, conversation_id: ConversationId, thread: int
) -> DraftRow | None:
    row = await tx.one(
        f"""
        SELECT {_COLUMNS} FROM private_draft
         WHERE user_id = :user_id AND conversation_id = :conversation_id AND thread = :thread
        """,  # noqa: S608  constant columns
        user_id=user_id,
        conversation_id=conversation_id,
        thread=thread,
    )
    return None if row is None else DraftRow(*row)

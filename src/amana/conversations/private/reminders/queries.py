"""The SQL of reminders."""

from dataclasses import dataclass
from datetime import datetime
from typing import cast
from uuid import UUID

from amana.kernel.ids import ConversationId, OrgId, Seq, UserId
from amana.storage.database import Tx


@dataclass(frozen=True, slots=True)
class ReminderRow:
    """One reminder; ``fired_at`` is None until it was due, ``sealed`` without a note."""

    reminder_id: UUID
    conversation_id: ConversationId
    seq: Seq | None
    due_at: datetime
    fired_at: datetime | None
    sealed: bytes | None


_COLUMNS = "reminder_id, conversation_id, seq, due_at, fired_at, sealed"


async def list_reminders(tx: Tx, user_id: UserId) -> list[ReminderRow]:
    """Every reminder of a person, the next one first."""
    rows = await tx.all(
        f"""
        SELECT {_COLUMNS} FROM private_reminder WHERE user_id = :user_id ORDER BY due_at, reminder_id
        """,  # noqa: S608  constant columns
        user_id=user_id,
    )
    return [ReminderRow(*row) for row in rows]


async def lock_reminder(tx: Tx, user_id: UserId, reminder_id: UUID) -> ReminderRow | None:
    """One reminder of a person, for a change."""
    row = await tx.one(
        f"""
        SELECT {_COLUMNS} FROM private_reminder
         WHERE user_id = :user_id AND reminder_id = :reminder_id FOR UPDATE
        """,  # noqa: S608  constant columns
        user_id=user_id,
        reminder_id=reminder_id,
    )
    return None if row is None else ReminderRow(*row)


async def count_reminders(tx: Tx, user_id: UserId) -> int:
    found = await tx.value("SELECT count(*) FROM private_reminder WHERE user_id = :user_id", user_id=user_id)
    return cast(int, found)


async def put_reminder(tx: Tx, org_id: OrgId, user_id: UserId, reminder: ReminderRow) -> None:
    """Store a reminder, new or changed."""
    await tx.run(
        """
        INSERT INTO private_reminder (org_id, user_id, reminder_id, conversation_id, seq, due_at, fired_at,
                                      sealed)
        VALUES (:org_id, :user_id, :reminder_id, :conversation_id, :seq, :due_at, :fired_at, :sealed)
        ON CONFLICT (user_id, reminder_id) DO UPDATE
           SET conversation_id = excluded.conversation_id, seq = excluded.seq, due_at = excluded.due_at,
               fired_at = excluded.fired_at, sealed = excluded.sealed
        """,
        org_id=org_id,
        user_id=user_id,
        reminder_id=reminder.reminder_id,
        conversation_id=reminder.conversation_id,
        seq=reminder.seq,
        due_at=reminder.due_at,
        fired_at=reminder.fired_at,
        sealed=reminder.sealed,
    )


async def delete_reminder(tx: Tx, user_id: UserId, reminder_id: UUID) -> ReminderRow | None:
    """Take a reminder away; gives what it was."""
    row = await tx.one(
        f"""
        DELETE FROM private_reminder
         WHERE user_id = :user_id AND reminder_id = :reminder_id RETURNING {_COLUMNS}
        """,  # noqa: S608  constant columns
        user_id=user_id,
        reminder_id=reminder_id,
    )
    return None if row is None else ReminderRow(*row)


async def set_fired(tx: Tx, user_id: UserId, reminder_id: UUID, *, now: datetime) -> None:
    """The person is reminded; the caller holds the row."""
    await tx.run(
        """
        UPDATE private_reminder SET fired_at = :now
         WHERE user_id = :user_id AND reminder_id = :reminder_id
        """,
        user_id=user_id,
        reminder_id=reminder_id,
        now=now,
    )


async def ids_of(tx: Tx, user_id: UserId, conversation_id: ConversationId | None) -> list[UUID]:
    """A person's reminders of one conversation, or of all."""
    rows = await tx.all(
        """
        SELECT reminder_id FROM private_reminder
         WHERE user_id = :user_id AND (:room::uuid IS NULL OR conversation_id = :room::uuid)
        """,
        user_id=user_id,
        room=conversation_id,
    )
    return [row["reminder_id"] for row in rows]

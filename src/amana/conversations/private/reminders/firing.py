"""Firing a reminder when it is due, whether the person is here or not: a job of its own for each."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final
from uuid import UUID

from amana.conversations.model import uuid8
from amana.conversations.private.events import REMINDER_CHANGED, ReminderChanged, detail_of
from amana.conversations.private.reminders import queries
from amana.conversations.private.reminders.queries import ReminderRow
from amana.events.log import Log
from amana.kernel.clock import Clock, unix_ms
from amana.kernel.ids import ConversationId, UserId
from amana.storage import jobs
from amana.storage.database import Tx
from amana.storage.jobs import Job

KIND: Final = "reminder"


def job_id(user_id: UserId, reminder_id: UUID) -> UUID:
    """The subject of a reminder's job. Clients choose the ids of reminders: two may choose the same."""
    return uuid8(b"amana/reminder/v1" + user_id.bytes + reminder_id.bytes)


def job_detail(user_id: UserId, reminder_id: UUID) -> dict[str, object]:
    """What the job has to know."""
    return {"user_id": str(user_id), "reminder_id": str(reminder_id)}


def said_of(row: ReminderRow, state: str) -> ReminderChanged:
    """The event of a reminder; ``state`` is ``set``, ``fired`` or ``removed``."""
    return ReminderChanged(reminder_id=row.reminder_id, due_at=unix_ms(row.due_at), state=state)


async def drop_jobs(tx: Tx, user_id: UserId, conversation_id: ConversationId | None) -> None:
    """Remind nobody of this conversation, or (None) of anything; call it before the rows are deleted."""
    found = await queries.ids_of(tx, user_id, conversation_id)
    for subject in _in_order(user_id, found):
        await jobs.drop(tx, KIND, subject)


def _in_order(user_id: UserId, reminder_ids: Iterable[UUID]) -> list[UUID]:
    return sorted(job_id(user_id, reminder_id) for reminder_id in reminder_ids)


class Reminding:
    """What is done with the jobs of this kind."""

    def __init__(self, log: Log, clock: Clock) -> None:
        self._log = log
        self._clock = clock

    async def run(self, tx: Tx, job: Job) -> datetime | None:
        """Remind the person: marking it and telling them is one transaction, so it happens once."""
        user_id = UserId(UUID(str(job.detail["user_id"])))
        reminder_id = UUID(str(job.detail["reminder_id"]))
        row = await queries.lock_reminder(tx, user_id, reminder_id)
        if row is None or row.fired_at is not None:
            return None
        await queries.set_fired(tx, user_id, reminder_id, now=self._clock.now())
        await self._log.append_user(
            tx,
            user_id,
            REMINDER_CHANGED,
            conversation_id=row.conversation_id,
            seq=row.seq,
            detail=detail_of(said_of(row, "fired")),
        )
        return None

    async def give_up(self, tx: Tx, job: Job, reason: str) -> datetime | None:
        """It stays in the list as one that is overdue; there is nobody else to tell."""
        return None

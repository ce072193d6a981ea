"""Reminders: set, moved, taken away, listed. When they are due, ``firing`` reminds."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

import msgspec

from amana.conversations.messages.model import Entry
from amana.conversations.messages.pages import Pages
from amana.conversations.model import check_text
from amana.conversations.private.desk import PrivateDesk
from amana.conversations.private.errors import ReminderNotFound, TooManyReminders
from amana.conversations.private.events import REMINDER_CHANGED
from amana.conversations.private.model import MAX_NOTE, MAX_REMINDERS
from amana.conversations.private.reminders import queries
from amana.conversations.private.reminders.firing import KIND, job_detail, job_id, said_of
from amana.conversations.private.reminders.queries import ReminderRow
from amana.conversations.private.showing import shown
from amana.kernel.actor import Actor
from amana.kernel.clock import from_unix_ms, unix_ms
from amana.kernel.ids import ConversationId, Seq
from amana.storage import jobs
from amana.storage.database import Tx
from amana.vault import PrivateSealed

PURPOSE: Final = "reminder"


class Reminder(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody wants to be reminded of.

    Attributes:
        seq: the message; null: the conversation as a whole.
        due_at: Unix milliseconds.
        fired_at: when the person was reminded; null before that.
        note: what the person wrote for themselves.
        entry: the message in its current state; null when the person may not see it any more.
    """

    reminder_id: UUID
    conversation_id: UUID
    seq: int | None
    due_at: int
    fired_at: int | None
    note: str | None
    entry: Entry | None


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants to be reminded of; ``due_ms`` in Unix milliseconds."""

    reminder_id: UUID
    conversation_id: ConversationId
    seq: Seq | None
    due_ms: int
    note: str = ""


class ReminderService:
    """A person's own reminders."""

    def __init__(self, desk: PrivateDesk, pages: Pages) -> None:
        self._desk = desk
        self._pages = pages

    async def put(self, tx: Tx, actor: Actor, wish: Wish) -> None:
        """Set a reminder, or change one: a new time reminds again. Repeating it changes nothing.

        Raises:
            ConversationNotFound, MessageNotFound, TextTooLong, TextInvalid, TooManyReminders
        """
        note = check_text(wish.note, field="note", limit=MAX_NOTE).strip()
        stay = await self._desk.hold(tx, actor, wish.conversation_id)
        if wish.seq is not None:
            await self._desk.require_message(tx, stay, wish.conversation_id, wish.seq)
        subject = job_id(actor.user_id, wish.reminder_id)
        await jobs.lock(tx, KIND, subject)
        known = await queries.lock_reminder(tx, actor.user_id, wish.reminder_id)
        if known is None and await queries.count_reminders(tx, actor.user_id) >= MAX_REMINDERS:
            raise TooManyReminders
        due_at = from_unix_ms(wish.due_ms)
        if known is not None and await self._says(tx, actor, known, wish, note):
            return
        sealed = await self._desk.seal(tx, actor, PURPOSE, wish.reminder_id, note) if note else None
        fired_at = known.fired_at if known is not None and known.due_at == due_at else None
        row = ReminderRow(wish.reminder_id, wish.conversation_id, wish.seq, due_at, fired_at, sealed)
        await queries.put_reminder(tx, actor.org_id, actor.user_id, row)
        if fired_at is None:
            detail = job_detail(actor.user_id, wish.reminder_id)
            await jobs.put(tx, KIND, subject, due_at, detail=detail)
        await self._tell(tx, actor, row, "set")

    async def take_away(self, tx: Tx, actor: Actor, reminder_id: UUID) -> None:
        """End a reminder: done, or not wanted any more.

        Raises:
            ReminderNotFound
        """
        await jobs.drop(tx, KIND, job_id(actor.user_id, reminder_id))
        row = await queries.delete_reminder(tx, actor.user_id, reminder_id)
        if row is None:
            raise ReminderNotFound
        await self._tell(tx, actor, row, "removed")

    async def all(self, tx: Tx, actor: Actor) -> list[Reminder]:
        """Every reminder, the next one first, each with its message as far as it is visible."""
        rows = await queries.list_reminders(tx, actor.user_id)
        places = [(row.conversation_id, row.seq) for row in rows if row.seq is not None]
        visible = await shown(self._pages, tx, actor, places)
        notes = await self._notes(tx, actor, rows)
        return [
            Reminder(
                reminder_id=row.reminder_id,
                conversation_id=row.conversation_id,
                seq=row.seq,
                due_at=unix_ms(row.due_at),
                fired_at=None if row.fired_at is None else unix_ms(row.fired_at),
                note=notes.get(row.reminder_id),
                entry=None if row.seq is None else visible.get((row.conversation_id, row.seq)),
            )
            for row in rows
        ]

    async def _says(self, tx: Tx, actor: Actor, known: ReminderRow, wish: Wish, note: str) -> bool:
        place = (known.conversation_id, known.seq, known.due_at)
        if place != (wish.conversation_id, wish.seq, from_unix_ms(wish.due_ms)):
            return False
        return (await self._notes(tx, actor, [known])).get(known.reminder_id, "") == note

    async def _notes(self, tx: Tx, actor: Actor, rows: list[ReminderRow]) -> dict[UUID, str]:
        """The notes that there are and that open."""
        sealed = {row.reminder_id: row.sealed for row in rows if row.sealed is not None}
        items = [PrivateSealed(PURPOSE, reminder_id, text) for reminder_id, text in sealed.items()]
        opened = await self._desk.open(tx, actor, items)
        return {
            reminder_id: text
            for reminder_id, text in zip(sealed, opened, strict=True)
            if isinstance(text, str)
        }

    async def _tell(self, tx: Tx, actor: Actor, row: ReminderRow, state: str) -> None:
        await self._desk.tell(
            tx,
            actor,
            REMINDER_CHANGED,
            said_of(row, state),
            conversation_id=row.conversation_id,
            seq=row.seq,
        )

"""Routes of reminders: parse, call, answer."""

from typing import Annotated
from uuid import UUID

import msgspec

from amana.conversations.model import Number
from amana.conversations.private.reminders.service import Reminder, ReminderService, Wish
from amana.http import SELF, Body, Context, endpoint
from amana.kernel.ids import ConversationId, Seq

# Until the year 9999, where dates end.
Milliseconds = Annotated[int, msgspec.Meta(ge=0, le=253_402_300_799_000)]


class ReminderBody(Body):
    """``seq``: the message; null: the conversation as a whole. ``due_at`` in Unix milliseconds."""

    conversation_id: UUID
    due_at: Milliseconds
    seq: Number | None = None
    note: str = ""


class Reminders(msgspec.Struct, frozen=True):
    """Every reminder of the person, the next one first."""

    reminders: list[Reminder]


@endpoint("GET", "/v1/reminders", operation="listReminders", access=SELF)
async def list_reminders(ctx: Context) -> Reminders:
    """List what the person wants to be reminded of, and what they were reminded of and did not end."""
    async with ctx.db.read(ctx.actor.org_id) as tx:
        return Reminders(await ctx.services.get(ReminderService).all(tx, ctx.actor))


@endpoint("PUT", "/v1/reminders/{reminder_id:uuid}", operation="putReminder", access=SELF, status=204)
async def put_reminder(ctx: Context, reminder_id: UUID, data: ReminderBody) -> None:
    """Set a reminder under an id that the client makes, or give one another time."""
    wish = Wish(
        reminder_id,
        ConversationId(data.conversation_id),
        None if data.seq is None else Seq(data.seq),
        data.due_at,
        data.note,
    )
    async with ctx.db.write(ctx.actor.org_id) as tx:
        await ctx.services.get(ReminderService).put(tx, ctx.actor, wish)


@endpoint("DELETE", "/v1/reminders/{reminder_id:uuid}", operation="takeReminderAway", access=SELF, status=204)
async def take_reminder_away(ctx: Context, reminder_id: UUID) -> None:
    """End a reminder: done, or not wanted any more."""
    async with ctx.db.write(ctx.actor.org_id) as tx:
        await ctx.services.get(ReminderService).take_away(tx, ctx.actor, reminder_id)


ROUTES = (list_reminders, put_reminder, take_reminder_away)

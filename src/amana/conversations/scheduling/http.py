"""Routes of what is said later: parse, call, answer."""

from uuid import UUID

import msgspec

from amana.conversations.mentions.model import Naming
from amana.conversations.messages.draft import Draft
from amana.conversations.messages.http import NewMessage
from amana.conversations.model import Number
from amana.conversations.scheduling.errors import RepeatInvalid
from amana.conversations.scheduling.events import KINDS, STATES
from amana.conversations.scheduling.holding import Holding
from amana.conversations.scheduling.recurrence import check_repeat
from amana.conversations.scheduling.service import Scheduling, Shown, When
from amana.http import SELF, Body, Context, endpoint
from amana.kernel.clock import from_unix_ms, unix_ms
from amana.kernel.ids import ClientId, ConversationId
from amana.vault import Unreadable


class RepeatWanted(Body):
    """How something recurs.

    Attributes:
        starts: the first time on the clock of the zone, ``2026-11-23T09:00``.
        zone: an IANA name, ``Europe/Tallinn``.
        rule: an RRULE, ``FREQ=WEEKLY;BYDAY=MO,WE``: daily, weekly, monthly or yearly.
    """

    starts: str
    zone: str
    rule: str


class MessageToSchedule(NewMessage):
    """A message and when it is said: ``at`` (Unix milliseconds), or ``repeat``."""

    at: Number | None = None
    repeat: RepeatWanted | None = None


class Repeated(msgspec.Struct, frozen=True):
    """How something recurs, as it was asked for."""

    starts: str
    zone: str
    rule: str


class Words(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is to be said, as its author wrote it."""

    text: str
    reply_to: int | None = None
    thread: int | None = None
    mentions: list[Naming] = msgspec.field(default_factory=list)
    everyone: int | None = None
    silent: bool = False


class ScheduledLine(msgspec.Struct, frozen=True):
    """A scheduled message. Times are Unix milliseconds.

    Attributes:
        kind: ``once``, ``recurring``, or ``held`` for one that failed after it had been held back.
        state: ``waiting``, or ``failed`` with the code of the refusal as ``reason``; ``sent`` and
            ``cancelled`` only as the answer to a retry.
        owner_id: in whose name it is said.
        due: the next time; null when it is never said again.
        content: null for a recurring one of somebody else, and for what has ended.
        unreadable: ``erased`` or ``damaged``; absent otherwise.
        sent_count: how often it was said, the last time at ``last_seq``.
    """

    schedule_id: UUID
    conversation_id: UUID
    kind: str
    state: str
    owner_id: UUID
    due: int | None
    repeat: Repeated | None
    revision: int
    content: Words | None
    reason: str | None
    sent_count: int
    last_seq: int | None
    created_at: int
    unreadable: str | msgspec.UnsetType = msgspec.UNSET


class ScheduledList(msgspec.Struct, frozen=True):
    """What waits or has failed, the next first."""

    scheduled: list[ScheduledLine]


class Undone(msgspec.Struct, frozen=True):
    """What was taken back, for editing; null when it was taken back before."""

    content: Words | None


@endpoint(
    "DELETE",
    "/v1/conversations/{conversation_id:uuid}/held/{client_id:uuid}",
    operation="undoSend",
    access=SELF,
    status=200,
)
async def undo_send(ctx: Context, conversation_id: UUID, client_id: UUID) -> Undone:
    """Take back a message that was sent with ``undo_s`` and is still held back. Nobody ever gets it."""
    async with ctx.db.write(ctx.actor.org_id) as tx:
        draft = await ctx.services.get(Holding).undo(
            tx, ctx.actor, ConversationId(conversation_id), ClientId(client_id)
        )
    return Undone(None if draft is None else _words(draft))


@endpoint(
    "POST",
    "/v1/conversations/{conversation_id:uuid}/scheduled",
    operation="scheduleMessage",
    access=SELF,
    status=201,
)
async def schedule_message(ctx: Context, conversation_id: UUID, data: MessageToSchedule) -> ScheduledLine:
    """Have a message said at a time, or again and again. The same ``client_id`` again gives the same one."""
    draft, when = data.draft(conversation_id), _when(ctx, data)
    async with ctx.db.write(ctx.actor.org_id) as tx:
        return _line(await ctx.services.get(Scheduling).create(tx, ctx.actor, draft, when))


@endpoint(
    "PUT",
    "/v1/conversations/{conversation_id:uuid}/scheduled/{schedule_id:uuid}",
    operation="changeScheduled",
    access=SELF,
)
async def change_scheduled(
    ctx: Context, conversation_id: UUID, schedule_id: UUID, data: MessageToSchedule
) -> ScheduledLine:
    """Replace text and time of one's own; one that had failed waits again. ``client_id`` is not looked at."""
    draft, when = data.draft(conversation_id), _when(ctx, data)
    async with ctx.db.write(ctx.actor.org_id) as tx:
        return _line(await ctx.services.get(Scheduling).change(tx, ctx.actor, schedule_id, draft, when))


@endpoint(
    "DELETE",
    "/v1/conversations/{conversation_id:uuid}/scheduled/{schedule_id:uuid}",
    operation="cancelScheduled",
    access=SELF,
    status=204,
)
async def cancel_scheduled(ctx: Context, conversation_id: UUID, schedule_id: UUID) -> None:
    """Have it never said. What recurs can also be ended by whoever may remove messages of others there."""
    async with ctx.db.write(ctx.actor.org_id) as tx:
        await ctx.services.get(Scheduling).cancel(tx, ctx.actor, ConversationId(conversation_id), schedule_id)


@endpoint("GET", "/v1/scheduled", operation="listScheduled", access=SELF)
async def list_scheduled(ctx: Context) -> ScheduledList:
    """Give all my scheduled messages that wait or have failed."""
    async with ctx.db.read(ctx.actor.org_id) as tx:
        shown = await ctx.services.get(Scheduling).list_own(tx, ctx.actor)
    return ScheduledList([_line(one) for one in shown])


@endpoint(
    "GET", "/v1/conversations/{conversation_id:uuid}/scheduled", operation="listScheduledHere", access=SELF
)
async def list_scheduled_here(ctx: Context, conversation_id: UUID) -> ScheduledList:
    """Give mine of one conversation; for its owners also what recurs there of others, without its text."""
    async with ctx.db.read(ctx.actor.org_id) as tx:
        shown = await ctx.services.get(Scheduling).list_own(tx, ctx.actor, ConversationId(conversation_id))
    return ScheduledList([_line(one) for one in shown])


def _when(ctx: Context, data: MessageToSchedule) -> When:
    if (data.at is None) == (data.repeat is None):
        raise RepeatInvalid("when")
    if data.repeat is not None:
        wanted = data.repeat
        return check_repeat(wanted.starts, wanted.zone, wanted.rule, now=ctx.clock.now())
    return from_unix_ms(min(data.at or 0, _LATEST_MS))


# What no calendar reaches is too far ahead, and no fault.
_LATEST_MS = 2**42


def _words(draft: Draft) -> Words:
    return Words(draft.text, draft.reply_to, draft.thread, list(draft.mentions), draft.everyone, draft.silent)


def _line(shown: Shown) -> ScheduledLine:
    item, draft = shown.item, shown.draft
    repeat = item.repeat
    line = ScheduledLine(
        schedule_id=item.schedule_id,
        conversation_id=item.conversation_id,
        kind=KINDS[item.kind],
        state=STATES[item.state],
        owner_id=item.owner_id,
        due=None if item.due is None else unix_ms(item.due),
        repeat=None if repeat is None else Repeated(repeat.starts.isoformat(), repeat.zone, repeat.rule),
        revision=item.revision,
        content=_words(draft) if isinstance(draft, Draft) else None,
        reason=item.reason,
        sent_count=item.sent_count,
        last_seq=item.last_seq,
        created_at=unix_ms(item.created_at),
    )
    if isinstance(draft, Unreadable) and item.body is not None:
        return msgspec.structs.replace(line, unreadable=draft.value)
    return line


ROUTES = (
    undo_send,
    schedule_message,
    change_scheduled,
    cancel_scheduled,
    list_scheduled,
    list_scheduled_here,
)

"""Routes of messages and read markers: parse, call, answer."""

from typing import Annotated
from uuid import UUID

import msgspec
from litestar.params import Parameter

from amana.conversations.messages.draft import Draft
from amana.conversations.messages.model import Entry
from amana.conversations.messages.pages import Pages
from amana.conversations.messages.sending import Sending
from amana.conversations.messages.service import MessageService
from amana.conversations.model import MAX_PAGE, Number
from amana.conversations.reading.service import ReadingService
from amana.events.model import Appended
from amana.http import SELF, Body, Context, endpoint
from amana.kernel.ids import ClientId, ConversationId, Seq

DEFAULT_PAGE = 50

Limit = Annotated[int, Parameter(ge=1, le=MAX_PAGE)]
Place = Annotated[int, Parameter(ge=0, le=2**53 - 1)]


class NewMessage(Body):
    """``client_id`` is the retry key: a UUIDv7 made once per message."""

    client_id: UUID
    text: str
    reply_to: Number | None = None


class NewText(Body):
    """The whole new text of a message."""

    client_id: UUID
    text: str


class Removal(Body):
    """The retry key of a removal."""

    client_id: UUID


class ReadUpTo(Body):
    """The last event that was read."""

    seq: Number


class Posted(msgspec.Struct, frozen=True):
    """The place of what was sent; a retry gets the same. ``ts`` in Unix milliseconds."""

    seq: int
    ts: int
    client_id: UUID


class EntryPage(msgspec.Struct, frozen=True):
    """Entries in ascending order.

    Attributes:
        more: there are older ones; go on with ``before`` = the first ``seq`` of this page.
        quotes: answered messages that are not on the page, as far as the reader may see them.
    """

    entries: list[Entry]
    more: bool
    quotes: list[Entry]


class EventPage(msgspec.Struct, frozen=True):
    """Events in ascending order, each as on the socket.

    Attributes:
        limited: there are more after the last one.
    """

    events: list[msgspec.Raw]
    limited: bool
    head_seq: int


@endpoint("GET", "/v1/conversations/{conversation_id:uuid}/messages", operation="listMessages", access=SELF)
async def list_messages(
    ctx: Context, conversation_id: UUID, before: Place | None = None, limit: Limit = DEFAULT_PAGE
) -> EntryPage:
    """Give the newest entries before ``before``, each in its current state."""
    async with ctx.db.read(ctx.actor.org_id) as tx:
        page = await ctx.services.get(Pages).page(
            tx,
            ctx.actor,
            ConversationId(conversation_id),
            before=None if before is None else Seq(before),
            limit=limit,
        )
    return EntryPage(page.entries, page.more, page.quotes)


@endpoint(
    "GET",
    "/v1/conversations/{conversation_id:uuid}/messages/{seq:int}",
    operation="getMessage",
    access=SELF,
)
async def get_message(ctx: Context, conversation_id: UUID, seq: Place) -> Entry:
    """Give one entry in its current state, for example what a message answers."""
    async with ctx.db.read(ctx.actor.org_id) as tx:
        return await ctx.services.get(Pages).entry(tx, ctx.actor, ConversationId(conversation_id), Seq(seq))


@endpoint("GET", "/v1/conversations/{conversation_id:uuid}/events", operation="listEvents", access=SELF)
async def list_events(
    ctx: Context, conversation_id: UUID, after: Place = 0, limit: Limit = MAX_PAGE
) -> EventPage:
    """Give the first events after ``after``: how a device catches up."""
    async with ctx.db.read(ctx.actor.org_id) as tx:
        found = await ctx.services.get(Pages).events_after(
            tx, ctx.actor, ConversationId(conversation_id), after=Seq(after), limit=limit
        )
    return EventPage([msgspec.Raw(frame) for frame in found.frames], found.limited, found.head.seq)


@endpoint(
    "POST",
    "/v1/conversations/{conversation_id:uuid}/messages",
    operation="sendMessage",
    access=SELF,
    status=201,
)
async def send_message(ctx: Context, conversation_id: UUID, data: NewMessage) -> Posted:
    """Send a message. Answered after it is stored; repeating it with the same ``client_id`` is safe."""
    draft = Draft(
        ConversationId(conversation_id),
        ClientId(data.client_id),
        data.text,
        None if data.reply_to is None else Seq(data.reply_to),
    )
    return _posted(await ctx.services.get(Sending).send(ctx.actor, draft), data.client_id)


@endpoint(
    "PUT",
    "/v1/conversations/{conversation_id:uuid}/messages/{seq:int}",
    operation="editMessage",
    access=SELF,
)
async def edit_message(ctx: Context, conversation_id: UUID, seq: Place, data: NewText) -> Posted:
    """Replace the text of one's own message."""
    ctx.services.get(Sending).count_change(ctx.actor)
    async with ctx.db.write(ctx.actor.org_id) as tx:
        appended = await ctx.services.get(MessageService).edit(
            tx,
            ctx.actor,
            ConversationId(conversation_id),
            Seq(seq),
            client_id=ClientId(data.client_id),
            text=data.text,
        )
    return _posted(appended, data.client_id)


@endpoint(
    "POST",
    "/v1/conversations/{conversation_id:uuid}/messages/{seq:int}/removal",
    operation="removeMessage",
    access=SELF,
)
async def remove_message(ctx: Context, conversation_id: UUID, seq: Place, data: Removal) -> Posted:
    """Take one's own message back, or remove another one's (needs ``message.remove_any``)."""
    ctx.services.get(Sending).count_change(ctx.actor)
    async with ctx.db.write(ctx.actor.org_id) as tx:
        appended = await ctx.services.get(MessageService).remove(
            tx,
            ctx.actor,
            ConversationId(conversation_id),
            Seq(seq),
            client_id=ClientId(data.client_id),
        )
    return _posted(appended, data.client_id)


@endpoint(
    "PUT", "/v1/conversations/{conversation_id:uuid}/read", operation="markRead", access=SELF, status=204
)
async def mark_read(ctx: Context, conversation_id: UUID, data: ReadUpTo) -> None:
    """Note how far the person has read; going back changes nothing."""
    async with ctx.db.write(ctx.actor.org_id) as tx:
        await ctx.services.get(ReadingService).mark_read(
            tx, ctx.actor, ConversationId(conversation_id), Seq(data.seq)
        )


def _posted(appended: Appended, client_id: UUID) -> Posted:
    return Posted(appended.seq, appended.ts_ms, client_id)


ROUTES = (
    list_messages,
    get_message,
    list_events,
    send_message,
    edit_message,
    remove_message,
    mark_read,
)

"""Routes of messages and read markers: parse, call, answer."""

from typing import Annotated
from uuid import UUID

import msgspec
from litestar.params import Parameter

from amana.conversations.mentions.model import Naming
from amana.conversations.messages.draft import Draft
from amana.conversations.messages.model import Entry
from amana.conversations.messages.pages import Pages
from amana.conversations.messages.sending import Sending
from amana.conversations.messages.service import MessageService
from amana.conversations.messages.versions import Version, Versions
from amana.conversations.model import MAX_PAGE, Number
from amana.conversations.polls.model import Poll
from amana.conversations.reading.service import ReadingService
from amana.conversations.scheduling.holding import Held, Holding
from amana.events.model import Appended
from amana.http import SELF, Body, Context, endpoint
from amana.kernel.clock import unix_ms
from amana.kernel.ids import ClientId, ConversationId, Seq

DEFAULT_PAGE = 50

Limit = Annotated[int, Parameter(ge=1, le=MAX_PAGE)]
Place = Annotated[int, Parameter(ge=0, le=2**53 - 1)]


class NewMessage(Body):
    """``client_id`` is the retry key: a UUIDv7 made once per message.

    Attributes:
        reply_to: the message that is answered with a quote.
        thread: the message under which this one stands.
        mentions: who is named, in the order of the text; without ``user_id`` everybody.
        everyone: calls everybody: how many others that reaches, as the writer was shown.
        silent: no device makes a sound for it.
        poll: it can be voted on; the text is the question.
    """

    client_id: UUID
    text: str
    reply_to: Number | None = None
    thread: Number | None = None
    mentions: list[Naming] = msgspec.field(default_factory=list)
    everyone: Number | None = None
    silent: bool = False
    poll: Poll | None = None

    def draft(self, conversation_id: UUID) -> Draft:
        """The same as the domain knows it."""
        return Draft(
            ConversationId(conversation_id),
            ClientId(self.client_id),
            self.text,
            None if self.reply_to is None else Seq(self.reply_to),
            thread=None if self.thread is None else Seq(self.thread),
            mentions=tuple(self.mentions),
            everyone=self.everyone,
            silent=self.silent,
            poll=self.poll,
        )


class MessageToSend(NewMessage):
    """A message that is sent now.

    Attributes:
        undo_s: hold it back for so many seconds (1 to 10), in which its author may take it back.
    """

    undo_s: Number | None = None


class NewText(Body):
    """The whole new text of a message. Without ``mentions`` whoever still stands in the text stays named."""

    client_id: UUID
    text: str
    mentions: list[Naming] | None = None


class Removal(Body):
    """The retry key of a removal."""

    client_id: UUID


class ReadUpTo(Body):
    """The last event that was read."""

    seq: Number


class Posted(msgspec.Struct, frozen=True):
    """The place of what was sent; a retry gets the same. ``ts`` in Unix milliseconds.

    Attributes:
        undo_until: until then nobody gets the message and it can be taken back (Unix milliseconds); ``seq``
            and ``ts`` are 0 then. Absent from what is sent.
    """

    seq: int
    ts: int
    client_id: UUID
    undo_until: int | msgspec.UnsetType = msgspec.UNSET


class EntryPage(msgspec.Struct, frozen=True):
    """Entries in ascending order.

    Attributes:
        more: there are older ones; go on with ``before`` = the first ``seq`` of this page.
        quotes: answered messages that are not on the page, as far as the reader may see them.
    """

    entries: list[Entry]
    more: bool
    quotes: list[Entry]


class VersionList(msgspec.Struct, frozen=True):
    """The wordings of a message, ascending."""

    versions: list[Version]


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


@endpoint(
    "GET",
    "/v1/conversations/{conversation_id:uuid}/messages/{seq:int}/versions",
    operation="listVersions",
    access=SELF,
)
async def list_versions(ctx: Context, conversation_id: UUID, seq: Place) -> VersionList:
    """Give every wording of one's own message, the first one first, as long as a trace of it is kept."""
    async with ctx.db.read(ctx.actor.org_id) as tx:
        return VersionList(
            await ctx.services.get(Versions).of(tx, ctx.actor, ConversationId(conversation_id), Seq(seq))
        )


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
async def send_message(ctx: Context, conversation_id: UUID, data: MessageToSend) -> Posted:
    """Send a message. Answered after it is stored; repeating it with the same ``client_id`` is safe."""
    draft = data.draft(conversation_id)
    if data.undo_s is not None:
        held = await ctx.services.get(Holding).send(ctx.actor, draft, data.undo_s)
        if isinstance(held, Held):
            return Posted(0, 0, data.client_id, unix_ms(held.until))
        return posted(held, data.client_id)
    return posted(await ctx.services.get(Sending).send(ctx.actor, draft), data.client_id)


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
            mentions=data.mentions,
        )
    return posted(appended, data.client_id)


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
    return posted(appended, data.client_id)


@endpoint(
    "PUT", "/v1/conversations/{conversation_id:uuid}/read", operation="markRead", access=SELF, status=204
)
async def mark_read(ctx: Context, conversation_id: UUID, data: ReadUpTo) -> None:
    """Note how far the person has read; going back changes nothing."""
    async with ctx.db.write(ctx.actor.org_id) as tx:
        await ctx.services.get(ReadingService).mark_read(
            tx, ctx.actor, ConversationId(conversation_id), Seq(data.seq)
        )


def posted(appended: Appended, client_id: UUID) -> Posted:
    """The answer to a change that is stored."""
    return Posted(appended.seq, appended.ts_ms, client_id)


ROUTES = (
    list_messages,
    get_message,
    list_versions,
    list_events,
    send_message,
    edit_message,
    remove_message,
    mark_read,
)

"""Routes of threads: parse, call, answer."""

from typing import Annotated
from uuid import UUID

import msgspec
from litestar.params import Parameter

from amana.conversations import cursor
from amana.conversations.messages.http import ReadUpTo
from amana.conversations.messages.model import Entry
from amana.conversations.messages.pages import Pages
from amana.conversations.model import MAX_PAGE
from amana.conversations.threads.model import ThreadInfo
from amana.conversations.threads.service import Threads
from amana.http import SELF, Context, endpoint
from amana.kernel.ids import ConversationId, Seq

DEFAULT_PAGE = 50
DEFAULT_LIST = 20

Limit = Annotated[int, Parameter(ge=1, le=MAX_PAGE)]
Place = Annotated[int, Parameter(ge=0, le=2**53 - 1)]
Before = Annotated[str, Parameter(max_length=100)]


class ThreadPage(msgspec.Struct, frozen=True):
    """Answers in ascending order, each in its current state.

    Attributes:
        root: the message under which they stand; null for those who came too late to see it.
        more: there are older ones; go on with ``before`` = the first ``seq`` of this page.
        quotes: answered messages that are not on the page, as far as the reader may see them.
    """

    root: Entry | None
    entries: list[Entry]
    more: bool
    quotes: list[Entry]


class ThreadLine(msgspec.Struct, frozen=True, kw_only=True):
    """One thread that I follow; ``root`` is null where I may not see it."""

    conversation_id: UUID
    seq: int
    thread: ThreadInfo
    root: Entry | None


class ThreadList(msgspec.Struct, frozen=True):
    """The one with the newest answer first; go on with ``before`` = ``next``, null at the end.

    Attributes:
        unread: how many of all threads that I follow have answers I have not read.
    """

    threads: list[ThreadLine]
    unread: int
    next: str | None


@endpoint("GET", "/v1/threads", operation="listThreads", access=SELF)
async def list_threads(ctx: Context, before: Before | None = None, limit: Limit = DEFAULT_LIST) -> ThreadList:
    """Give the threads that the person follows, in all conversations, the newest answer first."""
    place = cursor.decode(before)
    pages, threads = ctx.services.get(Pages), ctx.services.get(Threads)
    async with ctx.db.read(ctx.actor.org_id) as tx:
        found, unread = await threads.followed(tx, ctx.actor, before=place, limit=limit + 1)
        shown = found[:limit]
        roots: dict[ConversationId, list[Seq]] = {}
        for room, root, _ in shown:
            roots.setdefault(room, []).append(root)
        entries = {
            (room, Seq(entry.seq)): entry
            for room, seqs in roots.items()
            for entry in await pages.at(tx, ctx.actor, room, seqs)
        }
    lines = [
        ThreadLine(conversation_id=room, seq=root, thread=info, root=entries.get((room, root)))
        for room, root, info in shown
    ]
    last = lines[-1] if len(found) > limit else None
    following = None if last is None else cursor.encode(last.thread.last_ts, last.conversation_id, last.seq)
    return ThreadList(lines, unread, following)


@endpoint(
    "GET",
    "/v1/conversations/{conversation_id:uuid}/threads/{seq:int}",
    operation="getThread",
    access=SELF,
)
async def get_thread(
    ctx: Context, conversation_id: UUID, seq: Place, before: Place | None = None, limit: Limit = DEFAULT_PAGE
) -> ThreadPage:
    """Give a message and the newest answers in its thread before ``before``."""
    async with ctx.db.read(ctx.actor.org_id) as tx:
        root, page = await ctx.services.get(Pages).thread(
            tx,
            ctx.actor,
            ConversationId(conversation_id),
            Seq(seq),
            before=None if before is None else Seq(before),
            limit=limit,
        )
    return ThreadPage(root, page.entries, page.more, page.quotes)


@endpoint(
    "PUT",
    "/v1/conversations/{conversation_id:uuid}/threads/{seq:int}/follow",
    operation="followThread",
    access=SELF,
    status=204,
)
async def follow_thread(ctx: Context, conversation_id: UUID, seq: Place) -> None:
    """Hear of new answers in a thread."""
    async with ctx.db.write(ctx.actor.org_id) as tx:
        await ctx.services.get(Threads).follow(
            tx, ctx.actor, ConversationId(conversation_id), Seq(seq), following=True
        )


@endpoint(
    "DELETE",
    "/v1/conversations/{conversation_id:uuid}/threads/{seq:int}/follow",
    operation="unfollowThread",
    access=SELF,
    status=204,
)
async def unfollow_thread(ctx: Context, conversation_id: UUID, seq: Place) -> None:
    """Hear no more of a thread, until one answers there or is named."""
    async with ctx.db.write(ctx.actor.org_id) as tx:
        await ctx.services.get(Threads).follow(
            tx, ctx.actor, ConversationId(conversation_id), Seq(seq), following=False
        )


@endpoint(
    "PUT",
    "/v1/conversations/{conversation_id:uuid}/threads/{seq:int}/read",
    operation="markThreadRead",
    access=SELF,
    status=204,
)
async def mark_thread_read(ctx: Context, conversation_id: UUID, seq: Place, data: ReadUpTo) -> None:
    """Note how far the person has read a thread they follow; going back changes nothing."""
    async with ctx.db.write(ctx.actor.org_id) as tx:
        await ctx.services.get(Threads).mark_read(
            tx, ctx.actor, ConversationId(conversation_id), Seq(seq), Seq(data.seq)
        )


ROUTES = (
    list_threads,
    get_thread,
    follow_thread,
    unfollow_thread,
    mark_thread_read,
)

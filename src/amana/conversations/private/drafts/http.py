"""Routes of drafts: parse, call, answer."""

from typing import Annotated
from uuid import UUID

import msgspec
from litestar.params import Parameter

from amana.conversations.model import MAX_PAGE, Number
from amana.conversations.private.drafts.service import Draft, DraftService, Saving
from amana.http import SELF, Body, Context, endpoint
from amana.kernel.ids import ConversationId, Seq

Limit = Annotated[int, Parameter(ge=1, le=MAX_PAGE)]
Place = Annotated[int, Parameter(ge=0, le=2**53 - 1)]
_FIRST = UUID(int=0)


class DraftBody(Body):
    """What a device has. ``revision`` is the last one that it has seen, 0 for none.

    ``settled`` with that same revision: what other devices had written needs to be kept no longer.
    """

    text: str
    revision: Number
    thread: Number = 0
    reply_to: Number | None = None
    settled: bool = False


class Drafts(msgspec.Struct, frozen=True):
    """A page of drafts; go on with ``after`` and ``after_thread`` = place of the last one."""

    drafts: list[Draft]
    more: bool


@endpoint("GET", "/v1/drafts", operation="listDrafts", access=SELF)
async def list_drafts(
    ctx: Context, after: UUID = _FIRST, after_thread: Place = 0, limit: Limit = MAX_PAGE
) -> Drafts:
    """List what the person began to write, by conversation and thread."""
    place = (ConversationId(after), after_thread)
    async with ctx.db.read(ctx.actor.org_id) as tx:
        found = await ctx.services.get(DraftService).page(tx, ctx.actor, after=place, limit=limit + 1)
    return Drafts(found[:limit], more=len(found) > limit)


@endpoint("GET", "/v1/conversations/{conversation_id:uuid}/draft", operation="getDraft", access=SELF)
async def get_draft(ctx: Context, conversation_id: UUID, thread: Place = 0) -> Draft:
    """Give what the person began to write here; ``revision`` 0 when there never was anything."""
    place = ConversationId(conversation_id)
    async with ctx.db.read(ctx.actor.org_id) as tx:
        return await ctx.services.get(DraftService).one(tx, ctx.actor, place, thread)


@endpoint("PUT", "/v1/conversations/{conversation_id:uuid}/draft", operation="saveDraft", access=SELF)
async def save_draft(ctx: Context, conversation_id: UUID, data: DraftBody) -> Draft:
    """Keep what a device has; empty text ends it. The answer is what all devices have now."""
    saving = Saving(
        ConversationId(conversation_id),
        data.text,
        data.revision,
        thread=data.thread,
        reply_to=None if data.reply_to is None else Seq(data.reply_to),
        settled=data.settled,
    )
    async with ctx.db.write(ctx.actor.org_id) as tx:
        return await ctx.services.get(DraftService).save(tx, ctx.actor, saving)


ROUTES = (list_drafts, get_draft, save_draft)

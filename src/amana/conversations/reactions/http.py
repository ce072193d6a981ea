"""Routes of reactions: parse, call, answer."""

from typing import Annotated
from uuid import UUID

import msgspec
from litestar.params import Parameter

from amana.conversations.messages.http import Place, Posted, posted
from amana.conversations.messages.sending import Sending
from amana.conversations.reactions.model import MAX_REACTORS
from amana.conversations.reactions.service import ReactionService
from amana.http import SELF, Body, Context, endpoint
from amana.kernel.ids import ClientId, ConversationId, Seq

Limit = Annotated[int, Parameter(ge=1, le=MAX_REACTORS)]


class ChosenEmoji(Body):
    """One emoji, and the retry key: a UUIDv7 made once for each change."""

    client_id: UUID
    emoji: str


class Reactor(msgspec.Struct, frozen=True):
    """Who reacted, and when (Unix milliseconds). ``seq`` is the place of the reaction."""

    user_id: UUID
    seq: int
    at: int


class Reactors(msgspec.Struct, frozen=True):
    """A page of people, the first who reacted first; go on with ``after`` = the last ``seq``."""

    reactors: list[Reactor]
    more: bool


@endpoint(
    "POST",
    "/v1/conversations/{conversation_id:uuid}/messages/{seq:int}/reactions",
    operation="addReaction",
    access=SELF,
)
async def add_reaction(ctx: Context, conversation_id: UUID, seq: Place, data: ChosenEmoji) -> Posted:
    """Put an emoji to a message. One that is there already stays."""
    ctx.services.get(Sending).count_change(ctx.actor)
    async with ctx.db.write(ctx.actor.org_id) as tx:
        place = await ctx.services.get(ReactionService).add(
            tx,
            ctx.actor,
            ConversationId(conversation_id),
            Seq(seq),
            client_id=ClientId(data.client_id),
            emoji=data.emoji,
        )
    return posted(place, data.client_id)


@endpoint(
    "POST",
    "/v1/conversations/{conversation_id:uuid}/messages/{seq:int}/reactions/removal",
    operation="removeReaction",
    access=SELF,
)
async def remove_reaction(ctx: Context, conversation_id: UUID, seq: Place, data: ChosenEmoji) -> Posted:
    """Take one's own emoji back."""
    ctx.services.get(Sending).count_change(ctx.actor)
    async with ctx.db.write(ctx.actor.org_id) as tx:
        place = await ctx.services.get(ReactionService).remove(
            tx,
            ctx.actor,
            ConversationId(conversation_id),
            Seq(seq),
            client_id=ClientId(data.client_id),
            emoji=data.emoji,
        )
    return posted(place, data.client_id)


@endpoint(
    "GET",
    "/v1/conversations/{conversation_id:uuid}/messages/{seq:int}/reactions/{since:int}",
    operation="listReactors",
    access=SELF,
)
async def list_reactors(
    ctx: Context,
    conversation_id: UUID,
    seq: Place,
    since: Place,
    after: Place = 0,
    limit: Limit = MAX_REACTORS,
) -> Reactors:
    """Give who chose the emoji that ``since`` names (see ``Entry.reactions``)."""
    async with ctx.db.read(ctx.actor.org_id) as tx:
        found = await ctx.services.get(ReactionService).reactors(
            tx,
            ctx.actor,
            ConversationId(conversation_id),
            Seq(seq),
            Seq(since),
            after=Seq(after),
            limit=limit + 1,
        )
    lines = [Reactor(one.user_id, one.event_seq, one.ts_ms) for one in found[:limit]]
    return Reactors(lines, more=len(found) > limit)


ROUTES = (add_reaction, remove_reaction, list_reactors)

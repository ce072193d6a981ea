"""Routes of stars: parse, call, answer."""

from typing import Annotated
from uuid import UUID

import msgspec
from litestar.params import Parameter

from amana.conversations.model import MAX_PAGE
from amana.conversations.private.stars.service import Star, StarService
from amana.http import SELF, Context, endpoint
from amana.kernel.ids import ConversationId, Seq

DEFAULT_PAGE = 50
Limit = Annotated[int, Parameter(ge=1, le=MAX_PAGE)]
Place = Annotated[int, Parameter(ge=0, le=2**53 - 1)]
_STAR = "/v1/conversations/{conversation_id:uuid}/messages/{seq:int}/star"


class Stars(msgspec.Struct, frozen=True):
    """A page of stars, the newest first; go on with ``before`` = ``no`` of the last one."""

    stars: list[Star]
    more: bool


@endpoint("GET", "/v1/stars", operation="listStars", access=SELF)
async def list_stars(ctx: Context, before: Place = 2**53 - 1, limit: Limit = DEFAULT_PAGE) -> Stars:
    """List the messages that the person gave a star; those that are not visible any more without content."""
    async with ctx.db.read(ctx.actor.org_id) as tx:
        found = await ctx.services.get(StarService).page(tx, ctx.actor, before=before, limit=limit + 1)
    return Stars(found[:limit], more=len(found) > limit)


@endpoint("PUT", _STAR, operation="addStar", access=SELF, status=204)
async def add_star(ctx: Context, conversation_id: UUID, seq: Place) -> None:
    """Give a message a star that only the person sees."""
    async with ctx.db.write(ctx.actor.org_id) as tx:
        await ctx.services.get(StarService).add(tx, ctx.actor, ConversationId(conversation_id), Seq(seq))


@endpoint("DELETE", _STAR, operation="takeStarAway", access=SELF, status=204)
async def take_star_away(ctx: Context, conversation_id: UUID, seq: Place) -> None:
    """Take a star away, also from a message that is gone."""
    async with ctx.db.write(ctx.actor.org_id) as tx:
        await ctx.services.get(StarService).take_away(
            tx, ctx.actor, ConversationId(conversation_id), Seq(seq)
        )


ROUTES = (list_stars, add_star, take_star_away)

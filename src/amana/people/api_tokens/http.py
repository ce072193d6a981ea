"""Routes of personal API tokens: parse, call, answer."""

from datetime import timedelta
from uuid import UUID

from amana.http import SELF, Context, endpoint
from amana.people.api_tokens import service
from amana.people.api_tokens.model import NewToken
from amana.people.api_tokens.wire import IssuedTokenAnswer, NewTokenBody, TokensAnswer, as_token
from amana.people.desk import Desk
from amana.people.visits import visitor_of


@endpoint("POST", "/v1/tokens", operation="createToken", access=SELF, status=201)
async def create_token(ctx: Context, data: NewTokenBody) -> IssuedTokenAnswer:
    """Make a token for one's own programs; needs a fresh proof of who asks."""
    wish = NewToken(data.name, frozenset(data.scopes), timedelta(seconds=data.expires_in_s))
    issued = await service.create(
        ctx.services.get(Desk),
        ctx.actor,
        wish,
        current_password=data.current_password,
        network=visitor_of(ctx).network,
    )
    return IssuedTokenAnswer(as_token(issued.token), issued.secret)


@endpoint("GET", "/v1/tokens", operation="listTokens", access=SELF)
async def list_tokens(ctx: Context) -> TokensAnswer:
    """One's own tokens that work, with their last use."""
    async with ctx.db.read(ctx.actor.org_id) as tx:
        found = await service.list_own(ctx.services.get(Desk), tx, ctx.actor)
    return TokensAnswer([as_token(one) for one in found])


@endpoint("DELETE", "/v1/tokens/{token_id:uuid}", operation="revokeToken", access=SELF, status=204)
async def revoke_token(ctx: Context, token_id: UUID) -> None:
    """End one of one's own tokens; its sockets close."""
    async with ctx.db.write(ctx.actor.org_id) as tx:
        await service.revoke(ctx.services.get(Desk), tx, ctx.actor, token_id)


ROUTES = (create_token, list_tokens, revoke_token)

"""What the routes of tokens take and give: the JSON shapes."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from amana.http import Body
from amana.people.api_tokens.model import MAX_LIFE, SCOPES, ApiToken, ScopeName
from amana.people.wire import Name, Password

MAX_LIFE_S = int(MAX_LIFE.total_seconds())


class NewTokenBody(Body):
    """A token to make. ``name`` says what it is for; ``current_password`` is the fresh proof."""

    name: Name
    scopes: Annotated[list[ScopeName], Meta(min_length=1, max_length=len(SCOPES))]
    expires_in_s: Annotated[int, Meta(ge=60, le=MAX_LIFE_S)] = 90 * 24 * 3600
    current_password: Password | None = None


class TokenAnswer(Struct, frozen=True):
    """A token without its secret. ``last_used_at`` moves in steps of five minutes."""

    token_id: UUID
    name: str
    scopes: list[str]
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None


class IssuedTokenAnswer(Struct, frozen=True):
    """A fresh token. ``secret`` goes after ``Authorization: Bearer``; it is shown now and never again."""

    token: TokenAnswer
    secret: str


class TokensAnswer(Struct, frozen=True):
    """One's own tokens that work, the newest first."""

    tokens: list[TokenAnswer]


def as_token(token: ApiToken) -> TokenAnswer:
    """The token as the API shows it."""
    return TokenAnswer(
        token.token_id,
        token.name,
        sorted(token.scopes),
        token.created_at,
        token.expires_at,
        token.last_used_at,
    )

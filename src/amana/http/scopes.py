"""Holds API tokens to what they were made for. The table itself comes from the composition root."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from amana.http.asgi import App, Receive, Scope, Send, close_socket
from amana.http.errors import NotForTokens, ScopeMissing
from amana.kernel.actor import Actor

# In the table instead of a scope: every token may, for example read its own account.
ANY_TOKEN: Final = "*"  # noqa: S105  it lets nobody in
FORBIDDEN_CLOSE: Final = 4403

# Operation (of OpenAPI) or frame type (of the socket) → scope, ``ANY_TOKEN``, or None: no token may.
Scopes = Mapping[str, str | None]
Guard = Callable[[ASGIConnection[Any, Any, Any, Any], BaseRouteHandler], None]


def require_scope(actor: Actor | None, scope: str | None) -> None:
    """Pass people who signed in, and tokens that may.

    Raises:
        NotForTokens: ``scope`` is None.
        ScopeMissing: the token lacks it.
    """
    if actor is None or actor.scopes is None or scope == ANY_TOKEN:
        return
    if scope is None:
        raise NotForTokens
    if scope not in actor.scopes:
        raise ScopeMissing(scope=scope)


def within_scope(scopes: Scopes) -> Guard:
    """Guard of every route, public ones too: what is not in the table is closed to tokens."""

    def guard(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
        operation = getattr(handler, "operation_id", None)
        if operation is not None:  # only the description of the API has none
            actor: object = connection.scope.get("actor")
            require_scope(actor if isinstance(actor, Actor) else None, scopes.get(str(operation)))

    return guard


def scoped_socket(app: App, scope: str) -> App:
    """The socket ``app`` for people and for tokens with ``scope``; others are closed with 4403."""

    async def run(asgi: Scope, receive: Receive, send: Send) -> None:
        actor = asgi.get("actor")
        if isinstance(actor, Actor) and actor.scopes is not None and scope not in actor.scopes:
            await close_socket(receive, send, code=FORBIDDEN_CLOSE)
            return
        await app(asgi, receive, send)

    return run

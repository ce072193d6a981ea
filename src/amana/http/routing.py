"""How a domain declares a route: method, path, operation id, and who may use it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import msgspec
from litestar import delete, get, patch, post, put
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler, HTTPRouteHandler

from amana.kernel.errors import Unauthenticated

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]

_DECORATORS: dict[str, Callable[..., Callable[..., HTTPRouteHandler]]] = {
    "GET": get,
    "POST": post,
    "PUT": put,
    "PATCH": patch,
    "DELETE": delete,
}


class Body(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Base of request bodies: a misspelt field is refused instead of silently ignored."""


@dataclass(frozen=True, slots=True)
class Access:
    """Who may use a route; the contract test refuses a route without one.

    Attributes:
        kind: ``public`` needs no session; ``self`` is for anyone signed in, about their own things
            or things the query itself scopes to them; ``capability`` needs the named one.
        name: the capability, or for ``public`` the reason why it is open.
    """

    kind: Literal["public", "self", "capability"]
    name: str


def public(reason: str) -> Access:
    """Anybody, signed in or not; ``reason`` says why that is right."""
    return Access("public", reason)


SELF = Access("self", "")


def needs(capability: str) -> Access:
    """Signed in and with this capability; the service decides, this names it."""
    return Access("capability", capability)


def endpoint(
    method: Method,
    path: str,
    *,
    operation: str,
    access: Access,
    status: int = 200,
    summary: str = "",
    media_type: str = "application/json",
) -> Callable[[Callable[..., Any]], HTTPRouteHandler]:
    """Declare a route.

    Args:
        operation: ``operationId`` in camelCase; the generated client calls it by this name.
        status: what success answers.
        summary: one line for the documentation; the handler's docstring is the description.
        media_type: what success answers with; refusals are always JSON.
    """
    return _DECORATORS[method](
        path,
        operation_id=operation,
        status_code=status,
        media_type=media_type,
        summary=summary or None,
        guards=[] if access.kind == "public" else [signed_in],
        security=[{}] if access.kind == "public" else None,
        opt={"access": access},
    )


def signed_in(connection: ASGIConnection[Any, Any, Any, Any], _handler: BaseRouteHandler) -> None:
    """Guard: refuse before the body is looked at when nobody is signed in."""
    if connection.scope.get("actor") is None:
        raise Unauthenticated("Sign in first.")

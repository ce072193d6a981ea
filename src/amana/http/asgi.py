"""ASGI's own shapes (asgiref's specification, version 3), loosely typed as the protocol is."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]


def header_map(scope: Scope) -> dict[str, str]:
    """Header name in lower case → last value, decoded as HTTP does (latin-1)."""
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}

"""Small helpers for the plain ASGI layers: headers, cookies, language, sending an answer."""

from collections.abc import Awaitable, Callable, MutableMapping
from http.cookies import CookieError, SimpleCookie
from typing import Any

from amana.http.answers import Answer
from amana.kernel import i18n
from amana.kernel.actor import Actor

# ASGI itself is untyped: these three are the boundary, nothing behind it uses them.
Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

API_PREFIX = "/v1/"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def header(scope: Scope, name: bytes) -> str | None:
    """First value of a request header; None when absent."""
    for key, value in scope["headers"]:
        if key == name:
            return str(value.decode("latin-1"))
    return None


def cookies(scope: Scope) -> dict[str, str]:
    """The request's cookies; a malformed header counts as none."""
    values: dict[str, str] = {}
    for key, value in scope["headers"]:
        if key == b"cookie":
            try:
                parsed = SimpleCookie(value.decode("latin-1"))
            except CookieError:
                continue
            values.update({name: morsel.value for name, morsel in parsed.items()})
    return values


def is_api(scope: Scope) -> bool:
    """Whether the path belongs to the API and not to the static client."""
    path = scope["path"]
    return bool(path == "/v1" or path.startswith(API_PREFIX))


def language_of(scope: Scope) -> str:
    """The person's own language, else what ``Accept-Language`` prefers."""
    actor = scope.get("actor")
    if isinstance(actor, Actor) and actor.language in i18n.LANGUAGES:
        return actor.language
    return i18n.best_language(header(scope, b"accept-language") or "")


async def send_answer(send: Send, answer: Answer, *, head_only: bool = False) -> None:
    """Send a finished answer."""
    await send({"type": "http.response.start", "status": answer.status, "headers": list(answer.headers)})
    await send({"type": "http.response.body", "body": b"" if head_only else answer.body})


async def close_socket(receive: Receive, send: Send, *, code: int) -> None:
    """Accept an upgrade only to say why it is closed: browsers hide the status of a refused one."""
    await receive()
    await send({"type": "websocket.accept"})
    await send({"type": "websocket.close", "code": code})

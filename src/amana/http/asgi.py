"""Small helpers for the plain ASGI layers: headers, cookies, language, sending an answer."""

import re
from collections.abc import Awaitable, Callable, MutableMapping
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
# The transparency log has the addresses that its format prescribes.
LOG_PREFIX = "/log/"
KNOWN_PART = re.compile(r"v1|[a-z-]{0,20}")
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def header(scope: Scope, name: bytes) -> str | None:
    """First value of a request header; None when absent."""
    for key, value in scope["headers"]:
        if key == name:
            return str(value.decode("latin-1"))
    return None


def cookies(scope: Scope) -> dict[str, str]:
    """The request's cookies, split at ``;`` and nowhere else (RFC 6265 §5.4).

    A reader that splits at spaces too, or stops at the first odd value, lets a neighbouring host
    smuggle a second ``__Host-`` cookie inside the value of its own one, or sign people out with it.
    A ``__Host-`` name that comes twice was not sent so by a browser: it counts as absent.
    """
    values: dict[str, str] = {}
    doubled: set[str] = set()
    for key, header_value in scope["headers"]:
        if key != b"cookie":
            continue
        for part in header_value.decode("latin-1").split(";"):
            name, equals, value = part.strip(" \t").partition("=")
            if not equals:
                continue
            if name in values and name.startswith("__Host-"):
                doubled.add(name)
            values.setdefault(name, value)
    return {name: value for name, value in values.items() if name not in doubled}


def is_api(scope: Scope) -> bool:
    """Whether the path belongs to the API or the log, and not to the static client."""
    path = scope["path"]
    return bool(path == "/v1" or path.startswith((API_PREFIX, LOG_PREFIX)))


def path_shape(scope: Scope) -> str:
    """The path without ids and anything else a caller could have made up: what a log may hold."""
    parts = str(scope["path"])[:200].split("/")
    return "/".join(part if KNOWN_PART.fullmatch(part) else "*" for part in parts)


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


class Noted:
    """A ``send`` that remembers whether anything went out: after that no other answer is possible."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.has_begun = False

    async def __call__(self, message: Message) -> None:
        self.has_begun = True
        await self._send(message)


async def close_socket(receive: Receive, send: Send, *, code: int) -> None:
    """Accept an upgrade only to say why it is closed: browsers hide the status of a refused one."""
    await receive()
    await send({"type": "websocket.accept"})
    await send({"type": "websocket.close", "code": code})

"""What is read from a stranger: how much, how long, and only JSON in UTF-8."""

import asyncio

from amana.http.asgi import SAFE_METHODS, App, Message, Noted, Receive, Scope, Send, header, is_api
from amana.http.errors import BodyTooLarge, InvalidUtf8, JsonOnly, RequestTimeout


class Intake:
    """Reads an API request's body whole, within limits, before anything looks at it."""

    def __init__(self, app: App, *, body_bytes: int, request_seconds: float) -> None:
        self._app = app
        self._body_bytes = body_bytes
        self._request_seconds = request_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not is_api(scope):
            await self._app(scope, receive, send)
            return
        noted = Noted(send)
        try:
            async with asyncio.timeout(self._request_seconds):
                body = await self._read(scope, receive)
                _check_json(scope, body)
                await self._app(scope, _replay(body, receive), noted)
        except TimeoutError:
            if noted.has_begun:
                raise
            raise RequestTimeout("This took too long.", retry_after_s=self._request_seconds) from None

    async def _read(self, scope: Scope, receive: Receive) -> bytes:
        declared = header(scope, b"content-length")
        if declared is not None and declared.isdigit() and int(declared) > self._body_bytes:
            raise self._too_large()
        chunks: list[bytes] = []
        size = 0
        while True:
            message = await receive()
            if message["type"] != "http.request":
                break
            chunk = message.get("body", b"")
            size += len(chunk)
            if size > self._body_bytes:
                raise self._too_large()
            chunks.append(chunk)
            if not message.get("more_body", False):
                break
        return b"".join(chunks)

    def _too_large(self) -> BodyTooLarge:
        return BodyTooLarge("The request is too large.", limit_bytes=self._body_bytes)


def _check_json(scope: Scope, body: bytes) -> None:
    if scope["method"] in SAFE_METHODS or not body:
        return
    kind = (header(scope, b"content-type") or "").split(";")[0].strip().lower()
    if kind != "application/json":
        raise JsonOnly("Only application/json is accepted.")
    try:
        body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidUtf8("The text is not valid UTF-8.", at_byte=error.start) from None


def _replay(body: bytes, receive: Receive) -> Receive:
    is_sent = False

    async def replay() -> Message:
        nonlocal is_sent
        if is_sent:
            return await receive()
        is_sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay

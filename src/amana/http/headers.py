"""Security headers on every answer, whatever layer gave it."""

from amana.http.asgi import App, Message, Receive, Scope, Send, is_api

_CONTENT_RULES = (
    "default-src 'self'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' blob: data:",
    "connect-src 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "require-trusted-types-for 'script'",
    "object-src 'none'",
)
CONTENT_SECURITY_POLICY = "; ".join(_CONTENT_RULES)
PERMISSIONS_POLICY = "camera=(self), microphone=(self), geolocation=(), payment=(), usb=()"
TWO_YEARS_S = 63_072_000

_ALWAYS = (
    (b"content-security-policy", CONTENT_SECURITY_POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", PERMISSIONS_POLICY.encode()),
)
_NO_STORE = (b"cache-control", b"no-store")


class SecurityHeaders:
    """Adds the headers to ``http.response.start``; one already set by the answer stays."""

    def __init__(self, app: App, *, is_https: bool) -> None:
        self._app = app
        hsts = (b"strict-transport-security", f"max-age={TWO_YEARS_S}".encode())
        self._page = (*_ALWAYS, hsts) if is_https else _ALWAYS
        self._api = (*self._page, _NO_STORE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        wanted = self._api if is_api(scope) else self._page

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = list(message.get("headers", ()))
                present = {name.lower() for name, _ in headers}
                headers += [pair for pair in wanted if pair[0] not in present]
                headers += scope.get("amana.rate_headers", ())
                message["headers"] = headers
            await send(message)

        await self._app(scope, receive, send_with_headers)

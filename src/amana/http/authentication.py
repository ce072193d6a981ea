"""Finds the token and asks the people domain, through a hook, whose it is."""

from collections.abc import Awaitable, Callable, Sequence

from amana.http.asgi import App, Receive, Scope, Send, cookies, header, is_api
from amana.http.network import client_ip
from amana.http.settings import Network
from amana.kernel.actor import Actor

# __Host-: browsers accept it only with Secure, Path=/ and without Domain.
SESSION_COOKIE = "__Host-amana"

Authenticate = Callable[[str], Awaitable[Actor | None]]


class Authentication:
    """Sets ``scope["actor"]`` (None when nobody is signed in) and ``scope["amana.client_ip"]``."""

    def __init__(self, app: App, *, authenticate: Authenticate, trusted_proxies: Sequence[Network]) -> None:
        self._app = app
        self._authenticate = authenticate
        self._trusted_proxies = trusted_proxies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["actor"] = None
        scope["amana.client_ip"] = client_ip(scope, self._trusted_proxies)
        if is_api(scope):
            token = token_of(scope)
            if token:
                scope["actor"] = await self._authenticate(token)
        await self._app(scope, receive, send)


def token_of(scope: Scope) -> str | None:
    """The session token: ``Authorization: Bearer`` first, then the cookie.

    A request that carries the header is judged by it alone: falling back to the cookie would
    let a foreign page skip the origin check with any header value.
    """
    authorization = header(scope, b"authorization")
    if authorization is not None:
        kind, _, token = authorization.partition(" ")
        return token.strip() if kind.lower() == "bearer" else None
    return cookies(scope).get(SESSION_COOKIE)


def session_cookie(token: str, *, max_age_s: int) -> str:
    """A ``Set-Cookie`` value that signs this browser in."""
    return cookie(SESSION_COOKIE, token, max_age_s=max_age_s)


def ended_session_cookie() -> str:
    """A ``Set-Cookie`` value that signs this browser out."""
    return cookie(SESSION_COOKIE, "", max_age_s=0)


def cookie(name: str, value: str, *, max_age_s: int) -> str:
    """A cookie no script can read and no other site can cause to be sent with a change."""
    return f"{name}={value}; Path=/; Max-Age={max_age_s}; Secure; HttpOnly; SameSite=Lax"

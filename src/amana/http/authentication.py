"""Finds the token and asks the people domain, through a hook, whose it is."""

import hashlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence

from amana.http.asgi import App, Receive, Scope, Send, close_socket, cookies, header, is_api
from amana.http.buckets import FLOOD_CLOSE, Buckets
from amana.http.errors import TooManyRequests
from amana.http.network import client_ip, network_of
from amana.http.settings import Network
from amana.kernel.actor import Actor
from amana.kernel.clock import Clock
from amana.kernel.errors import Busy
from amana.kernel.line import Line

# __Host-: browsers accept it only with Secure, Path=/ and without Domain.
SESSION_COOKIE = "__Host-amana"

Authenticate = Callable[[str], Awaitable[Actor | None]]

# The close code of a server that cannot now: the device comes back.
TRY_LATER_CLOSE = 4503
# When thousands of devices come back at once, connections to the database are left for what people send.
UPGRADES_AT_ONCE = 4
# A device gives up after some time and tries again: whoever waits that long would be served in vain.
LONGEST_WAIT_S, LONGEST_AWAY_S = 8.0, 10.0
# Sixteen bytes each: some megabytes. A forgotten one only counts as new again.
MAX_REMEMBERED = 50_000


class Authentication:
    """Sets ``scope["actor"]`` (None when nobody is signed in) and ``scope["amana.client_ip"]``.

    A made-up token costs a look-up. So a network may try only so many: after that, only tokens that were
    right before are looked up.

    Args:
        strangers: for each network, how many tokens may be tried that turn out to be nobody's.
    """

    def __init__(
        self,
        app: App,
        *,
        authenticate: Authenticate,
        trusted_proxies: Sequence[Network],
        strangers: Buckets,
        clock: Clock,
    ) -> None:
        self._app = app
        self._authenticate = authenticate
        self._trusted_proxies = trusted_proxies
        self._strangers = strangers
        self._upgrades = Line(
            clock, places=UPGRADES_AT_ONCE, longest_wait_s=LONGEST_WAIT_S, longest_away_s=LONGEST_AWAY_S
        )
        self._right_before: OrderedDict[bytes, None] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["actor"] = None
        scope["amana.client_ip"] = client_ip(scope, self._trusted_proxies)
        token = token_of(scope) if is_api(scope) else None
        if token:
            network = network_of(scope["amana.client_ip"])
            if scope["type"] != "websocket":
                scope["actor"] = await self._whose(token, network)
            elif (code := await self._upgrade(scope, token, network)) is not None:
                await close_socket(receive, send, code=code)
                return
        await self._app(scope, receive, send)

    async def _upgrade(self, scope: Scope, token: str, network: str) -> int | None:
        """Look up whose socket this is to be; gives the close code when that cannot be found out now."""
        if await self._upgrades.enter() > 0:
            return TRY_LATER_CLOSE
        try:
            scope["actor"] = await self._whose(token, network)
        except Busy as refusal:
            return FLOOD_CLOSE if isinstance(refusal, TooManyRequests) else TRY_LATER_CLOSE
        finally:
            self._upgrades.leave()
        return None

    async def _whose(self, token: str, network: str) -> Actor | None:
        mark = hashlib.blake2b(token.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        known = mark in self._right_before
        wait_s = 0.0 if known else self._strangers.wait_s(network)
        if wait_s > 0:
            raise TooManyRequests("Too many unknown tokens. Wait a moment.", retry_after_s=round(wait_s, 3))
        actor = await self._authenticate(token)
        if actor is None:
            self._strangers.charge(network)
            self._right_before.pop(mark, None)
        elif not known:
            self._right_before[mark] = None
            if len(self._right_before) > MAX_REMEMBERED:
                self._right_before.popitem(last=False)
        return actor


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

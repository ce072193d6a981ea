"""Token buckets: how often one network or one session may ask."""

from collections import OrderedDict
from math import ceil

from amana.http.asgi import App, Receive, Scope, Send, close_socket, is_api
from amana.http.errors import TooManyRequests
from amana.http.network import network_of
from amana.kernel.actor import Actor
from amana.kernel.clock import Clock
from amana.kernel.spending import Spending

FLOOD_CLOSE = 4429
# Memory bound: about 10 MB. A forgotten bucket is a full one, which errs on the friendly side.
MAX_BUCKETS = 50_000


class Buckets:
    """Many token buckets of one size, the least used forgotten first."""

    def __init__(self, clock: Clock, *, burst: int, rate_per_s: float) -> None:
        self._clock = clock
        self._burst = burst
        self._rate_per_s = rate_per_s
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._spending: Spending[str] | None = None

    def share(self) -> Spending[str]:
        """Keep an account for other workers from now on."""
        self._spending = Spending(self._rate_per_s, self.take_elsewhere)
        return self._spending

    def take_elsewhere(self, key: str, count: int) -> None:
        """Another worker gave these tokens away."""
        self.wait_s(key)
        level, since_s = self._levels[key]
        self._levels[key] = (max(level - count, -float(self._burst)), since_s)

    def take(self, key: str) -> float:
        """Take one token; give 0.0 when there was one, else the seconds until there is."""
        wait_s = self.wait_s(key)
        if wait_s == 0.0:
            self.charge(key)
        return wait_s

    def wait_s(self, key: str) -> float:
        """The seconds until there is a token, 0.0 when there is one; takes none."""
        now_s = self._clock.monotonic_s()
        level, since_s = self._levels.pop(key, (float(self._burst), now_s))
        level = min(self._burst, level + (now_s - since_s) * self._rate_per_s)
        self._levels[key] = (level, now_s)
        if len(self._levels) > MAX_BUCKETS:
            self._levels.popitem(last=False)
        return 0.0 if level >= 1.0 else (1.0 - level) / self._rate_per_s

    def headers(self, name: str, key: str) -> list[tuple[bytes, bytes]]:
        """How many are left and how soon all are there, as draft-ietf-httpapi-ratelimit-headers has it."""
        level = self._levels.get(key, (float(self._burst), 0.0))[0]
        window_s = ceil(self._burst / self._rate_per_s)
        full_s = ceil((self._burst - level) / self._rate_per_s)
        return [
            (b"ratelimit-policy", f'"{name}";q={self._burst};w={window_s}'.encode()),
            (b"ratelimit", f'"{name}";r={max(0, int(level))};t={full_s}'.encode()),
        ]

    def charge(self, key: str) -> None:
        """Take a token whether there is one or not: what was begun together is paid for later."""
        level, since_s = self._levels.get(key, (float(self._burst), self._clock.monotonic_s()))
        self._levels[key] = (level - 1.0, since_s)
        if self._spending is not None:
            self._spending.note(key)


class RateLimit:
    """One bucket per session for signed-in requests, one per client network for all others."""

    def __init__(self, app: App, *, networks: Buckets, sessions: Buckets) -> None:
        self._app = app
        self._networks = networks
        self._sessions = sessions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if is_api(scope):
            wait_s = self._take(scope)
            if wait_s > 0 and scope["type"] == "websocket":
                await close_socket(receive, send, code=FLOOD_CLOSE)
                return
            if wait_s > 0:
                raise TooManyRequests("Too many requests. Wait a moment.", retry_after_s=round(wait_s, 3))
        await self._app(scope, receive, send)

    def _take(self, scope: Scope) -> float:
        actor = scope.get("actor")
        if isinstance(actor, Actor):
            name, buckets, key = "session", self._sessions, str(actor.session_id)
        else:
            name, buckets, key = "network", self._networks, network_of(scope["amana.client_ip"])
        wait_s = buckets.take(key)
        # Sent with every answer, also with refusals: see headers.py.
        scope["amana.rate_headers"] = buckets.headers(name, key)
        return wait_s

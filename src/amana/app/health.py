"""`/healthz`: the process answers. `/readyz`: it can also reach its database. No content, for probes."""

from amana.http.asgi import App, Receive, Scope, Send
from amana.kernel.clock import Clock
from amana.kernel.errors import Refusal
from amana.storage.database import Database
from amana.storage.space import Space

HEALTHY, READY = "/healthz", "/readyz"
REMEMBERED_S = 1.0


class Health:
    """Answers the two probe paths and passes everything else on."""

    def __init__(self, pages: App, database: Database, clock: Clock, space: Space | None) -> None:
        self._pages = pages
        self._database = database
        self._clock = clock
        self._space = space
        self._ready = False
        self._until_s = 0.0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        if path == HEALTHY:
            await _say(send, 200, b"ok\n")
        elif path == READY:
            ready = await self._is_ready()
            await _say(send, 200 if ready else 503, self._in_words(ready=ready))
        else:
            await self._pages(scope, receive, send)

    def _in_words(self, *, ready: bool) -> bytes:
        if not ready:
            return b"no database\n"
        if self._space is not None and self._space.is_short:
            # Still ready: a balancer that took the server out would take reading away as well.
            return b"ready, read-only: the disk is nearly full\n"
        return b"ready\n"

    async def _is_ready(self) -> bool:
        """Remembered for a moment: probes are open to strangers and must cost the database nothing."""
        now_s = self._clock.monotonic_s()
        if now_s >= self._until_s:
            self._until_s = now_s + REMEMBERED_S
            self._ready = await self._reaches_database()
        return self._ready

    async def _reaches_database(self) -> bool:
        try:
            async with self._database.system() as tx:
                return await tx.value("SELECT true") is True
        except Refusal:
            return False


async def _say(send: Send, status: int, body: bytes) -> None:
    headers = [(b"content-type", b"text/plain"), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})

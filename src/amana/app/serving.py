"""Listening: uvicorn on one open socket, and a certificate that is taken up again when it changes."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path

import structlog
import uvicorn

from amana.app.certificates import ReloadingContext
from amana.http.asgi import App
from amana.kernel.errors import StartFailure
from amana.realtime.ws import TRANSPORT_MAX_BYTES

log = structlog.get_logger("amana.process")

CERTIFICATE_CHECK = timedelta(seconds=10)
# How long a stop waits for requests under way; sockets are drained before.
STOP_TIMEOUT_S = 10


class _Server(uvicorn.Server):
    """uvicorn without its own signal handlers: this process decides when and how it stops."""

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        await self._serve(sockets)


@asynccontextmanager
async def serving(
    app: App, sock: socket.socket, tls: ReloadingContext | None, *, name: str
) -> AsyncIterator[None]:
    """Serve ``app`` on ``sock`` inside the block; left, requests under way are finished first.

    Args:
        name: of the task, for whoever looks at a stuck process.
    """
    server = _uvicorn(app, tls)
    task = asyncio.create_task(server.serve(sockets=[sock]), name=name)
    try:
        while not server.started:
            if task.done():
                task.result()
            await asyncio.sleep(0.005)
        yield
    finally:
        server.should_exit = True
        await task


def _uvicorn(app: App, tls: ReloadingContext | None) -> _Server:
    context = tls.context if tls is not None else None
    return _Server(
        uvicorn.Config(
            app,
            http="httptools",
            ws="websockets-sansio",
            ws_max_size=TRANSPORT_MAX_BYTES,
            ws_per_message_deflate=False,
            ws_ping_interval=30.0,
            ws_ping_timeout=30.0,
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=STOP_TIMEOUT_S,
            ssl_context_factory=(lambda _config, _default: context) if context is not None else None,
        )
    )


def reloading(
    stack: AsyncExitStack, certificate: Path, key: Path, renew: Callable[[], bool] = lambda: False
) -> ReloadingContext:
    """A TLS context that follows its files until ``stack`` is left.

    Args:
        renew: called every now and then; writes new files when it is time.

    Raises:
        StartFailure: the files are no certificate and key that belong together.
    """
    try:
        context = ReloadingContext(certificate, key)
    except OSError as error:  # ssl.SSLError is one of them
        raise StartFailure(f"the certificate or its key cannot be used: {error}.") from None
    watching = asyncio.create_task(_watch_certificate(context, renew), name="certificate")
    stack.push_async_callback(cancel, watching)
    return context


async def _watch_certificate(context: ReloadingContext, renew: Callable[[], bool]) -> None:
    while True:
        await asyncio.sleep(CERTIFICATE_CHECK.total_seconds())
        try:
            renew()
            if context.reload_if_changed():
                log.info("tls.certificate_reloaded")
        except OSError as error:
            # The old certificate keeps serving; the pair is looked at again in a moment.
            log.warning("tls.certificate_unusable", reason=type(error).__name__)


async def cancel(task: asyncio.Task[None]) -> None:
    """End a background task and wait until it has."""
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)

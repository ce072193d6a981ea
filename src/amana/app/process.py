"""A server from start to stop: storage, keys, features, listening, and a stop that loses nothing."""

import asyncio
import gc
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from datetime import timedelta
from typing import Protocol

import structlog

from amana.app.between import nats_place, own_servers
from amana.app.edge import Edge
from amana.app.listening import listen
from amana.app.metrics import Look, MetricsPage, metrics_token
from amana.app.secure_context import SecureContext
from amana.app.serving import serving
from amana.app.settings import LOCAL_HOSTS, Settings, TlsMode
from amana.app.standing import facts_of, look_at
from amana.app.storage import open_storage
from amana.app.supervisor import Supervisor, supervising
from amana.app.wiring import Runtime, build_runtime
from amana.backup.target import Target, open_target
from amana.kernel.clock import Clock, SystemClock
from amana.kernel.entropy import SystemEntropy
from amana.kernel.errors import StartFailure
from amana.kernel.tally import TALLY, Tally

log = structlog.get_logger("amana.process")


class Served(Protocol):
    """A running server, as whoever started it sees it: one process, or a supervisor with its workers."""

    @property
    def public_url(self) -> str: ...

    @property
    def port(self) -> int: ...

    @property
    def notices(self) -> list[str]: ...

    async def issue_setup_secret(self) -> str | None: ...


async def serve_until_stopped(settings: Settings, announce: Callable[[Served], Awaitable[None]]) -> None:
    """Serve until SIGTERM or SIGINT, then drain: every acknowledged message is committed already."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    serving_now: AbstractAsyncContextManager[Served] = (
        running(settings) if settings.workers == 1 else supervised(settings)
    )
    async with serving_now as server:
        calm_garbage_collector()
        await announce(server)
        await stop.wait()
        log.info("process.stopping")


@asynccontextmanager
async def running(settings: Settings, clock: Clock | None = None) -> AsyncIterator[Runtime]:
    """Everything that makes up a server of one process; left in reverse order.

    Raises:
        StartFailure: something that the operator can mend.
    """
    clock = clock or SystemClock(on_jump=alarm_jump)
    entropy = SystemEntropy()
    _check_choices(settings)
    servers = own_servers(settings)
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    async with AsyncExitStack() as stack:
        sock = listen(settings.host, settings.port, fixed=_port_is_fixed(settings))
        stack.callback(sock.close)
        port = int(sock.getsockname()[1])
        public_url = settings.public_url or f"http://localhost:{port}"
        storage = await stack.enter_async_context(open_storage(settings, clock, entropy))
        place = await nats_place(settings, servers, storage.dsn) if servers else None
        runtime = await stack.enter_async_context(
            build_runtime(settings, storage, public_url=public_url, clock=clock, entropy=entropy, nats=place)
        )
        runtime.port = port
        edge = Edge(settings, public_url, clock=clock, entropy=entropy)
        runtime.notices += await edge.begin(stack, port=port)
        app = SecureContext(runtime.app, public_url=public_url, trusted_proxies=runtime.trusted_proxies)
        await stack.enter_async_context(serving(app, sock, edge.context(stack), name="http"))
        stack.push_async_callback(runtime.drain)
        targets = _targets(settings)
        look = look_at(facts_of(runtime), storage.database, clock, targets)
        await _serve_metrics(stack, settings, look, clock, lambda: TALLY)
        yield runtime


@asynccontextmanager
async def supervised(settings: Settings) -> AsyncIterator[Supervisor]:
    """Everything that makes up a server of several workers; left in reverse order.

    Raises:
        StartFailure: something that the operator can mend.
    """
    clock, entropy = SystemClock(on_jump=alarm_jump), SystemEntropy()
    _check_choices(settings)
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    async with AsyncExitStack() as stack:
        crew = await stack.enter_async_context(supervising(settings, clock, entropy))
        look = look_at(crew.facts, crew.storage.database, clock, _targets(settings))
        await _serve_metrics(stack, settings, look, clock, crew.tally)
        yield crew


def _targets(settings: Settings) -> list[Target]:
    if settings.metrics_port is None:
        return []
    return [open_target(one, s3_endpoint=settings.backup_s3_endpoint) for one in settings.backup_target]


async def _serve_metrics(
    stack: AsyncExitStack, settings: Settings, look: Look, clock: Clock, tally: Callable[[], Tally]
) -> None:
    """On a listener of their own, so that no proxy in front of people's address can lead there."""
    if settings.metrics_port is None:
        return
    page = MetricsPage(look, clock, token=metrics_token(settings), tally=tally)
    sock = listen(settings.metrics_host, settings.metrics_port, fixed=True)
    await stack.enter_async_context(serving(page, sock, None, name="metrics"))


def calm_garbage_collector() -> None:
    """What was loaded so far stays for good, and a message makes no cycles: look for them rarely.

    With the defaults a saturated server spends a tenth of its time on searching in vain.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


def _port_is_fixed(settings: Settings) -> bool:
    return settings.public_url is not None


def _check_choices(settings: Settings) -> None:
    https = (settings.public_url or "").startswith("https://")
    if settings.tls is not TlsMode.OFF and not https:
        raise StartFailure(
            f"--tls {settings.tls} needs --public-url with https and the host name people will use, "
            "such as https://chat.example.org."
        )
    loopback = settings.host in LOCAL_HOSTS
    if settings.tls is TlsMode.OFF and https and not settings.trusted_proxies:
        raise StartFailure(
            "the public address is https, but nothing here ends TLS. Choose --tls acme, files or internal, "
            "or name the proxy in front in AMANA_TRUSTED_PROXIES."
        )
    if settings.tls is TlsMode.OFF and not https and not loopback:
        log.warning("process.plain_http_beyond_this_machine", host=settings.host)


def alarm_jump(offset: timedelta) -> None:
    """Count and say that the machine's clock leapt."""
    TALLY.clock_jumps += 1
    TALLY.clock_offset_s = offset.total_seconds()
    log.error("clock.jumped", offset_s=round(offset.total_seconds(), 1))

"""One process from start to stop: storage, keys, features, listening, and a stop that loses nothing."""

import asyncio
import gc
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from urllib.parse import urlsplit

import structlog

from amana.app.acme import AcmeEdge, caddy_configuration
from amana.app.certificates import CompanyAuthority, ReloadingContext
from amana.app.install_pages import InstallPages
from amana.app.listening import listen
from amana.app.metrics import MetricsPage, metrics_token
from amana.app.secure_context import SecureContext
from amana.app.serving import cancel, reloading, serving
from amana.app.settings import LOCAL_HOSTS, Settings, TlsMode
from amana.app.standing import look_at
from amana.app.storage import open_storage
from amana.app.wiring import Runtime, build_runtime
from amana.backup.target import open_target
from amana.http.asgi import App
from amana.kernel.clock import Clock, SystemClock
from amana.kernel.entropy import SystemEntropy
from amana.kernel.errors import StartFailure
from amana.kernel.tally import TALLY

log = structlog.get_logger("amana.process")


async def serve_until_stopped(settings: Settings, announce: Callable[[Runtime], Awaitable[None]]) -> None:
    """Serve until SIGTERM or SIGINT, then drain: every acknowledged message is committed already."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with running(settings) as runtime:
        _calm_garbage_collector()
        await announce(runtime)
        await stop.wait()
        log.info("process.stopping")


@asynccontextmanager
async def running(settings: Settings, clock: Clock | None = None) -> AsyncIterator[Runtime]:
    """Everything that makes up a running server; left in reverse order.

    Raises:
        StartFailure: something that the operator can mend.
    """
    clock = clock or SystemClock(on_jump=_alarm_jump)
    entropy = SystemEntropy()
    _check_choices(settings)
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    async with AsyncExitStack() as stack:
        sock = listen(settings.host, settings.port, fixed=_port_is_fixed(settings))
        stack.callback(sock.close)
        public_url = settings.public_url or f"http://localhost:{sock.getsockname()[1]}"
        storage = await stack.enter_async_context(open_storage(settings, clock, entropy))
        runtime = await stack.enter_async_context(
            build_runtime(settings, storage, public_url=public_url, clock=clock, entropy=entropy)
        )
        edge = _Edge(settings, public_url, sock)
        await stack.enter_async_context(edge.serving(runtime))
        await _serve_metrics(stack, settings, runtime)
        yield runtime


class _Edge:
    """Listening for people: uvicorn, and what the TLS mode puts beside or before it."""

    def __init__(self, settings: Settings, public_url: str, sock: socket.socket) -> None:
        self._settings = settings
        self._public_url = public_url
        self._sock = sock
        self._host = urlsplit(public_url).hostname or ""

    @asynccontextmanager
    async def serving(self, runtime: Runtime) -> AsyncIterator[None]:
        runtime.port = self._sock.getsockname()[1]
        async with AsyncExitStack() as stack:
            tls = await self._prepare_tls(stack, runtime)
            proxies = runtime.trusted_proxies
            app: App = SecureContext(runtime.app, public_url=self._public_url, trusted_proxies=proxies)
            await stack.enter_async_context(serving(app, self._sock, tls, name="http"))
            stack.push_async_callback(runtime.drain)
            yield

    async def _prepare_tls(self, stack: AsyncExitStack, runtime: Runtime) -> ReloadingContext | None:
        settings = self._settings
        if settings.tls is TlsMode.ACME:
            await self._start_acme(stack)
            return None
        if settings.tls is TlsMode.FILES:
            if settings.tls_certificate is None or settings.tls_key is None:
                raise StartFailure("--tls files needs --tls-certificate and --tls-key.")
            return reloading(stack, settings.tls_certificate, settings.tls_key)
        if settings.tls is TlsMode.INTERNAL:
            authority = CompanyAuthority(settings.data_dir / "tls", self._host, runtime.entropy)
            authority.ensure(runtime.clock.now())
            await self._serve_install_pages(stack, authority, runtime)
            return reloading(
                stack, authority.certificate, authority.key, lambda: authority.ensure(runtime.clock.now())
            )
        return None

    async def _start_acme(self, stack: AsyncExitStack) -> None:
        folder = self._settings.data_dir / "acme"
        configuration = caddy_configuration(
            public_url=self._public_url,
            upstream_port=self._sock.getsockname()[1],
            https_port=443,
            http_port=80,
            storage=(folder / "storage").absolute(),
            directory=self._settings.acme_directory,
            root=self._settings.acme_root,
        )
        edge = AcmeEdge(folder, configuration)
        stack.push_async_callback(edge.stop)
        await edge.start()
        watching = asyncio.create_task(edge.watch(), name="acme")
        stack.push_async_callback(cancel, watching)

    async def _serve_install_pages(
        self, stack: AsyncExitStack, authority: CompanyAuthority, runtime: Runtime
    ) -> None:
        sock = listen(self._settings.host, self._settings.install_port, fixed=False)
        pages = InstallPages(authority, self._public_url)
        await stack.enter_async_context(serving(pages, sock, None, name="install-pages"))
        where = f"http://{self._host}:{sock.getsockname()[1]}/"
        runtime.notices.append(f"Devices install the company certificate from {where}")


async def _serve_metrics(stack: AsyncExitStack, settings: Settings, runtime: Runtime) -> None:
    """On a listener of their own, so that no proxy in front of people's address can lead there."""
    if settings.metrics_port is None:
        return
    token = metrics_token(settings)
    targets = [open_target(one, s3_endpoint=settings.backup_s3_endpoint) for one in settings.backup_target]
    page = MetricsPage(look_at(runtime, targets), runtime.clock, token=token)
    sock = listen(settings.metrics_host, settings.metrics_port, fixed=True)
    await stack.enter_async_context(serving(page, sock, None, name="metrics"))


def _calm_garbage_collector() -> None:
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


def _alarm_jump(offset: timedelta) -> None:
    TALLY.clock_jumps += 1
    TALLY.clock_offset_s = offset.total_seconds()
    log.error("clock.jumped", offset_s=round(offset.total_seconds(), 1))

"""What stands between people and the application: TLS, and the programs and pages that belong to it.

``Edge.begin`` is done once on a machine, ``Edge.context`` in every process that serves people.
"""

import asyncio
from contextlib import AsyncExitStack
from urllib.parse import urlsplit

import structlog

from amana.app.acme import AcmeEdge, caddy_configuration
from amana.app.certificates import CompanyAuthority, ReloadingContext
from amana.app.install_pages import InstallPages
from amana.app.listening import listen
from amana.app.serving import CERTIFICATE_CHECK, cancel, reloading, serving
from amana.app.settings import Settings, TlsMode
from amana.kernel.clock import Clock
from amana.kernel.entropy import Entropy
from amana.kernel.errors import StartFailure

log = structlog.get_logger("amana.edge")


class Edge:
    """The TLS mode of the settings at work."""

    def __init__(self, settings: Settings, public_url: str, *, clock: Clock, entropy: Entropy) -> None:
        self._settings = settings
        self._public_url = public_url
        self._host = urlsplit(public_url).hostname or ""
        self._clock = clock
        self._entropy = entropy

    async def begin(self, stack: AsyncExitStack, *, port: int) -> list[str]:
        """Start what is there once, until ``stack`` is left; give what the operator must know.

        Args:
            port: where the application listens.

        Raises:
            StartFailure: the ACME edge does not run, or the pages' port is taken.
        """
        if self._settings.tls is TlsMode.ACME:
            await self._start_acme(stack, port)
        if self._settings.tls is TlsMode.INTERNAL:
            return [await self._serve_install_pages(stack)]
        return []

    def context(self, stack: AsyncExitStack) -> ReloadingContext | None:
        """The TLS of one process; None when it ends elsewhere. Call it after ``begin``.

        Raises:
            StartFailure: certificate or key cannot be used.
        """
        settings = self._settings
        if settings.tls is TlsMode.FILES:
            if settings.tls_certificate is None or settings.tls_key is None:
                raise StartFailure("--tls files needs --tls-certificate and --tls-key.")
            return reloading(stack, settings.tls_certificate, settings.tls_key)
        if settings.tls is TlsMode.INTERNAL:
            authority = self._authority()
            return reloading(stack, authority.certificate, authority.key)
        return None

    def _authority(self) -> CompanyAuthority:
        return CompanyAuthority(self._settings.data_dir / "tls", self._host, self._entropy)

    async def _start_acme(self, stack: AsyncExitStack, port: int) -> None:
        folder = self._settings.data_dir / "acme"
        configuration = caddy_configuration(
            public_url=self._public_url,
            upstream_port=port,
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

    async def _serve_install_pages(self, stack: AsyncExitStack) -> str:
        authority = self._authority()
        authority.ensure(self._clock.now())
        renewing = asyncio.create_task(self._renew(authority), name="authority")
        stack.push_async_callback(cancel, renewing)
        sock = listen(self._settings.host, self._settings.install_port, fixed=False)
        pages = InstallPages(authority, self._public_url)
        await stack.enter_async_context(serving(pages, sock, None, name="install-pages"))
        where = f"http://{self._host}:{sock.getsockname()[1]}/"
        return f"Devices install the company certificate from {where}"

    async def _renew(self, authority: CompanyAuthority) -> None:
        """One process writes new certificates; all take them up (``CERTIFICATE_CHECK``)."""
        while True:
            await asyncio.sleep(CERTIFICATE_CHECK.total_seconds())
            try:
                authority.ensure(self._clock.now())
            except OSError as error:
                # The old certificate keeps serving for weeks; it is tried again in a moment.
                log.warning("tls.certificate_not_renewed", reason=type(error).__name__)

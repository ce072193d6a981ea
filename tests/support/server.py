"""A real `amana serve` as a process of its own, on a folder of its own, that may be killed."""

import asyncio
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.parse import quote, urlsplit

import psutil  # type: ignore[import-untyped]  # has no types of its own

READY = re.compile(r"Amana is ready at (\S+)")
START_LIMIT_S = 60.0
STOP_LIMIT_S = 40.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


# How much of a server's output is shown with a failed test, in characters.
OUTPUT_SHOWN = 20_000


class ServerProcess:
    """Starts, kills and restarts one server.

    Attributes:
        data_dir: everything the server keeps.
        output: what it printed and logged, all starts together.
    """

    def __init__(self, folder: Path | None = None, *, port: int | None = None, **environment: str) -> None:
        self.folder = folder or Path(tempfile.mkdtemp(prefix="amana-server-"))
        self.folder.chmod(0o755)  # the database's own account must reach its folder
        self.data_dir = self.folder / "data"
        self.served_dir = self.data_dir  # the same folder by the name the server knows
        self.amana = Path(sys.executable).with_name("amana")
        self.prefix: list[str] = []  # a program that starts the server in a world of its own
        self.output = self.folder / "output"
        self.port = port or free_port()
        self.environment = environment
        self.process: subprocess.Popen[bytes] | None = None
        self.base_url = ""

    async def start(self) -> str:
        """Start and wait until it serves; give its address."""
        said_before = self.output.read_text() if self.output.exists() else ""
        command = [*self.prefix, str(self.amana), "serve", "--data-dir", str(self.served_dir)]
        with self.output.open("ab") as output:
            self.process = subprocess.Popen(
                [*command, "--port", str(self.port)],
                stdout=output,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                env={**os.environ, "PYTHONUNBUFFERED": "1", **self.environment},
                cwd=self.folder,
            )
        for _ in range(int(START_LIMIT_S / 0.05)):
            said = self.output.read_text()[len(said_before) :]
            if found := READY.search(said):
                self.base_url = found[1]
                return self.base_url
            if self.process.poll() is not None:
                raise RuntimeError(f"amana serve ended with {self.process.returncode}:\n{said[-3000:]}")
            await asyncio.sleep(0.05)
        raise RuntimeError(f"amana serve was not ready in {START_LIMIT_S} s:\n{said[-3000:]}")

    @property
    def pid(self) -> int:
        assert self.process is not None, "not started"
        return self.process.pid

    def setup_secret(self) -> str:
        """The secret of the set-up link, which goes to a file when nobody looks."""
        return urlsplit((self.data_dir / "setup-link").read_text().strip()).fragment

    def postmaster_pid(self) -> int | None:
        """The embedded PostgreSQL's first process; None while there is none."""
        for path in self.data_dir.glob("postgres/**/postmaster.pid"):
            try:
                pid = int(path.read_text().split()[0])
            except (OSError, ValueError, IndexError):
                continue
            if psutil.pid_exists(pid):
                return pid
        return None

    def superuser_dsn(self) -> str:
        """The database itself, past the server: no row-level security, every schema."""
        lines = (self.data_dir / "postgres" / "postmaster.pid").read_text().splitlines()
        port, socket_dir = lines[3], lines[4]
        password = quote((self.data_dir / "postgres.password").read_text().strip(), safe="")
        return f"postgresql://amana:{password}@/amana?host={quote(socket_dir)}&port={port}"

    def backend_pids(self) -> list[int]:
        """PostgreSQL's other processes."""
        pid = self.postmaster_pid()
        try:
            return [child.pid for child in psutil.Process(pid).children()] if pid else []
        except psutil.NoSuchProcess:
            return []

    async def kill(self) -> None:
        """kill −9, nothing is tidied up."""
        assert self.process is not None, "not started"
        self.process.kill()
        await asyncio.to_thread(self.process.wait)

    async def stop(self) -> int:
        """Ask it to stop; give the exit code."""
        assert self.process is not None, "not started"
        self.process.terminate()
        return await asyncio.to_thread(self.process.wait, STOP_LIMIT_S)

    async def remove(self) -> None:
        """End what is left and delete the folder."""
        if self.process is not None and self.process.poll() is None:
            try:
                await self.stop()
            except subprocess.TimeoutExpired:
                await self.kill()
        if (pid := self.postmaster_pid()) is not None:
            os.kill(pid, signal.SIGINT)
            for _ in range(100):
                if not psutil.pid_exists(pid):
                    break
                await asyncio.sleep(0.1)
        self._show_output()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _show_output(self) -> None:
        """Say what the server said last: pytest shows it with a test that failed."""
        if self.output.exists():
            print(self.output.read_text(errors="replace")[-OUTPUT_SHOWN:])

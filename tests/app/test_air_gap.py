"""With the network off: Amana installs from a folder, starts, and asks nobody outside for anything."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from scripts import wheelhouse
from tests.contracts.repository import ROOT
from tests.support.server import ServerProcess

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root may make a network of its own")

# Everything that is on by default, and what an operator can switch on without naming an outside address.
METRICS_PORT = "9464"
WATCHED_S = 12.0  # longer than the period of every job that runs more often than hourly, but the keyring's


class Alone(ServerProcess):
    """A server in a network with nothing in it but itself."""

    def __init__(self, folder: Path | None = None) -> None:
        super().__init__(folder, AMANA_METRICS_PORT=METRICS_PORT)
        self.prefix = ["unshare", "-n", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"]

    def inside(self, *command: str, given: str = "") -> subprocess.CompletedProcess[str]:
        """Run a program in the server's network."""
        enter = ["nsenter", "-t", str(self.pid), "-n", "--"]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        return subprocess.run(
            [*enter, *command],
            input=given,
            capture_output=True,
            text=True,
            env=environment,
            cwd=ROOT,
            timeout=120,
        )

    def talk(self) -> None:
        talk = (sys.executable, "-m", "tests.support.offline_talk", self.base_url)
        done = self.inside(*talk, given=self.setup_secret())
        assert done.stdout == "talked\n", done.stderr

    def attempts_outside(self) -> int:
        """Packets that anybody in this network wanted to send to where no way leads, since it was made."""
        found = 0
        lines = Path(f"/proc/{self.pid}/net/snmp").read_text().splitlines()
        names, values = (line.split()[1:] for line in lines if line.startswith("Ip:"))
        found += int(dict(zip(names, values, strict=True))["OutNoRoutes"])
        for line in Path(f"/proc/{self.pid}/net/snmp6").read_text().splitlines():
            if line.startswith("Ip6OutNoRoutes"):
                found += int(line.split()[1])
        return found


@pytest_asyncio.fixture
async def alone() -> AsyncIterator[Alone]:
    server = Alone()
    yield server
    await server.remove()


async def test_a_server_without_a_network_serves_and_asks_nobody_outside(alone: Alone) -> None:
    await alone.start()
    await asyncio.to_thread(alone.talk)
    await asyncio.sleep(WATCHED_S)

    assert alone.attempts_outside() == 0, "something in Amana wanted to reach the outside"
    assert alone.process is not None
    assert alone.process.poll() is None
    said = alone.output.read_text()
    assert "error" not in said
    assert "Traceback" not in said

    look_up = "import socket; socket.create_connection(('192.0.2.1', 80), 2)"
    assert alone.inside(sys.executable, "-c", look_up).returncode != 0
    assert alone.attempts_outside() > 0, "an attempt would have been seen"


@pytest.mark.full
@pytest.mark.timeout(1200)
async def test_an_installation_from_a_folder_with_the_network_off(tmp_path: Path) -> None:
    await asyncio.to_thread(wheelhouse.main)
    place = tmp_path / "opt"
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(folder.stat().st_mode | 0o055)
    pip = [str(place / "bin" / "python"), "-m", "pip", "install", "--quiet", "--no-index"]
    wheel = next(wheelhouse.HOUSE.glob("amana-*.whl"))
    locked = ["--find-links", str(wheelhouse.HOUSE), "--require-hashes", "-r", "requirements.txt"]
    for command in (
        ["sha256sum", "--check", "--quiet", "SHA256SUMS"],
        [sys.executable, "-m", "venv", str(place)],
        [*pip, *locked],
        [*pip, "--no-deps", str(wheel)],
    ):
        done = subprocess.run(
            ["unshare", "-n", *command], cwd=wheelhouse.HOUSE, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr[-2000:]

    server = Alone()
    server.amana = place / "bin" / "amana"
    try:
        await server.start()
        assert str(place) in Path(f"/proc/{server.pid}/cmdline").read_text()
        await asyncio.to_thread(server.talk)
        assert server.attempts_outside() == 0
    finally:
        await server.remove()

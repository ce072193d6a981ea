"""A clock that leaps a day forward and two back while people talk: the metrics and the doctor tell of it."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from tests.cli.commands import amana
from tests.support.client import set_up
from tests.support.server import ServerProcess, free_port

LIBRARY = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)
METRIC = "amana_clock_jumps_total "

pytestmark = pytest.mark.skipif(LIBRARY is None, reason="the package faketime is missing")


class Leaping(ServerProcess):
    """A server whose wall clock, and nothing else, is what a file says."""

    def __init__(self) -> None:
        self.metrics_port = free_port()
        super().__init__(
            LD_PRELOAD=str(LIBRARY),
            FAKETIME_DONT_FAKE_MONOTONIC="1",
            FAKETIME_NO_CACHE="1",
            AMANA_METRICS_PORT=str(self.metrics_port),
        )
        self.clock = self.folder / "clock"
        self.environment["FAKETIME_TIMESTAMP_FILE"] = str(self.clock)
        self.leap("+0")

    def leap(self, offset: str) -> None:
        """Be ``offset`` away from the true time from now on: ``+1d``."""
        self.clock.write_text(offset + "\n")

    async def jumps(self) -> int:
        async with httpx.AsyncClient() as client:
            page = (await client.get(f"http://127.0.0.1:{self.metrics_port}/metrics")).text
        return int(float(next(line for line in page.splitlines() if line.startswith(METRIC)).split()[1]))


@pytest_asyncio.fixture
async def server() -> AsyncIterator[Leaping]:
    process = Leaping()
    yield process
    await process.remove()


async def test_a_clock_that_leaps_by_a_day_moves_no_message_and_raises_the_alarm(server: Leaping) -> None:
    await server.start()
    ana = await set_up(server.base_url, server.setup_secret())
    room = await ana.create_group("Room")
    sent = []
    for expected, offset in enumerate(("+0", "+1d", "-1d")):
        server.leap(offset)
        sent += [await ana.post(room, f"{offset} {number}") for number in range(3)]
        async with asyncio.timeout(20):
            while await server.jumps() < expected:
                await asyncio.sleep(0.2)

    told = await asyncio.to_thread(amana, "doctor", "--data-dir", server.data_dir)
    assert "clock has leapt 2 times" in told.out

    assert [one["seq"] for one in sent] == list(range(sent[0]["seq"], sent[0]["seq"] + 9))
    times = [one["ts"] for one in sent]
    assert times == sorted(times)
    assert abs(times[-1] - time.time() * 1000) < 60_000, "what people see is the true time, within a minute"
    assert server.output.read_text().count("clock.jumped") >= 2

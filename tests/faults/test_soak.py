"""Hours in small: moderate load, random faults, and nothing that grows.

Database backends and the whole database are killed, connections are cut, acknowledgements get lost, while
memory, file descriptors, write-ahead log and the distance of the screens from the log are watched.
"""

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from statistics import median

import asyncpg
import psutil  # type: ignore[import-untyped]  # has no types of its own
import pytest
import pytest_asyncio

from amana.storage.faults import DRIVER_ERRORS
from tests.faults.device import Device
from tests.faults.run import FaultRun, Outcome, Plan
from tests.support.server import ServerProcess

MEGABYTE = 2**20
CI_S = 10.0
FULL_S = 120.0
PAUSE_S = 0.1
"""Between two messages of one sender: a third of what one server takes."""
SAMPLE_S = 0.25
MIN_SAMPLES = 24
FAULT_S = (0.5, 2.0)
WARM_SHARE = 0.3
"""Caches fill and pools open at the beginning; that is no leak."""


@dataclass(frozen=True)
class Sample:
    """One look at the server.

    Attributes:
        lag: messages that are stored and not on the slowest screen.
    """

    rss_bytes: int
    descriptors: int
    wal_bytes: int
    lag: int


@dataclass(frozen=True)
class Allowed:
    """How much more the last third of the samples may show than the first one after warming up."""

    rss_bytes: int = 30 * MEGABYTE
    descriptors: int = 12
    wal_bytes: int = 96 * MEGABYTE
    lag: int = 50


def drift(samples: Sequence[Sample], allowed: Allowed) -> list[str]:
    """What grew, by the medians of the beginning and the end: single peaks are the faults themselves."""
    warm = samples[int(len(samples) * WARM_SHARE) :]
    third = len(warm) // 3
    assert third >= 3, "too few samples to mean anything"
    found = []
    for name in ("rss_bytes", "descriptors", "wal_bytes", "lag"):
        before = median(getattr(sample, name) for sample in warm[:third])
        after = median(getattr(sample, name) for sample in warm[-third:])
        if after - before > getattr(allowed, name):
            found.append(f"{name} grew from {before:.0f} to {after:.0f}")
    return found


class Soak(FaultRun):
    """Keeps the server process itself alive, so that its memory can be watched."""

    def __init__(self, server: ServerProcess, seed: int, length_s: float) -> None:
        super().__init__(server, Plan(0, seed, kills=0, inflight=1, pause_s=FAULT_S, limit_s=length_s + 120))
        self.ends_s = 0.0
        self.length_s = length_s
        self.samples: list[Sample] = []

    async def run(self) -> Outcome:
        watching = asyncio.create_task(self.watch())
        try:
            return await super().run()
        finally:
            watching.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await watching

    async def prepare(self) -> None:
        await super().prepare()
        self.ends_s = time.monotonic() + self.length_s

    async def keep_sending(self, device: Device) -> None:
        while self.goes_on():
            await self.send_one(device)
            await asyncio.sleep(device.chance.uniform(0, 2 * PAUSE_S))

    def goes_on(self) -> bool:
        return time.monotonic() < self.ends_s or len(self.samples) < MIN_SAMPLES

    async def kill_at_random(self) -> None:
        while True:
            await asyncio.sleep(self.chance.uniform(*FAULT_S))
            victim = self.chance.choice(["backend", "backend", "postmaster", "connections"])
            self.kills.append(victim)
            if victim == "connections":
                for device in self.devices:
                    await device.cut()
            elif victim == "postmaster" and (pid := self.server.postmaster_pid()):
                psutil.Process(pid).kill()
            elif victim == "backend" and (backends := self.server.backend_pids()):
                with contextlib.suppress(psutil.NoSuchProcess):
                    psutil.Process(self.chance.choice(backends)).kill()

    async def watch(self) -> None:
        while True:
            await asyncio.sleep(SAMPLE_S)
            if self.ends_s > 0 and self.goes_on():
                # While the database is down there is nothing to look at.
                with contextlib.suppress(*DRIVER_ERRORS):
                    self.samples.append(await self.look())

    async def look(self) -> Sample:
        process = psutil.Process(self.server.pid)
        connection = await asyncpg.connect(self.server.superuser_dsn(), timeout=5)
        try:
            rows = await connection.fetch(
                "SELECT conversation_id, seq FROM amana.conversation_head", timeout=5
            )
        finally:
            connection.terminate()
        heads = {row["conversation_id"]: row["seq"] for row in rows}
        lag = max(heads[room] - device.last[room] for device in self.devices for room in self.rooms)
        wal = self.server.data_dir / "postgres" / "pg_wal"
        sizes = [file.stat().st_size for file in wal.iterdir() if len(file.name) == 24]
        return Sample(process.memory_info().rss, process.num_fds(), sum(sizes), max(0, lag))


@pytest_asyncio.fixture
async def server() -> AsyncIterator[ServerProcess]:
    process = ServerProcess()
    yield process
    await process.remove()


async def soak(server: ServerProcess, seed: int, length_s: float) -> None:
    run = Soak(server, seed, length_s)

    outcome = await run.run()

    print(outcome.summary(), run.samples[0], run.samples[-1])
    assert outcome.wrong == []
    assert outcome.acked == len(outcome.history.operations) > length_s
    assert len(set(outcome.kills)) >= 2
    assert drift(run.samples, Allowed()) == []


@pytest.mark.timeout(240)
async def test_ten_seconds_under_faults_leave_nothing_behind(server: ServerProcess, own_seed: int) -> None:
    await soak(server, own_seed, CI_S)


@pytest.mark.full
@pytest.mark.timeout(600)
async def test_two_minutes_under_faults_leave_nothing_behind(server: ServerProcess, own_seed: int) -> None:
    await soak(server, own_seed, FULL_S)


def flat(chance: random.Random) -> list[Sample]:
    return [
        Sample(150 * MEGABYTE + chance.randrange(MEGABYTE), 60 + chance.randrange(4), 48 * MEGABYTE, 0)
        for _ in range(60)
    ]


def test_what_stays_flat_is_accepted(own_seed: int) -> None:
    assert drift(flat(random.Random(own_seed)), Allowed()) == []


@pytest.mark.parametrize(
    ("name", "step"),
    [("rss_bytes", 2 * MEGABYTE), ("descriptors", 1), ("wal_bytes", 4 * MEGABYTE), ("lag", 3)],
)
def test_what_grows_is_caught(own_seed: int, name: str, step: int) -> None:
    samples = flat(random.Random(own_seed))
    leaking = [
        replace(sample, **{name: getattr(sample, name) + step * turn}) for turn, sample in enumerate(samples)
    ]

    assert [fault.split()[0] for fault in drift(leaking, Allowed())] == [name]

"""The power fails while people write: what was acknowledged is there afterwards, and the database is whole.

A real embedded PostgreSQL works on a file system that forgets whatever was not synced (``power_cut``).
"""

import asyncio
import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit
from uuid import UUID

import asyncpg
import psutil  # type: ignore[import-untyped]  # has no types of its own
import pytest
import pytest_asyncio

from amana.kernel.entropy import SeededEntropy
from amana.kernel.errors import Refusal
from amana.kernel.ids import ConversationId
from amana.storage import cluster
from amana.storage.binaries import wheel_folder
from amana.storage.database import Database
from amana.storage.embedded import EmbeddedPostgres
from amana.storage.migrations import migrate
from amana.storage.partitions import ensure_month_partitions
from tests.conversations.world import World
from tests.faults.power_cut import CUT, GRAVEYARD
from tests.support.clock import FakeClock
from tests.support.postgres import schema_folders, scratch_dir

CI_CUTS = 3
FULL_CUTS = 40
FILE_SYSTEM = (sys.executable, "-m", "tests.faults.power_cut")
MOUNT_LIMIT_S = 20.0

pytestmark = pytest.mark.skipif(
    not os.access("/dev/fuse", os.R_OK | os.W_OK) or os.geteuid() != 0,
    reason="needs /dev/fuse and root: the database runs under another account than the file system",
)


class Machine:
    """A database on a disk that forgets, and the people who write into it.

    Attributes:
        acked: (conversation, seq) → client id of every acknowledged message.
    """

    def __init__(self, folder: Path, chance: random.Random, entropy: SeededEntropy) -> None:
        self.folder, self.chance, self.entropy = folder, chance, entropy
        self.disk, self.mount = folder / "disk", folder / "postgres"
        self.clock = FakeClock()
        self.postgres = EmbeddedPostgres(folder, entropy=entropy)
        self.file_system: subprocess.Popen[bytes] | None = None
        self.acked: dict[tuple[UUID, int], UUID] = {}
        self.world: World | None = None
        self.rooms: list[ConversationId] = []

    async def make(self) -> None:
        """Create the database on an honest disk, then put the forgetful one under it."""
        dsn = await self.postgres.start()
        await migrate(dsn, schema_folders(), clock=self.clock)
        await ensure_month_partitions(dsn, clock=self.clock)
        await self.postgres.stop()
        self.mount.rename(self.disk)
        self.mount.mkdir(mode=0o700)

    async def power_on(self) -> None:
        self.file_system = subprocess.Popen(
            [*FILE_SYSTEM, str(self.disk), str(self.mount), str(self.chance.randrange(2**31))]
        )
        begun = time.monotonic()
        while not os.path.ismount(self.mount):
            assert self.file_system.poll() is None, "the file system did not start"
            assert time.monotonic() - begun < MOUNT_LIMIT_S
            await asyncio.sleep(0.02)
        self.postgres = EmbeddedPostgres(self.folder, entropy=self.entropy)
        await self.postgres.start()

    async def write_until_cut(self, messages: int) -> None:
        """People send without pause; after so many acknowledgements the power is cut."""
        database = await Database.connect(self.postgres.dsn)
        try:
            if self.world is None:
                self.world = await World(database, self.clock, self.entropy).start(self.folder)
                self.rooms = [await self.world.room("bo") for _ in range(3)]
            world = World(database, self.clock, self.entropy)
            world.org_id, world.people = self.world.org_id, self.world.people
            await _restart(world, self.folder)
            goal = len(self.acked) + messages
            writing = [asyncio.create_task(self._write(world, name, goal)) for name in ("ana", "bo") * 3]
            while len(self.acked) < goal and not all(task.done() for task in writing):
                await asyncio.sleep(0.001)
            assert len(self.acked) >= goal, [task.exception() for task in writing if task.done()]
            await asyncio.to_thread(self.cut)
            await asyncio.wait(writing, timeout=20)
            for task in writing:
                task.cancel()
            await asyncio.gather(*writing, return_exceptions=True)
        finally:
            await database.close()

    async def _write(self, world: World, name: str, goal: int) -> None:
        # Beyond the goal on purpose: some messages must be on their way when the power fails.
        while len(self.acked) < goal + 1000:
            room = self.chance.choice(self.rooms)
            client_id = world.client_id()
            try:
                placed = await world.say(name, room, "x" * self.chance.randint(1, 3000), client_id=client_id)
            except (Refusal, OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                return
            self.acked[room, placed.seq] = client_id

    def cut(self) -> None:
        """Power off: the disk goes back to what is durable, every process is gone."""
        with contextlib.suppress(OSError):
            Path(f"{self.mount}{CUT}").stat()
        pid = self.postgres.pid
        for process in [*psutil.Process(pid).children(recursive=True), psutil.Process(pid)] if pid else []:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGKILL)

    async def power_off(self) -> None:
        """Leave nothing of the former life but the disk."""
        await self.postgres.stop()
        subprocess.run(["fusermount3", "-u", "-z", str(self.mount)], check=False, capture_output=True)
        if self.file_system is not None:
            self.file_system.wait(20)
            self.file_system = None
        shutil.rmtree(self.folder / GRAVEYARD, ignore_errors=True)

    async def losses(self) -> list[str]:
        """What is wrong after the restart: acknowledged messages, order, damaged tables and indexes."""
        try:
            connection = await asyncpg.connect(self.postgres.dsn, timeout=20)
        except (OSError, asyncpg.PostgresError) as error:
            return [f"the database is not there: {type(error).__name__}"]
        try:
            rows = await connection.fetch("SELECT conversation_id, seq, client_id FROM amana.event")
            heads = await connection.fetch("SELECT conversation_id, seq FROM amana.conversation_head")
            unwrapped = await connection.fetchval(
                "SELECT count(*) FROM amana.event e WHERE kind = 10 AND NOT EXISTS "
                "(SELECT FROM keyring.wrap w WHERE w.conversation_id = e.conversation_id AND w.seq = e.seq)"
            )
            checksums = await connection.fetchval("SHOW data_checksums")
        except asyncpg.PostgresError as error:
            return [f"the tables cannot be read: {error}"]
        finally:
            await connection.close()
        stored = {(row["conversation_id"], row["seq"]): row["client_id"] for row in rows}
        lost = [f"lost: {place}" for place, client_id in self.acked.items() if stored.get(place) != client_id]
        for head in heads:
            seqs = sorted(seq for room, seq in stored if room == head["conversation_id"])
            if seqs != list(range(1, head["seq"] + 1)):
                lost.append(f"{head['conversation_id']}: not 1..{head['seq']}")
        lost += [f"{unwrapped} messages have no key"] if unwrapped else []
        lost += [] if checksums == "on" else ["data checksums are off"]
        return [*lost, *await asyncio.to_thread(self._amcheck)]

    def _amcheck(self) -> list[str]:
        parts = urlsplit(self.postgres.dsn)
        where = parse_qs(parts.query)
        done = subprocess.run(
            [
                str(wheel_folder() / "pg_amcheck"),
                *("--install-missing", "--heapallindexed", "--jobs=1"),
                *(f"--host={where['host'][0]}", f"--port={where['port'][0]}", "--username=amana", "amana"),
            ],
            env={"PGPASSWORD": unquote(parts.password or ""), "PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
            timeout=200,
        )
        return [] if done.returncode == 0 else [f"pg_amcheck: {(done.stdout + done.stderr)[-600:]}"]


async def _restart(world: World, folder: Path) -> None:
    """The services of a process that was started after the cut, for the people there were."""
    people = dict(world.people)
    original, world.person = world.person, _nobody  # type: ignore[method-assign,assignment]
    try:
        await world.start(folder)
    finally:
        world.person = original  # type: ignore[method-assign]
    world.people = people


async def _nobody(*_: object) -> None:
    """Everybody is there already."""


@pytest_asyncio.fixture
async def machine(own_seed: int, entropy: SeededEntropy) -> AsyncIterator[Machine]:
    machine = Machine(scratch_dir(), random.Random(own_seed), entropy)
    await machine.make()
    try:
        yield machine
    finally:
        await machine.power_off()
        shutil.rmtree(machine.folder, ignore_errors=True)


async def survive(machine: Machine, cuts: int, messages: int) -> None:
    for _ in range(cuts):
        await machine.power_on()
        await machine.write_until_cut(machine.chance.randint(messages // 2, messages))
        await machine.power_off()
        await machine.power_on()
        assert await machine.losses() == []
        await machine.power_off()

    print(f"{len(machine.acked)} acknowledged messages and {cuts} power cuts")


async def test_nothing_is_written_after_the_power_has_failed(machine: Machine) -> None:
    await machine.power_on()
    await machine.postgres.stop()
    note = machine.mount / "note"
    with note.open("wb", buffering=0) as file:
        file.write(b"before")
        os.fsync(file.fileno())

        machine.cut()

        with pytest.raises(OSError, match="Input/output error"):
            file.write(b"after")
    with pytest.raises(OSError, match="Input/output error"):
        note.read_bytes()
    assert (machine.disk / "note").read_bytes() == b"before"


@pytest.mark.timeout(300)
async def test_nothing_acknowledged_is_lost_when_the_power_fails(machine: Machine) -> None:
    await survive(machine, CI_CUTS, 300)


@pytest.mark.full
@pytest.mark.timeout(3600)
async def test_nothing_acknowledged_is_lost_in_forty_power_cuts(machine: Machine) -> None:
    await survive(machine, FULL_CUTS, 1500)


@pytest.mark.timeout(300)
async def test_a_database_that_does_not_sync_is_caught(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(cluster.GUARDED, "fsync", "off")
    await machine.power_on()
    await machine.write_until_cut(200)
    await machine.power_off()
    monkeypatch.setitem(cluster.GUARDED, "fsync", "on")

    found = []
    try:
        await machine.power_on()
    except Exception as failure:  # noqa: BLE001  whatever the ruin of a database says
        found = [f"the database does not start: {failure}"]
    else:
        found = await machine.losses()

    assert found != []

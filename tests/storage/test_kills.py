"""Kill −9 of the server at random points under load: what was acknowledged is there, once."""

import asyncio
import os
import random
import shutil
import signal
from collections.abc import Iterator

import asyncpg
import pytest

from amana.kernel.entropy import SeededEntropy
from amana.kernel.errors import Busy
from amana.kernel.ids import OrgId
from amana.storage.database import Database
from amana.storage.embedded import EmbeddedPostgres
from amana.storage.migrations import migrate
from tests.support.clock import FakeClock
from tests.support.fixtures import FLOOR_BINARIES
from tests.support.postgres import schema_folders, scratch_dir

NOTE = """
CREATE TABLE amana.note (org_id uuid NOT NULL, writer int, number int, PRIMARY KEY (org_id, writer, number));
CALL amana.protect_table('amana.note');
"""
KILLS = 4
WRITERS = 6


@pytest.fixture(params=["embedded", "floor"])
def server(request: pytest.FixtureRequest) -> Iterator[EmbeddedPostgres]:
    if request.param == "floor" and not FLOOR_BINARIES.exists():
        pytest.skip(f"the oldest supported PostgreSQL is not installed (no {FLOOR_BINARIES})")
    folder = scratch_dir()
    yield EmbeddedPostgres(folder / "data", binaries=FLOOR_BINARIES if request.param == "floor" else None)
    shutil.rmtree(folder, ignore_errors=True)


class Writers:
    """Write numbered rows, repeating each until it is acknowledged."""

    def __init__(self, database: Database, org_id: OrgId) -> None:
        self.database = database
        self.org_id = org_id
        self.acknowledged: set[tuple[int, int]] = set()
        self.refused = 0
        self.done = False

    async def run(self, writer: int) -> None:
        number = 0
        while not self.done:
            try:
                async with self.database.write(self.org_id) as tx:
                    await tx.run(
                        "INSERT INTO note VALUES (:org, :writer, :number) ON CONFLICT DO NOTHING",
                        org=self.org_id,
                        writer=writer,
                        number=number,
                    )
            except Busy:
                self.refused += 1
                await asyncio.sleep(0.02)
                continue
            self.acknowledged.add((writer, number))
            number += 1


async def test_nothing_acknowledged_is_lost_when_the_server_is_killed(
    server: EmbeddedPostgres, clock: FakeClock, org_id: OrgId, entropy: SeededEntropy
) -> None:
    chance = random.Random(entropy.token_bytes(8))
    dsn = await server.start()
    await migrate(dsn, schema_folders(), clock=clock)
    await _execute(dsn, NOTE)
    database = await Database.connect(dsn)
    writers = Writers(database, org_id)
    watching = asyncio.create_task(server.watch())
    writing = [asyncio.create_task(writers.run(writer)) for writer in range(WRITERS)]
    for _ in range(KILLS):
        before = len(writers.acknowledged)
        async with asyncio.timeout(20):
            while len(writers.acknowledged) < before + 50 or server.pid is None:
                await asyncio.sleep(0.01)
        await asyncio.sleep(chance.random() / 5)
        os.kill(server.pid, signal.SIGKILL)
        await asyncio.sleep(0.1)
    async with asyncio.timeout(20):
        while not await server.healthy():
            await asyncio.sleep(0.05)
    writers.done = True
    await asyncio.gather(*writing)

    async with database.read(org_id) as tx:
        stored = {(row["writer"], row["number"]) for row in await tx.all("SELECT * FROM note")}
    assert writers.acknowledged <= stored
    assert len(stored - writers.acknowledged) <= WRITERS  # at most the one each was about to repeat
    assert writers.refused > 0
    await database.close()
    await server.stop()
    await watching


async def _execute(dsn: str, sql: str) -> None:
    connection = await asyncpg.connect(dsn)
    await connection.execute(sql)
    await connection.close()

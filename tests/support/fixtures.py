"""Fixtures for every test; ``tests/conftest.py`` imports them."""

import asyncio
import hashlib
import os
import random
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from amana.kernel.entropy import SeededEntropy
from amana.kernel.ids import Ids, OrgId
from amana.storage.database import Database
from amana.storage.migrations import FLOOR_VERSION
from tests.support.clock import FakeClock
from tests.support.postgres import PostgresServer
from tests.support.server import ServerProcess

FLOOR_BINARIES = Path(f"/usr/lib/postgresql/{FLOOR_VERSION}/bin")


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """One server for the whole session, in memory where possible."""
    server = PostgresServer.launch(FakeClock())
    yield server
    server.close()


@pytest.fixture(scope="session")
def floor_postgres() -> Iterator[PostgresServer]:
    """The oldest PostgreSQL that Amana supports, started apart from the system's own cluster."""
    if not (FLOOR_BINARIES / "initdb").exists():
        pytest.skip(f"PostgreSQL {FLOOR_VERSION} is not installed (no {FLOOR_BINARIES}/initdb)")
    server = PostgresServer.launch(FakeClock(), binaries=FLOOR_BINARIES)
    yield server
    server.close()


@pytest.fixture(scope="module")
def database_dsn(postgres: PostgresServer) -> Iterator[str]:
    """A migrated, empty database of this test module's own."""
    dsn = asyncio.run(postgres.create_database())
    yield dsn
    asyncio.run(postgres.drop_database(dsn))


@pytest_asyncio.fixture
async def database(database_dsn: str) -> AsyncIterator[Database]:
    """The module's database. Tests of one module share its rows: use an organisation of your own."""
    database = await Database.connect(database_dsn)
    yield database
    await database.close()


@pytest_asyncio.fixture
async def empty_dsn(postgres: PostgresServer) -> AsyncIterator[str]:
    """A migrated database for one single test, without any row."""
    dsn = await postgres.create_database()
    yield dsn
    await postgres.drop_database(dsn)


@pytest_asyncio.fixture
async def empty_database(empty_dsn: str) -> AsyncIterator[Database]:
    """The same, connected."""
    database = await Database.connect(empty_dsn)
    yield database
    await database.close()


@pytest.fixture
def clock() -> FakeClock:
    """Stands at 2026-11-22 12:00 UTC until the test moves it."""
    return FakeClock()


@pytest.fixture
def own_seed(request: pytest.FixtureRequest) -> int:
    """Repeatable: a failing test prints the run's seed, ``make test SEED=…`` replays it.

    Each test draws its own number from the run's seed: tests of one module share a database, and
    with the same numbers they would share ids too.
    """
    seed = int(os.environ.get("AMANA_TEST_SEED") or random.SystemRandom().randrange(2**32))
    print(f"AMANA_TEST_SEED={seed}")
    digest = hashlib.sha256(f"{seed} {request.node.nodeid}".encode()).digest()
    return int.from_bytes(digest[:8], "big")


@pytest.fixture
def entropy(own_seed: int) -> SeededEntropy:
    """The test's own chance, from ``own_seed``."""
    return SeededEntropy(own_seed)


@pytest.fixture
def ids(clock: FakeClock, entropy: SeededEntropy) -> Ids:
    return Ids(clock, entropy)


@pytest.fixture
def org_id(ids: Ids) -> OrgId:
    """An organisation's id that no other test uses."""
    return OrgId(ids.new())


@pytest_asyncio.fixture
async def server() -> AsyncIterator[ServerProcess]:
    """A server process of its own with an empty data folder, started."""
    server = ServerProcess()
    await server.start()
    yield server
    await server.remove()

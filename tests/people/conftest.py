"""A fresh installation for every test: there is one organisation in a database."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from amana.kernel.entropy import SeededEntropy
from amana.storage.database import Database
from tests.support.clock import FakeClock
from tests.support.people import CountingHasher, House, build_house


@pytest_asyncio.fixture
async def house(
    empty_database: Database, clock: FakeClock, entropy: SeededEntropy, tmp_path: Path
) -> AsyncIterator[House]:
    house = await build_house(empty_database, clock, entropy, tmp_path, hasher=CountingHasher())
    yield house
    house.desk.passwords.close()

"""The small world every test of this folder lives in."""

from pathlib import Path

import pytest

from amana.kernel.entropy import SeededEntropy
from amana.storage.database import Database
from tests.conversations.world import World
from tests.support.clock import FakeClock


@pytest.fixture(scope="module")
def key_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Holds the root key of the module's database."""
    return tmp_path_factory.mktemp("key")


@pytest.fixture
async def world(database: Database, clock: FakeClock, entropy: SeededEntropy, key_folder: Path) -> World:
    """An organisation of its own with ana (owner), bo and eve (members)."""
    return await World(database, clock, entropy).start(key_folder)

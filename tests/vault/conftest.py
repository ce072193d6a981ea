"""Fixtures of the vault's tests: a vault on the module's database and rooms in it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from amana.kernel.entropy import SeededEntropy
from amana.kernel.ids import Ids
from amana.storage.database import Database
from amana.vault import Damage, KeyFile, Vault
from tests.support.clock import FakeClock
from tests.vault.bao import Bao, running_bao
from tests.vault.room import Intruder, Room, open_room


@pytest.fixture(scope="module")
def key_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The root key that belongs to the module's database."""
    return tmp_path_factory.mktemp("keys") / "root.key"


@pytest.fixture
def damages() -> list[Damage]:
    """What the vault reported."""
    return []


@pytest.fixture
async def vault(database: Database, key_path: Path, entropy: SeededEntropy, damages: list[Damage]) -> Vault:
    vault = Vault(database, KeyFile(key_path, entropy=entropy), entropy, on_damage=damages.append)
    await vault.start()
    return vault


@pytest.fixture
async def room(database: Database, vault: Vault, ids: Ids, clock: FakeClock) -> Room:
    return await open_room(database, vault, ids, clock)


@pytest.fixture
def intruder(database_dsn: str) -> Intruder:
    return Intruder(database_dsn)


@pytest.fixture
def bao(tmp_path: Path) -> Iterator[Bao]:
    """A key service of the test's own."""
    folder = tmp_path / "bao"
    folder.mkdir()
    with running_bao(folder) as server:
        server.prepare()
        yield server

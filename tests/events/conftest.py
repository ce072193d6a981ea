"""Fixtures of the log's tests."""

from pathlib import Path

import pytest

from amana.events.doorbell import Doorbell
from amana.events.log import Log
from amana.kernel.entropy import SeededEntropy
from amana.kernel.ids import Ids, OrgId
from amana.storage.database import Database
from amana.vault import KeyFile, Vault
from tests.events.room import KINDS, USER_KINDS, Heard, Office
from tests.support.clock import FakeClock


@pytest.fixture(scope="module")
def key_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The root key that belongs to the module's database."""
    return tmp_path_factory.mktemp("keys") / "root.key"


@pytest.fixture
async def office(
    database: Database, key_path: Path, entropy: SeededEntropy, clock: FakeClock, ids: Ids, org_id: OrgId
) -> Office:
    vault = Vault(database, KeyFile(key_path, entropy=entropy), entropy)
    await vault.start()
    async with database.write(org_id) as tx:
        await vault.create_organisation_key(tx, org_id)
    doorbell = Doorbell()
    heard = Heard()
    doorbell.subscribe(heard)
    log = Log(vault, doorbell, clock, kinds=KINDS, user_kinds=USER_KINDS)
    return Office(database, vault, log, doorbell, heard, clock, ids, org_id)

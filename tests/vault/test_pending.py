"""What is written and not said yet has a key of its own, which ends when it is said or taken back."""

from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest

from amana.kernel.entropy import SeededEntropy
from amana.kernel.ids import ClientId, ConversationId, DeviceId, Ids, OrgId, UserId
from amana.storage.database import Database
from amana.vault import Address, KeyFile, Unreadable, Vault, issue
from amana.vault.proofs import ProofMismatch
from tests.support.clock import FakeClock

TEXT = b'{"text":"not yet"}'
ITEM = ClientId(UUID("00000000-0000-8000-8000-00000000abcd"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("key")


@pytest.fixture
async def vault(database: Database, entropy: SeededEntropy, folder: Path) -> Vault:
    vault = Vault(database, KeyFile(folder / "root.key"), entropy)
    await vault.start()
    return vault


@pytest.fixture
async def address(database: Database, vault: Vault, org_id: OrgId, ids: Ids) -> Address:
    room = ConversationId(ids.new())
    async with database.write(org_id) as tx:
        await vault.create_organisation_key(tx, org_id)
        await vault.create_conversation_key(tx, org_id, room)
    return Address(org_id, room, UserId(ids.new()), DeviceId(ids.new()), ITEM, 0)


async def test_its_author_and_the_job_open_it_and_nobody_else(
    database: Database, vault: Vault, address: Address, ids: Ids
) -> None:
    author = issue.export(org_id=address.org_id, user_id=address.sender_id)
    job = issue.system(org_id=address.org_id, job="test")
    other = issue.export(org_id=address.org_id, user_id=UserId(ids.new()))
    async with database.write(address.org_id) as tx:
        body = await vault.pending.seal(tx, address, TEXT)

        assert TEXT not in body
        assert await vault.pending.open(tx, author, address, body) == TEXT
        assert await vault.pending.open(tx, job, address, body) == TEXT
        with pytest.raises(ProofMismatch):
            await vault.pending.open(tx, other, address, body)


async def test_ended_is_unreadable(database: Database, vault: Vault, address: Address) -> None:
    job = issue.system(org_id=address.org_id, job="test")
    async with database.write(address.org_id) as tx:
        body = await vault.pending.seal(tx, address, TEXT)

        assert await vault.pending.end(tx, address.conversation_id, [ITEM]) == 1
        assert await vault.pending.open(tx, job, address, body) is Unreadable.ERASED


async def test_a_new_wording_ends_the_old_one(database: Database, vault: Vault, address: Address) -> None:
    job = issue.system(org_id=address.org_id, job="test")
    newer = replace(address, revision=1)
    async with database.write(address.org_id) as tx:
        old = await vault.pending.seal(tx, address, TEXT)
        new = await vault.pending.seal(tx, newer, b"better")

        assert await vault.pending.open(tx, job, newer, new) == b"better"
        assert await vault.pending.open(tx, job, address, old) is Unreadable.DAMAGED
        assert await vault.pending.open(tx, job, newer, old) is Unreadable.DAMAGED


async def test_a_member_who_leaves_changes_the_key_and_it_still_opens(
    database: Database, vault: Vault, address: Address, clock: FakeClock
) -> None:
    job = issue.system(org_id=address.org_id, job="test")
    async with database.write(address.org_id) as tx:
        body = await vault.pending.seal(tx, address, TEXT)
    async with database.write(address.org_id) as tx:
        await vault.rotation.rotate_conversation(tx, address.org_id, address.conversation_id, now=clock.now())
        opened = await vault.pending.open(tx, job, address, body)

    assert opened == TEXT


async def test_the_id_of_a_message_is_refused(
    database: Database, vault: Vault, address: Address, ids: Ids
) -> None:
    as_message = replace(address, client_id=ClientId(ids.new()))
    async with database.write(address.org_id) as tx:
        with pytest.raises(ValueError, match="must not look like"):
            await vault.pending.seal(tx, as_message, TEXT)

"""The names of conversations in the log."""

import hmac
from hashlib import sha256

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from amana.kernel.ids import Ids
from amana.vault import Vault, queries
from amana.vault.keychain import unwrap_conversation
from tests.support.clock import FakeClock
from tests.vault.room import Intruder, Room, open_room


async def names(room: Room, *others: Room) -> list[bytes | None]:
    ids = [one.conversation_id for one in (room, *others)]
    async with room.database.write(room.org_id) as tx:
        found = await room.vault.pseudonyms.of(tx, room.org_id, ids)
    return [found.get(conversation_id) for conversation_id in ids]


async def test_a_name_is_derived_from_the_conversations_own_key(room: Room) -> None:
    (name,) = await names(room)

    async with room.database.read(room.org_id) as tx:
        (row,) = await queries.conversation_keys(tx, [room.conversation_id])
        organisation = await room.vault._keys.organisation(tx, room.org_id)
    key = unwrap_conversation(organisation, room.org_id, row)
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"amana/pseudonym/v1").derive(key)
    assert name == hmac.new(derived, room.conversation_id.bytes, sha256).digest()[:16]


async def test_every_conversation_has_a_name_of_its_own(
    room: Room, vault: Vault, ids: Ids, clock: FakeClock
) -> None:
    other = await open_room(room.database, vault, ids, clock, org_id=room.org_id)

    assert len(set(await names(room, other))) == 2


async def test_a_name_stays_when_keys_are_rotated(room: Room, clock: FakeClock) -> None:
    before = await names(room)
    async with room.database.write(room.org_id) as tx:
        await room.vault._keys.create_conversations(
            tx, room.org_id, {room.conversation_id: 2}, now=clock.now()
        )

    assert await names(room) == before


async def test_without_the_first_key_nobody_can_tell_the_name(
    room: Room, vault: Vault, ids: Ids, clock: FakeClock, intruder: Intruder
) -> None:
    gone = await open_room(room.database, vault, ids, clock, org_id=room.org_id)
    await intruder.run(
        "DELETE FROM keyring.conversation_key WHERE conversation_id = $1", gone.conversation_id
    )

    known, unknown = await names(room, gone)
    assert known is not None
    assert unknown is None

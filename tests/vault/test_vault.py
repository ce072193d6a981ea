"""Sealing and opening on the real database: keys, proofs and what happens without them."""

import os
from collections.abc import Coroutine
from pathlib import Path
from typing import TypeVar
from uuid import UUID

import pytest

from amana.events.log import seal_request
from amana.kernel.entropy import SeededEntropy
from amana.kernel.ids import ConversationId, Ids, OrgId, Seq, UserId
from amana.storage.database import Database
from amana.vault import (
    Damage,
    KeyFile,
    KeyUnavailable,
    ProofMismatch,
    RootKeyFailure,
    SealRequest,
    Unreadable,
    Vault,
    issue,
)
from tests.support.clock import FakeClock
from tests.vault.room import Intruder, Room, open_room

T = TypeVar("T")


def without_suspending(work: Coroutine[object, object, T]) -> T:
    """Run a coroutine that must not wait for anything."""
    try:
        work.send(None)
    except StopIteration as done:
        return done.value
    work.close()
    raise AssertionError("It waited.")


async def test_members_read_exactly_the_bytes_that_were_sealed(room: Room) -> None:
    await room.say("Hallo", "مرحبا", "", "x" * 5000)

    assert await room.read() == room.texts


async def test_stored_bytes_hold_no_word_and_no_key_repeats(room: Room, intruder: Intruder) -> None:
    await room.say("Wahrzeichen", "Wahrzeichen")

    rows = await intruder.rows(
        "SELECT body, commitment FROM event WHERE conversation_id = $1", room.conversation_id
    )
    wraps = await intruder.rows(
        "SELECT wrapped FROM keyring.wrap WHERE conversation_id = $1", room.conversation_id
    )
    assert all(b"Wahrzeichen" not in row["body"] for row in rows)
    assert len({row["body"] for row in rows}) == len({row["commitment"] for row in rows}) == 2
    assert len({row["wrapped"] for row in wraps}) == 2


async def test_sealing_with_known_keys_never_waits(room: Room) -> None:
    await room.say("warm")
    requests = [seal_request(room.org_id, room.new_event(str(number))) for number in range(100)]

    sealed = without_suspending(room.vault.seal(requests))

    assert len(sealed) == 100
    assert len({part.body for part in sealed}) == 100
    assert without_suspending(room.vault.seal([])) == []


async def test_a_server_that_just_started_loads_the_keys_it_needs(
    room: Room, database: Database, key_path: Path, entropy: SeededEntropy
) -> None:
    await room.say("before the restart")
    restarted = Vault(database, KeyFile(key_path), entropy)
    await restarted.start()

    assert await room.read(vault=restarted) == room.texts
    restarted = Vault(database, KeyFile(key_path), entropy)
    await restarted.start()
    assert len(await restarted.seal([seal_request(room.org_id, room.new_event("after"))])) == 1


async def test_the_key_of_a_conversation_that_was_rolled_back_is_forgotten(
    room: Room, database: Database, ids: Ids
) -> None:
    room.conversation_id = ConversationId(ids.new())
    request = seal_request(room.org_id, room.new_event("never sent"))

    async def create_and_fail() -> None:
        async with database.write(room.org_id) as tx:
            await room.vault.create_conversation_key(tx, room.org_id, room.conversation_id)
            assert len(await room.vault.seal([request], tx=tx)) == 1
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await create_and_fail()
    with pytest.raises(KeyUnavailable):
        await room.vault.seal([request])


async def test_making_a_key_again_changes_nothing(room: Room, database: Database) -> None:
    await room.say("first")

    async with database.write(room.org_id) as tx:
        await room.vault.create_organisation_key(tx, room.org_id)
        await room.vault.create_conversation_key(tx, room.org_id, room.conversation_id)

    assert await room.read() == room.texts


async def test_nothing_is_sealed_for_an_unknown_conversation(room: Room, ids: Ids) -> None:
    known = seal_request(room.org_id, room.new_event("known"))
    room.conversation_id = ConversationId(ids.new())

    with pytest.raises(KeyUnavailable) as refused:
        await room.vault.seal(
            [known, SealRequest(seal_request(room.org_id, room.new_event("")).address, b"")]
        )

    assert refused.value.fields == {"conversation_id": str(room.conversation_id)}


async def test_a_key_of_another_organisation_is_out_of_reach(
    room: Room, database: Database, ids: Ids
) -> None:
    await room.say("ours")
    items = await room.rows()
    stranger = OrgId(ids.new())

    async with database.read(stranger) as tx:
        opened = await room.vault.open(tx, room.proof(), items)

    assert opened == [Unreadable.ERASED]


async def test_a_proof_opens_only_what_it_covers(
    room: Room, database: Database, vault: Vault, ids: Ids, clock: FakeClock
) -> None:
    first, second = await room.say("first", "second")
    other = await open_room(database, vault, ids, clock, org_id=room.org_id)
    items = await room.rows()
    foreign = issue.member(
        org_id=OrgId(ids.new()), user_id=room.bo, conversation_id=room.conversation_id, visible_from=Seq(1)
    )
    own_export = issue.export(org_id=room.org_id, user_id=room.ana)

    async with database.read(room.org_id) as tx:
        for proof in (other.proof(), foreign, room.proof(visible_from=2), own_export):
            with pytest.raises(ProofMismatch):
                await vault.open(tx, proof, items)
        assert await vault.open(tx, room.proof(visible_from=2), items[1:]) == [room.texts[second]]
        assert await vault.open(tx, own_export, items[:1]) == [room.texts[first]]
        case = issue.case(
            org_id=room.org_id,
            case_id=UUID(int=1),
            conversation_id=room.conversation_id,
            first=first,
            last=first,
        )
        assert await vault.open(tx, case, items[:1]) == [room.texts[first]]
        with pytest.raises(ProofMismatch):
            await vault.open(tx, case, items)


async def test_pages_of_several_rooms_open_together(
    room: Room, database: Database, vault: Vault, ids: Ids, clock: FakeClock
) -> None:
    other = await open_room(database, vault, ids, clock, org_id=room.org_id)
    await room.say("here", "and here")
    await other.say("there")

    async with database.read(room.org_id) as tx:
        pages = await vault.open_pages(
            tx, [(room.proof(), await room.rows()), (other.proof(), await other.rows()), (room.proof(), [])]
        )

    assert pages == [list(room.texts.values()), list(other.texts.values()), []]


async def test_a_page_costs_one_statement_once_the_keys_are_known(
    room: Room, database: Database, key_path: Path, entropy: SeededEntropy, intruder: Intruder
) -> None:
    await room.say(*map(str, range(20)))
    items = await room.rows()
    fresh = Vault(database, KeyFile(key_path), entropy)
    await fresh.start()
    counts = []

    for _ in range(2):
        async with database.read(room.org_id) as tx:
            counted = Counting(tx)
            await fresh.open(counted, room.proof(), items)  # type: ignore[arg-type]  # counts, then asks tx
        counts.append(counted.statements)

    assert counts == [3, 1]  # wraps, conversation key, organisation key


class Counting:
    """A transaction that counts its statements."""

    def __init__(self, tx: object) -> None:
        self._tx = tx
        self.statements = 0

    def __getattr__(self, name: str) -> object:
        if name != "after_commit":
            self.statements += 1
        return getattr(self._tx, name)


async def test_the_wrong_root_key_is_refused_at_start(
    room: Room, database: Database, tmp_path: Path, entropy: SeededEntropy
) -> None:
    strange = KeyFile(tmp_path / "root.key", entropy=SeededEntropy(99))
    await strange.unlock(may_create=True)

    with pytest.raises(RootKeyFailure, match="belongs to another database"):
        await Vault(database, strange, entropy).start()


async def test_an_existing_database_never_gets_a_new_root_key(
    room: Room, database: Database, tmp_path: Path, entropy: SeededEntropy
) -> None:
    with pytest.raises(RootKeyFailure, match="is missing"):
        await Vault(database, KeyFile(tmp_path / "root.key"), entropy).start()

    assert os.listdir(tmp_path) == []  # noqa: PTH208  nothing else runs in this loop


async def test_the_application_cannot_change_keys_in_place(room: Room, database: Database) -> None:
    for statement in (
        "UPDATE keyring.wrap SET wrapped = ''",
        "UPDATE keyring.conversation_key SET wrapped = ''",
        "DELETE FROM keyring.organisation_key",
        "DELETE FROM keyring.conversation_key",
        "DELETE FROM keyring.root_key",
        "UPDATE keyring.root_key SET check_value = ''",
    ):
        with pytest.raises(Exception, match="never changed"):
            async with database.write(room.org_id) as tx:
                await tx.run(statement)


async def test_texts_open_for_their_own_purpose_and_subject(
    room: Room, database: Database, ids: Ids, damages: list[Damage]
) -> None:
    subject, org = ids.new(), room.org_id
    async with database.write(org) as tx:
        sealed = await room.vault.seal_text(tx, org, "conversation.title", subject, "Süd ⚓")

        assert await room.vault.open_text(tx, org, "conversation.title", subject, sealed) == "Süd ⚓"
        for purpose, whom in (("conversation.purpose", subject), ("conversation.title", UserId(ids.new()))):
            assert await room.vault.open_text(tx, org, purpose, whom, sealed) is Unreadable.DAMAGED
        for changed in (b"", sealed[:-1], sealed[:20] + b"?" + sealed[21:], b"\x01\0\0\0\x02" + sealed[5:]):
            opened = await room.vault.open_text(tx, org, "conversation.title", subject, changed)
            assert opened is Unreadable.DAMAGED


async def test_a_changed_organisation_key_refuses_everything_and_stops_nothing(
    room: Room, database: Database, key_path: Path, entropy: SeededEntropy, intruder: Intruder
) -> None:
    await room.say("one", "two")
    async with database.write(room.org_id) as tx:
        title = await room.vault.seal_text(tx, room.org_id, "conversation.title", room.ana, "title")
    await intruder.run(
        "UPDATE keyring.organisation_key SET wrapped = set_byte(wrapped, 20, 255 - get_byte(wrapped, 20))"
        " WHERE org_id = $1",
        room.org_id,
    )
    restarted = Vault(database, KeyFile(key_path), entropy)
    await restarted.start()

    assert set((await room.read(vault=restarted)).values()) == {Unreadable.DAMAGED}
    async with database.write(room.org_id) as tx:
        opened = await restarted.open_text(tx, room.org_id, "conversation.title", room.ana, title)
    assert opened is Unreadable.DAMAGED
    with pytest.raises(KeyUnavailable):
        await restarted.seal([seal_request(room.org_id, room.new_event("three"))])


async def test_a_text_does_not_open_in_another_organisation(
    room: Room, database: Database, vault: Vault, ids: Ids, clock: FakeClock
) -> None:
    other = await open_room(database, vault, ids, clock)
    subject = ids.new()
    async with database.write(room.org_id) as tx:
        sealed = await vault.seal_text(tx, room.org_id, "conversation.title", subject, "ours")

    async with database.read(other.org_id) as tx:
        opened = await vault.open_text(tx, other.org_id, "conversation.title", subject, sealed)

    assert opened is Unreadable.DAMAGED

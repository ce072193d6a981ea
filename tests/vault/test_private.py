"""What people keep for themselves: sealed under a key of their own, which ends with them and nobody else."""

from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from amana.kernel.entropy import SeededEntropy
from amana.kernel.ids import UserId
from amana.storage.database import Database
from amana.vault import KeyFile, KeyUnavailable, PrivateSealed, PrivateText, Unreadable, Vault, issue
from amana.vault.erasure import BEGINNING, journal_after, replay
from amana.vault.proofs import PersonProof, ProofMismatch
from amana.vault.rotation import GENERATION_AGE
from tests.support.clock import FakeClock
from tests.vault.room import Intruder, Room

SUBJECT = UUID(int=7)


async def seal(room: Room, clock: FakeClock, *texts: str, who: UserId | None = None) -> list[bytes]:
    async with room.database.write(room.org_id) as tx:
        wanted = [PrivateText("draft", SUBJECT, text) for text in texts]
        return await room.vault.private.seal(tx, room.org_id, who or room.ana, wanted, now=clock.now())


async def opened(
    room: Room, *sealed: bytes, who: UserId | None = None, purpose: str = "draft", subject: UUID = SUBJECT
) -> list[str | Unreadable]:
    proof = issue.person(org_id=room.org_id, user_id=who or room.ana)
    async with room.database.read(room.org_id) as tx:
        items = [PrivateSealed(purpose, subject, one) for one in sealed]
        return await room.vault.private.open(tx, proof, items)


async def key_rows(dsn: str, user_id: UserId) -> list[tuple[int, int]]:
    rows = await Intruder(dsn).rows(
        "SELECT generation, epoch FROM keyring.user_key WHERE user_id = $1 ORDER BY generation", user_id
    )
    return [(row["generation"], row["epoch"]) for row in rows]


async def test_only_the_person_reads_it_and_only_as_what_it_is(room: Room, clock: FakeClock) -> None:
    first, second = await seal(room, clock, "dear all", "")
    await seal(room, clock, "his own", who=room.bo)

    assert await opened(room, first, second) == ["dear all", ""]
    assert await opened(room, first, who=room.bo) == [Unreadable.DAMAGED]
    assert await opened(room, first, purpose="note") == [Unreadable.DAMAGED]
    assert await opened(room, first, subject=UUID(int=8)) == [Unreadable.DAMAGED]
    assert await opened(room, first[:-1] + bytes([first[-1] ^ 1])) == [Unreadable.DAMAGED]
    assert await opened(room, b"", b"\x01") == [Unreadable.DAMAGED] * 2


async def test_the_database_holds_nothing_that_was_typed(
    room: Room, clock: FakeClock, database_dsn: str
) -> None:
    (sealed,) = await seal(room, clock, "the words of ana")
    (row,) = await Intruder(database_dsn).rows("SELECT * FROM keyring.user_key WHERE user_id = $1", room.ana)

    assert b"the words" not in sealed
    assert len(row["wrapped"]) == 61
    assert len({len(one) for one in await seal(room, clock, "a", "a" * 20)}) == 1


async def test_reading_needs_a_proof_that_was_issued(room: Room, clock: FakeClock) -> None:
    (sealed,) = await seal(room, clock, "mine")
    faked = PersonProof(room.org_id, room.ana, True)  # type: ignore[arg-type]  # that is the point

    async with room.database.read(room.org_id) as tx:
        with pytest.raises(ProofMismatch):
            await room.vault.private.open(tx, faked, [PrivateSealed("draft", SUBJECT, sealed)])


async def test_a_key_is_made_once_and_a_newer_one_after_some_months(
    room: Room, clock: FakeClock, database_dsn: str
) -> None:
    (old,) = await seal(room, clock, "old")
    clock.advance(GENERATION_AGE - timedelta(seconds=1))
    await seal(room, clock, "still the first")
    assert await key_rows(database_dsn, room.ana) == [(1, 1)]

    clock.advance(timedelta(seconds=1))
    (new,) = await seal(room, clock, "new")

    assert await key_rows(database_dsn, room.ana) == [(1, 1), (2, 1)]
    assert await opened(room, old, new) == ["old", "new"]


async def test_two_devices_that_begin_at_once_get_one_key(
    room: Room, clock: FakeClock, database_dsn: str
) -> None:
    async with room.database.write(room.org_id) as tx:
        one = room.vault.private.seal(
            tx, room.org_id, room.ana, [PrivateText("draft", SUBJECT, "one")], now=clock.now()
        )
        (first,) = await one
    (second,) = await seal(room, clock, "two")

    assert await key_rows(database_dsn, room.ana) == [(1, 1)]
    assert await opened(room, first, second) == ["one", "two"]


async def test_a_new_epoch_takes_the_keys_of_people_too(
    room: Room, clock: FakeClock, database_dsn: str, key_path: Path, entropy: SeededEntropy
) -> None:
    (sealed,) = await seal(room, clock, "kept")
    async with room.database.write(room.org_id) as tx:
        epoch = await room.vault.rotation.rotate_organisation(tx, room.org_id)
    done = 0
    while True:
        async with room.database.write(room.org_id) as tx:
            step = await room.vault.rotation.rewrap(tx, room.org_id, limit=1)
        if not step:
            break
        done += step

    assert (epoch, done) == (2, 2)  # one conversation, one person
    assert await key_rows(database_dsn, room.ana) == [(1, 2)]
    assert await opened(room, sealed) == ["kept"]
    fresh = Vault(room.database, KeyFile(key_path, entropy=entropy), entropy)
    await fresh.start()
    room.vault = fresh
    assert await opened(room, sealed) == ["kept"]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE keyring.user_key SET wrapped = ''",
        "UPDATE keyring.user_key SET epoch = epoch + 1",
        "DO $$ BEGIN UPDATE keyring.user_key SET wrapped = ''; END $$",
    ],
)
async def test_no_statement_changes_a_key(room: Room, clock: FakeClock, change: str) -> None:
    (sealed,) = await seal(room, clock, "kept")

    with pytest.raises(Exception, match="never changed"):
        async with room.database.write(room.org_id) as tx:
            await tx.run(change)
    assert await opened(room, sealed) == ["kept"]


async def test_a_changed_key_opens_nothing_and_seals_nothing(
    room: Room, clock: FakeClock, database_dsn: str
) -> None:
    (sealed,) = await seal(room, clock, "kept")
    await Intruder(database_dsn).run(
        "UPDATE keyring.user_key SET wrapped = set_byte(wrapped, 30, get_byte(wrapped, 30) # 1)"
        " WHERE user_id = $1",
        room.ana,
    )

    assert await opened(room, sealed) == [Unreadable.DAMAGED]
    with pytest.raises(KeyUnavailable):
        await seal(room, clock, "more")


async def test_the_key_ends_with_the_person_and_is_not_made_again(
    room: Room, clock: FakeClock, database_dsn: str
) -> None:
    (hers,) = await seal(room, clock, "hers")
    (his,) = await seal(room, clock, "his", who=room.bo)

    async with room.database.write(room.org_id) as tx:
        await room.vault.note_erased_account(tx, room.ana, clock.now())

    assert await opened(room, hers) == [Unreadable.ERASED]
    assert await opened(room, his, who=room.bo) == ["his"]
    with pytest.raises(KeyUnavailable):
        await seal(room, clock, "again")
    assert await key_rows(database_dsn, room.ana) == []


async def test_an_older_keyring_with_the_journal_of_today_has_no_key_of_the_person(
    room: Room, clock: FakeClock, database: Database, database_dsn: str
) -> None:
    (sealed,) = await seal(room, clock, "hers")
    intruder = Intruder(database_dsn)
    (kept,) = await intruder.rows("SELECT * FROM keyring.user_key WHERE user_id = $1", room.ana)
    async with room.database.write(room.org_id) as tx:
        await room.vault.note_erased_account(tx, room.ana, clock.now())
    async with room.database.read(room.org_id) as tx:
        journal, _ = await journal_after(tx, BEGINNING)
    # The restored state: the key is there again, the journal knows nothing.
    await intruder.run("DELETE FROM keyring.erasure WHERE org_id = $1", room.org_id)
    places = ", ".join(f"${number}" for number in range(1, len(kept) + 1))
    await intruder.run(f"INSERT INTO keyring.user_key VALUES ({places})", *kept.values())
    assert await opened(room, sealed) == ["hers"]

    async with room.database.write(room.org_id) as tx:
        await replay(tx, journal)

    assert await opened(room, sealed) == [Unreadable.ERASED]


async def test_an_examination_tells_a_changed_key_and_one_that_should_be_gone(
    room: Room, clock: FakeClock, database_dsn: str
) -> None:
    await seal(room, clock, "hers")
    await seal(room, clock, "his", who=room.bo)

    async def examined() -> dict[UserId, tuple[bool, bool]]:
        async with room.database.read(room.org_id) as tx:
            pages = room.vault.examiner.examine_people(tx, room.org_id, size=1)
            return {one.user_id: (one.holds, one.erased) async for page in pages for one in page}

    assert await examined() == {room.ana: (True, False), room.bo: (True, False)}

    intruder = Intruder(database_dsn)
    (kept,) = await intruder.rows("SELECT * FROM keyring.user_key WHERE user_id = $1", room.ana)
    async with room.database.write(room.org_id) as tx:
        await room.vault.note_erased_account(tx, room.ana, clock.now())
    places = ", ".join(f"${number}" for number in range(1, len(kept) + 1))
    await intruder.run(f"INSERT INTO keyring.user_key VALUES ({places})", *kept.values())
    await intruder.run("UPDATE keyring.user_key SET generation = 2 WHERE user_id = $1", room.bo)

    assert await examined() == {room.ana: (True, True), room.bo: (False, False)}

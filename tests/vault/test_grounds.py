"""Content is readable if and only if a wrap exists whose ground the proof may use."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from amana.kernel.ids import Ids, Seq
from amana.storage.database import Database
from amana.vault import READABLE, Cause, Ground, ReaderProof, Unreadable, Vault, formats, issue
from tests.support.clock import FakeClock
from tests.vault.room import Room, open_room


def case(room: Room) -> ReaderProof:
    return issue.case(
        org_id=room.org_id,
        case_id=UUID(int=1),
        conversation_id=room.conversation_id,
        first=Seq(1),
        last=Seq(1000),
    )


PROOFS: dict[str, Callable[[Room], ReaderProof]] = {
    "member": Room.proof,
    "case": case,
    "export": lambda room: issue.export(org_id=room.org_id, user_id=room.ana),
    "system": lambda room: issue.system(org_id=room.org_id, job="index"),
}


async def test_a_removed_message_is_left_to_cases_and_its_author(
    room: Room, database: Database, clock: FakeClock
) -> None:
    first, second = await room.say("removed", "stays")
    async with database.write(room.org_id) as tx:
        await room.vault.move_to_trace(
            tx, room.proof(), await room.rows(first), due=clock.now() + timedelta(days=30), now=clock.now()
        )

    assert await room.read() == {first: Unreadable.ERASED, second: room.texts[second]}
    assert await room.read(case(room)) == room.texts
    assert await room.wraps(first) == {Ground.TRACE}
    async with database.read(room.org_id) as tx:
        own = issue.export(org_id=room.org_id, user_id=room.ana)
        assert await room.vault.open(tx, own, await room.rows(first)) == [room.texts[first]]
        job = issue.system(org_id=room.org_id, job="index")
        assert await room.vault.open(tx, job, await room.rows(first)) == [Unreadable.ERASED]


async def test_removing_twice_keeps_the_first_due_date(
    room: Room, database: Database, clock: FakeClock
) -> None:
    (first,) = await room.say("removed")
    for days in (30, 60):
        async with database.write(room.org_id) as tx:
            await room.vault.move_to_trace(
                tx,
                room.proof(),
                await room.rows(first),
                due=clock.now() + timedelta(days=days),
                now=clock.now(),
            )

    async with database.write(room.org_id) as tx:
        assert await room.vault.end_due_traces(tx, clock.now() + timedelta(days=30)) == 1
    assert await room.wraps(first) == set()


async def test_a_rolled_back_removal_leaves_the_message(
    room: Room, database: Database, clock: FakeClock
) -> None:
    await room.say("stays")

    async def remove_and_fail() -> None:
        async with database.write(room.org_id) as tx:
            await room.vault.move_to_trace(
                tx, room.proof(), await room.rows(), due=clock.now(), now=clock.now()
            )
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await remove_and_fail()
    assert await room.read() == room.texts


async def test_traces_end_when_they_are_due_and_not_before(
    room: Room, database: Database, vault: Vault, ids: Ids, clock: FakeClock
) -> None:
    other = await open_room(database, vault, ids, clock)
    due = clock.now() + timedelta(days=30)
    for each in (room, other):
        await each.say("removed", "stays")
        async with database.write(each.org_id) as tx:
            await vault.move_to_trace(tx, each.proof(), await each.rows(Seq(1)), due=due, now=clock.now())

    async with database.write(room.org_id) as tx:
        assert await vault.end_due_traces(tx, due - timedelta(microseconds=1)) == 0
        assert await vault.end_due_traces(tx, due) == 1

    assert await room.read(case(room)) == {Seq(1): Unreadable.ERASED, Seq(2): room.texts[Seq(2)]}
    assert await other.wraps(Seq(1)) == {Ground.TRACE}  # another organisation


async def test_erasure_ends_live_and_trace_and_leaves_the_ciphertext_unreadable(
    room: Room, database: Database, clock: FakeClock
) -> None:
    await room.say("erased", "stays")

    async with database.write(room.org_id) as tx:
        ended = await room.vault.end_grounds(
            tx,
            room.conversation_id,
            [Seq(1)],
            (Ground.LIVE, Ground.TRACE),
            cause=Cause.PERSON,
            now=clock.now(),
        )

    assert ended == 1
    for proof in (room.proof(), case(room)):
        assert await room.read(proof) == {Seq(1): Unreadable.ERASED, Seq(2): room.texts[Seq(2)]}
    assert len(await room.rows()) == 2


async def test_no_wrap_ever_exists_without_a_ground(room: Room, database: Database) -> None:
    assert {int(ground) for ground in Ground} == {1, 2, 3, 4, 5}
    await room.say("one")
    for number in (0, 6):
        with pytest.raises(Exception, match="ground"):
            async with database.write(room.org_id) as tx:
                await tx.run(
                    "INSERT INTO keyring.wrap SELECT org_id, conversation_id, seq, :number, bucket, key_ref,"
                    " wrapped FROM keyring.wrap",
                    number=number,
                )


async def hold(room: Room, seq: Seq, grounds: set[Ground]) -> None:
    """Leave wraps for exactly these grounds, made the way the vault makes them."""
    (item,) = await room.rows(seq)
    keys = room.vault._keys.cached(room.conversation_id)
    assert keys is not None
    place = formats.address_bytes(item.address)
    cipher = keys.current_cipher
    async with room.database.write(room.org_id) as tx:
        where = {"id": room.conversation_id, "seq": seq}
        row = await tx.one("SELECT * FROM keyring.wrap WHERE conversation_id = :id AND seq = :seq", **where)
        assert row is not None
        data_key = formats.unwrap_key(cipher, place, row["wrapped"], ground=Ground.LIVE, key_ref=1)
        await tx.run("DELETE FROM keyring.wrap WHERE conversation_id = :id AND seq = :seq", **where)
        for ground in grounds:
            wrapped = formats.wrap_key(cipher, place, data_key, ground=ground, key_ref=1, nonce=bytes(12))
            await tx.run(
                "INSERT INTO keyring.wrap (org_id, conversation_id, seq, ground, bucket, key_ref, wrapped)"
                " VALUES (:org, :id, :seq, :ground, :bucket, 1, :wrapped)",
                org=room.org_id,
                ground=int(ground),
                bucket=item.bucket,
                wrapped=wrapped,
                **where,
            )


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(grounds=st.sets(st.sampled_from(Ground)), kind=st.sampled_from(sorted(PROOFS)))
async def test_readable_if_and_only_if_a_usable_wrap_exists(
    room: Room, grounds: set[Ground], kind: str
) -> None:
    (seq,) = await room.say("is it there?")
    await hold(room, seq, grounds)
    proof = PROOFS[kind](room)

    async with room.database.read(room.org_id) as tx:
        (opened,) = await room.vault.open(tx, proof, await room.rows(seq))

    readable = bool(grounds & READABLE[type(proof)])
    assert opened == (room.texts[seq] if readable else Unreadable.ERASED)

"""Somebody changes rows behind our back: each change is refused and reported, the room keeps working."""

from dataclasses import dataclass
from pathlib import Path

import pytest
import structlog

from amana.events.model import NewEvent
from amana.kernel.entropy import SeededEntropy
from amana.kernel.ids import Ids, Seq
from amana.storage.database import Database
from amana.vault import Damage, DamagedPart, Ground, KeyFile, Unreadable, Vault, issue
from tests.support.clock import FakeClock
from tests.vault.room import Intruder, Room, open_room


@dataclass(frozen=True)
class Change:
    """One statement; ``:room`` is the room, ``:other`` another room with messages of its own."""

    sql: str
    part: DamagedPart
    damaged: tuple[int, ...] = (2,)


FLIP = "set_byte({0}, {1}, get_byte({0}, {1}) # 1)"
TWO = "conversation_id = :room AND seq = 2"
SWAP = """
UPDATE {table} AS a SET {columns} FROM {table} AS b
 WHERE a.conversation_id = :room AND b.conversation_id = :room
   AND (a.seq, b.seq) IN ((2, 3), (3, 2))
"""

CHANGES = {
    "a flipped bit in the body": Change(
        f"UPDATE event SET body = {FLIP.format('body', 60)} WHERE {TWO}", DamagedPart.BODY
    ),
    "a flipped bit in the nonce": Change(
        f"UPDATE event SET body = {FLIP.format('body', 5)} WHERE {TWO}", DamagedPart.BODY
    ),
    "an unknown version": Change(
        f"UPDATE event SET body = set_byte(body, 0, 2) WHERE {TWO}", DamagedPart.BODY
    ),
    "an empty body": Change(f"UPDATE event SET body = '' WHERE {TWO}", DamagedPart.BODY),
    "a flipped bit in the wrap": Change(
        f"UPDATE keyring.wrap SET wrapped = {FLIP.format('wrapped', 40)} WHERE {TWO}", DamagedPart.WRAP
    ),
    "an empty wrap": Change(f"UPDATE keyring.wrap SET wrapped = '' WHERE {TWO}", DamagedPart.WRAP),
    "another commitment": Change(
        f"UPDATE event SET commitment = {FLIP.format('commitment', 0)} WHERE {TWO}", DamagedPart.COMMITMENT
    ),
    "another sender": Change(
        "UPDATE event SET sender_id = (SELECT sender_id FROM event"
        f" WHERE conversation_id = :room AND seq = 1) WHERE {TWO}",
        DamagedPart.WRAP,
    ),
    "another device": Change(f"UPDATE event SET device_id = gen_random_uuid() WHERE {TWO}", DamagedPart.WRAP),
    "another client id": Change(
        f"UPDATE event SET client_id = gen_random_uuid() WHERE {TWO}", DamagedPart.WRAP
    ),
    "another revision": Change(f"UPDATE event SET revision = 1 WHERE {TWO}", DamagedPart.WRAP),
    "another key": Change(f"UPDATE keyring.wrap SET key_ref = 2 WHERE {TWO}", DamagedPart.KEY),
    "swapped bodies": Change(
        SWAP.format(table="event", columns="body = b.body, commitment = b.commitment"),
        DamagedPart.BODY,
        (2, 3),
    ),
    "swapped wraps": Change(
        SWAP.format(table="keyring.wrap", columns="wrapped = b.wrapped"), DamagedPart.WRAP, (2, 3)
    ),
    "swapped rows without their wraps": Change(
        f"UPDATE event SET seq = 1000 WHERE {TWO};"
        "UPDATE event SET seq = 2 WHERE conversation_id = :room AND seq = 3;"
        "UPDATE event SET seq = 3 WHERE conversation_id = :room AND seq = 1000",
        DamagedPart.WRAP,
        (2, 3),
    ),
    "the wrap of another room": Change(
        "UPDATE keyring.wrap SET wrapped = (SELECT wrapped FROM keyring.wrap"
        f" WHERE conversation_id = :other AND seq = 2) WHERE {TWO}",
        DamagedPart.WRAP,
    ),
    "the whole row of another room": Change(
        "WITH o AS (SELECT * FROM event WHERE conversation_id = :other AND seq = 2),"
        " w AS (UPDATE keyring.wrap SET wrapped = (SELECT wrapped FROM keyring.wrap"
        f" WHERE conversation_id = :other AND seq = 2) WHERE {TWO})"
        " UPDATE event SET body = o.body, commitment = o.commitment, sender_id = o.sender_id,"
        " device_id = o.device_id, client_id = o.client_id FROM o"
        " WHERE event.conversation_id = :room AND event.seq = 2",
        DamagedPart.WRAP,
    ),
    "a trace passed off as live": Change(
        "INSERT INTO keyring.wrap SELECT org_id, conversation_id, seq, 1, bucket, key_ref, wrapped, NULL"
        " FROM keyring.wrap WHERE conversation_id = :room AND ground = 2",
        DamagedPart.WRAP,
        (5,),
    ),
    "a changed conversation key": Change(
        f"UPDATE keyring.conversation_key SET wrapped = {FLIP.format('wrapped', 30)}"
        " WHERE conversation_id = :room",
        DamagedPart.KEY,
        (1, 2, 3, 4),
    ),
    "the conversation key of another room": Change(
        "UPDATE keyring.conversation_key SET wrapped = (SELECT wrapped FROM keyring.conversation_key"
        " WHERE conversation_id = :other) WHERE conversation_id = :room",
        DamagedPart.KEY,
        (1, 2, 3, 4),
    ),
}


async def apply(intruder: Intruder, change: Change, room: Room, other: Room) -> int:
    sql = change.sql.replace(":room", f"'{room.conversation_id}'::uuid")
    return await intruder.run(sql.replace(":other", f"'{other.conversation_id}'::uuid"))


@pytest.mark.parametrize("title", CHANGES)
async def test_refused_and_reported(
    title: str,
    room: Room,
    database: Database,
    key_path: Path,
    ids: Ids,
    clock: FakeClock,
    intruder: Intruder,
    damages: list[Damage],
) -> None:
    change = CHANGES[title]
    other = await open_room(database, room.vault, ids, clock, org_id=room.org_id)
    await room.say("one", "two", "three", "four", "gone")
    await other.say("uno", "dos")
    async with database.write(room.org_id) as tx:
        await room.vault.move_to_trace(
            tx, room.proof(), await room.rows(Seq(5)), due=clock.advance(days=30), now=clock.now()
        )
    room.texts.pop(Seq(5))
    restarted = Vault(
        database, KeyFile(key_path), SeededEntropy(5), on_damage=damages.append
    )  # no cached key hides a change
    await restarted.start()

    assert await apply(intruder, change, room, other) > 0
    with structlog.testing.capture_logs() as logs:
        opened = await room.read(vault=restarted)

    expected = {seq: room.texts.get(seq, Unreadable.ERASED) for seq in opened}
    expected |= {Seq(seq): Unreadable.DAMAGED for seq in change.damaged}
    assert opened == expected
    assert [(damage.seq, damage.part) for damage in damages] == [(seq, change.part) for seq in change.damaged]
    assert {damage.conversation_id for damage in damages} == {room.conversation_id}
    assert [entry["event"] for entry in logs] == ["vault_content_damaged"] * len(damages)
    assert not any(text in str(logs) for text in ("one", "two", "dos"))
    assert await other.read(vault=restarted) == other.texts
    if change.part is not DamagedPart.KEY:
        (after,) = await room.say("the room keeps working")
        assert (await room.read(vault=restarted))[after] == room.texts[after]


async def test_an_old_revision_put_back_in_the_place_of_the_new_one_is_refused(
    room: Room, intruder: Intruder, damages: list[Damage]
) -> None:
    """Same author, device and retry key, everything copied: only the revision differs."""
    (first,) = await room.say("as written")
    original = (await room.rows(first))[0]
    edit = NewEvent(
        conversation_id=room.conversation_id,
        kind=11,
        countable=False,
        sender_id=original.address.sender_id,
        device_id=original.address.device_id,
        client_id=room.new_event("").client_id,
        content=b'{"text":"as edited"}',
        target_seq=first,
        revision=1,
    )
    async with room.database.write(room.org_id) as tx:
        await room.log.append(tx, [edit])

    await intruder.run("UPDATE event SET client_id = gen_random_uuid() WHERE body = $1", original.body)
    changed = await intruder.run(
        "UPDATE event SET body = $2, commitment = $3, client_id = $4 WHERE conversation_id = $1 AND seq = 2",
        room.conversation_id,
        original.body,
        original.commitment,
        original.address.client_id,
    )
    await intruder.run(
        "UPDATE keyring.wrap AS a SET wrapped = b.wrapped FROM keyring.wrap AS b"
        " WHERE a.conversation_id = $1 AND b.conversation_id = $1 AND (a.seq, b.seq) = (2, 1)",
        room.conversation_id,
    )

    assert changed == 1
    assert (await room.read())[Seq(2)] is Unreadable.DAMAGED
    assert damages[-1].seq == 2
    assert damages[-1].part is DamagedPart.WRAP


async def test_a_case_reads_on_when_one_of_two_wraps_is_damaged(
    room: Room, database: Database, intruder: Intruder, clock: FakeClock, damages: list[Damage]
) -> None:
    await room.say("kept")
    case = issue.case(
        org_id=room.org_id,
        case_id=room.ids.new(),
        conversation_id=room.conversation_id,
        first=Seq(1),
        last=Seq(1),
    )
    async with database.write(room.org_id) as tx:
        await room.vault.move_to_trace(
            tx, room.proof(), await room.rows(), due=clock.advance(days=30), now=clock.now()
        )
    await intruder.run(
        "INSERT INTO keyring.wrap SELECT org_id, conversation_id, seq, 1, bucket, key_ref, wrapped, NULL"
        " FROM keyring.wrap WHERE conversation_id = $1",
        room.conversation_id,
    )

    assert await room.read(case) == room.texts
    assert [(damage.ground, damage.part) for damage in damages] == [(Ground.LIVE, DamagedPart.WRAP)]


async def test_a_row_moved_to_another_room_with_its_wrap_is_refused(
    room: Room, database: Database, ids: Ids, clock: FakeClock, intruder: Intruder, damages: list[Damage]
) -> None:
    other = await open_room(database, room.vault, ids, clock, org_id=room.org_id)
    await room.say("said here")
    await other.say("warm")

    for table in ("event", "keyring.wrap"):
        await intruder.run(
            f"UPDATE {table} SET conversation_id = $2, seq = 2 WHERE conversation_id = $1",
            room.conversation_id,
            other.conversation_id,
        )

    assert (await other.read())[Seq(2)] is Unreadable.DAMAGED
    assert [damage.conversation_id for damage in damages] == [other.conversation_id]


async def test_a_removal_ends_a_damaged_message_too(
    room: Room, database: Database, intruder: Intruder, clock: FakeClock, damages: list[Damage]
) -> None:
    (first,) = await room.say("damaged")
    await intruder.run("UPDATE event SET body = '' WHERE conversation_id = $1", room.conversation_id)

    async with database.write(room.org_id) as tx:
        await room.vault.move_to_trace(
            tx, room.proof(), await room.rows(), due=clock.advance(days=30), now=clock.now()
        )

    assert len(damages) == 1
    assert await room.wraps(first) == set()


def test_the_log_of_damage_has_no_room_for_content() -> None:
    assert set(Damage.__slots__) == {
        "org_id",
        "conversation_id",
        "seq",
        "bucket",
        "ground",
        "part",
    }

"""The writer of the log on the real database: what becomes a leaf, and when it refuses to sign."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from uuid import UUID

import pytest

from amana.evidence import Evidence, Sequencer, Stop, why_stopped
from amana.evidence import log_queries as queries
from amana.evidence.log_reader import consistency_proof, inclusion_proof
from amana.evidence.tlog import leaves, merkle, notes, tiles
from amana.evidence.tlog.notes import Checkpoint
from amana.kernel.entropy import SeededEntropy
from amana.kernel.ids import Ids
from amana.storage.database import Database
from amana.vault import Vault
from tests.support.clock import FakeClock
from tests.vault.room import Intruder, Room, open_room

HOST = "chat.example.org"


@pytest.fixture
def evidence(vault: Vault, ids: Ids) -> Evidence:
    return Evidence(vault, ids)


@pytest.fixture
def sequencer(database: Database, vault: Vault, clock: FakeClock, entropy: SeededEntropy) -> Sequencer:
    return Sequencer(database, vault, clock, entropy, host=HOST)


Record = Callable[..., Awaitable[None]]


@pytest.fixture
def record(room: Room, evidence: Evidence, clock: FakeClock) -> Record:
    async def write(action: str = "person.joined", times: int = 1) -> None:
        async with room.database.write(room.org_id) as tx:
            for _ in range(times):
                await evidence.record(
                    tx, org_id=room.org_id, actor_id=room.ana, action=action, subject=None, now=clock.now()
                )

    return write


async def leaf_data(room: Room, log_no: int = 1) -> list[bytes]:
    async with room.database.read(room.org_id) as tx:
        return await queries.leaves(tx, room.org_id, log_no, start=0, end=10**9)


async def parsed(room: Room, log_no: int = 1) -> list[dict[str, object]]:
    return [leaves.parse_leaf(data) for data in await leaf_data(room, log_no)]


async def test_an_entry_becomes_a_leaf_that_commits_to_its_row(
    room: Room, sequencer: Sequencer, record: Record, intruder: Intruder
) -> None:
    await record("role.changed")

    checkpoint = await sequencer.run_once(room.org_id)

    (row,) = await intruder.rows("SELECT * FROM evidence_entry WHERE org_id = $1", room.org_id)
    (leaf,) = await leaf_data(room)
    stored = leaves.RecordRow(
        row["org_id"], row["id"], row["at"], row["actor_id"], row["action"], row["subject"], row["detail"],
        row["blind"],
    )  # fmt: skip
    assert checkpoint == Checkpoint(f"{HOST}/log/1", 1, merkle.leaf_hash(leaf))
    assert leaf == leaves.entry_leaf(stored)
    assert json.loads(leaf) == {
        "at": 29_922_480, "c": leaves.base64url(stored.commitment), "t": "role.changed", "v": 1,
    }  # fmt: skip
    assert len(row["blind"]) == 32


async def test_all_rooms_that_moved_become_one_leaf(
    room: Room, sequencer: Sequencer, vault: Vault, ids: Ids, clock: FakeClock, intruder: Intruder
) -> None:
    other = await open_room(room.database, vault, ids, clock, org_id=room.org_id)
    quiet = await open_room(room.database, vault, ids, clock, org_id=room.org_id)
    await room.say("one", "two")
    await other.say("three")

    await sequencer.run_once(room.org_id)

    (leaf,) = await parsed(room)
    rows = await intruder.rows("SELECT * FROM evidence_room WHERE org_id = $1", room.org_id)
    heads = [leaves.RoomHead(row["pseudonym"], row["seq"], row["chain"]) for row in rows]
    assert {row["conversation_id"]: row["seq"] for row in rows} == {
        room.conversation_id: 2,
        other.conversation_id: 1,
    }
    assert quiet.conversation_id not in {row["conversation_id"] for row in rows}
    assert (leaf["t"], leaf["n"]) == ("rooms", 2)
    assert leaf["root"] == leaves.base64url(merkle.root(leaves.room_hashes(heads)))
    assert len({head.pseudonym for head in heads}) == 2


async def test_nothing_new_is_no_leaf_and_only_what_moved_is_in_the_next(
    room: Room, sequencer: Sequencer, vault: Vault, ids: Ids, clock: FakeClock, intruder: Intruder
) -> None:
    other = await open_room(room.database, vault, ids, clock, org_id=room.org_id)
    await room.say("one")
    await other.say("two")
    await sequencer.run_once(room.org_id)

    assert await sequencer.run_once(room.org_id) is None

    await room.say("three")
    checkpoint = await sequencer.run_once(room.org_id)
    assert checkpoint is not None
    assert checkpoint.size == 2
    rows = await intruder.rows("SELECT * FROM evidence_room WHERE org_id = $1 AND idx = 1", room.org_id)
    (name,) = await intruder.rows(
        "SELECT pseudonym FROM evidence_room WHERE conversation_id = $1 AND seq = 1", room.conversation_id
    )
    assert [(row["conversation_id"], row["seq"]) for row in rows] == [(room.conversation_id, 2)]
    assert rows[0]["pseudonym"] == name["pseudonym"], "a room keeps its name"


async def test_a_leaf_tells_no_outsider_which_room_or_person(
    room: Room, sequencer: Sequencer, record: Record
) -> None:
    await room.say("one")
    await record()
    await sequencer.run_once(room.org_id)

    everything = b"".join(await leaf_data(room))
    for value in (room.conversation_id, room.ana, room.bo, room.org_id):
        assert str(value).encode() not in everything
        assert value.bytes not in everything


async def test_a_backlog_is_taken_up_at_once_in_order(
    room: Room, sequencer: Sequencer, record: Record, monkeypatch: pytest.MonkeyPatch, intruder: Intruder
) -> None:
    monkeypatch.setattr("amana.evidence.sequencer.ENTRIES_A_STEP", 100)
    await record(times=250)
    await room.say("one")

    checkpoint = await sequencer.run_once(room.org_id)

    assert checkpoint is not None
    assert checkpoint.size == 251
    rows = await intruder.rows(
        "SELECT entry_id, data FROM evidence_leaf WHERE org_id = $1 ORDER BY idx", room.org_id
    )
    ids = [row["entry_id"] for row in rows]
    assert ids[:250] == sorted(ids[:250])
    assert ids[250] is None
    assert json.loads(rows[250]["data"])["t"] == "rooms", "one leaf of rooms, after the backlog"
    assert await intruder.rows("SELECT 1 FROM evidence_pending WHERE org_id = $1", room.org_id) == []


async def test_many_writers_at_once_write_one_log(
    room: Room, database: Database, vault: Vault, clock: FakeClock, ids: Ids, record: Record
) -> None:
    writers = [Sequencer(database, vault, clock, SeededEntropy(number), host=HOST) for number in range(4)]
    await record(times=20)
    await asyncio.gather(*(writer.run_once(room.org_id) for writer in writers))
    await room.say("one")
    await asyncio.gather(*(writer.run_once(room.org_id) for writer in writers))

    assert [writer.stopped for writer in writers] == [{}] * 4
    assert len(await leaf_data(room)) == 21
    async with room.database.read(room.org_id) as tx:
        newest = await queries.newest_log(tx, room.org_id)
        last = await queries.last_checkpoint(tx, room.org_id, 1)
    assert newest is not None
    assert newest.log_no == 1
    assert last is not None
    assert last.root == merkle.root([merkle.leaf_hash(data) for data in await leaf_data(room)])


async def test_tiles_prove_every_leaf_and_every_checkpoint(
    room: Room, sequencer: Sequencer, record: Record, clock: FakeClock
) -> None:
    checkpoints = []
    for step in (1, 254, 1, 1, 300, 2):
        await record(times=step)
        clock.advance(seconds=10)
        checkpoints.append(await sequencer.run_once(room.org_id))

    hashes = [merkle.leaf_hash(data) for data in await leaf_data(room)]
    newest = checkpoints[-1]
    assert newest is not None
    assert newest.size == len(hashes) == 559
    assert newest.root == merkle.root(hashes)
    async with room.database.read(room.org_id) as tx:
        for checkpoint in checkpoints:
            assert checkpoint is not None
            proof = await consistency_proof(tx, room.org_id, 1, old=checkpoint.size, new=newest.size)
            merkle.verify_consistency(checkpoint.size, newest.size, checkpoint.root, newest.root, proof)
        for index in (0, 255, 256, 511, 512, 558):
            proof = await inclusion_proof(tx, room.org_id, 1, index=index, size=newest.size)
            merkle.verify_inclusion(index, newest.size, hashes[index], proof, newest.root)
        stored = await queries.tiles(
            tx, room.org_id, 1, [(tile.level or 0, tile.index) for tile in tiles.tiles_of(559)]
        )
    assert {place: len(held) // 32 for place, held in stored.items()} == {
        (0, 0): 256, (0, 1): 256, (0, 2): 47, (1, 0): 2,
    }  # fmt: skip


async def grow(record: Record, sequencer: Sequencer, room: Room, leaves_wanted: int) -> None:
    await record(times=leaves_wanted)
    assert await sequencer.run_once(room.org_id) is not None


async def seen_from_outside(room: Room) -> Stop | None:
    async with room.database.read(room.org_id) as tx:
        stop = await why_stopped(tx, room.org_id)
    return stop.why if stop is not None else None


FLIP = "set_byte({0}, 0, get_byte({0}, 0) # 1)"
TAMPERING: dict[str, tuple[str, Stop]] = {
    "leaf changed": (f"UPDATE evidence_leaf SET data = {FLIP.format('data')} WHERE idx = 4", Stop.TREE),
    "last leaf deleted": ("DELETE FROM evidence_leaf WHERE idx = 4", Stop.BEHIND),
    "leaf deleted": ("DELETE FROM evidence_leaf WHERE idx = 2", Stop.BEHIND),
    "leaf inserted": (
        "INSERT INTO evidence_leaf SELECT org_id, 1, 5, at, data FROM evidence_leaf WHERE idx = 0",
        Stop.SURPLUS,
    ),
    "tile changed": (f"UPDATE evidence_tile SET hashes = {FLIP.format('hashes')} WHERE level = 0", Stop.TREE),
    "tile deleted": ("DELETE FROM evidence_tile WHERE level = 0", Stop.TREE),
    "tile shortened": ("UPDATE evidence_tile SET hashes = substr(hashes, 1, 64)", Stop.TREE),
    "root changed": (f"UPDATE evidence_checkpoint SET root = {FLIP.format('root')}", Stop.CHECKPOINT),
    "note changed": (
        "UPDATE evidence_checkpoint SET note = replace(note, E'\\n5\\n', E'\\n6\\n')",
        Stop.CHECKPOINT,
    ),
    "checkpoint deleted": ("DELETE FROM evidence_checkpoint", Stop.SURPLUS),
    "origin changed": ("UPDATE evidence_log SET origin = 'elsewhere/log/1'", Stop.CHECKPOINT),
    "public key changed": (
        f"UPDATE evidence_log SET public_key = {FLIP.format('public_key')}",
        Stop.CHECKPOINT,
    ),
    "private key changed": ("UPDATE evidence_log SET private_key = set_byte(private_key, 40, 0)", Stop.KEY),
    "log deleted": ("DELETE FROM evidence_log", Stop.CHECKPOINT),
}


@pytest.mark.parametrize("name", TAMPERING)
async def test_a_log_that_does_not_go_on_from_its_checkpoint_is_not_signed_again(
    room: Room, sequencer: Sequencer, record: Record, intruder: Intruder, name: str
) -> None:
    sql, why = TAMPERING[name]
    await grow(record, sequencer, room, 5)
    joined = " AND " if " WHERE " in sql else " WHERE "

    assert await intruder.run(f"{sql}{joined}org_id = '{room.org_id}'") == 1
    await record()

    assert await sequencer.run_once(room.org_id) is None
    assert sequencer.stopped[room.org_id].why is why
    hidden = why is Stop.KEY or name == "log deleted"
    assert await seen_from_outside(room) is (None if hidden else why)
    assert len(await intruder.rows("SELECT 1 FROM evidence_pending WHERE org_id = $1", room.org_id)) == 1


async def test_a_log_that_was_put_right_goes_on(
    room: Room, sequencer: Sequencer, record: Record, intruder: Intruder
) -> None:
    await grow(record, sequencer, room, 5)
    change = f"UPDATE evidence_tile SET hashes = {FLIP.format('hashes')} WHERE org_id = $1"
    await intruder.run(change, room.org_id)
    await record()
    assert await sequencer.run_once(room.org_id) is None

    await intruder.run(change, room.org_id)

    checkpoint = await sequencer.run_once(room.org_id)
    assert checkpoint is not None
    assert checkpoint.size == 6
    assert sequencer.stopped == {}
    assert await seen_from_outside(room) is None


async def test_a_full_last_tile_is_watched_too(
    room: Room, sequencer: Sequencer, record: Record, intruder: Intruder
) -> None:
    await grow(record, sequencer, room, 256)
    await intruder.run(
        f"UPDATE evidence_leaf SET data = {FLIP.format('data')} WHERE org_id = $1 AND idx = 7", room.org_id
    )
    await record()

    assert await sequencer.run_once(room.org_id) is None
    assert sequencer.stopped[room.org_id].why is Stop.TREE


async def test_a_database_from_before_is_not_signed_on(
    room: Room, sequencer: Sequencer, record: Record, intruder: Intruder
) -> None:
    """Every row is consistent, as after a restore, but this process knows that it signed more."""
    await grow(record, sequencer, room, 3)
    kept = await intruder.rows("SELECT hashes FROM evidence_tile WHERE org_id = $1", room.org_id)
    await grow(record, sequencer, room, 2)
    await intruder.run("DELETE FROM evidence_leaf WHERE org_id = $1 AND idx >= 3", room.org_id)
    await intruder.run("DELETE FROM evidence_checkpoint WHERE org_id = $1 AND size > 3", room.org_id)
    await intruder.run(
        "UPDATE evidence_tile SET hashes = $2 WHERE org_id = $1", room.org_id, kept[0]["hashes"]
    )
    await record()

    assert await sequencer.run_once(room.org_id) is None
    assert sequencer.stopped[room.org_id].why is Stop.BEHIND


async def test_the_next_log_begins_with_the_last_checkpoint_of_the_one_before(
    room: Room, sequencer: Sequencer, record: Record, intruder: Intruder
) -> None:
    await room.say("one")
    await grow(record, sequencer, room, 3)
    await record()

    async with room.database.write(room.org_id) as tx:
        begun = await sequencer.begin_next_log(tx, room.org_id, "restore")

    assert (begun.origin, begun.size) == (f"{HOST}/log/2", 1)
    checkpoint = await sequencer.run_once(room.org_id)
    assert checkpoint is not None
    first, *rest = await parsed(room, log_no=2)
    logs = await intruder.rows("SELECT * FROM evidence_log WHERE org_id = $1 ORDER BY log_no", room.org_id)
    prior = str(first["prior"])
    assert (first["t"], first["reason"], first["v"]) == ("log.succeeded", "restore", 1)
    assert prior == logs[1]["prior"]
    old = notes.Verifier(logs[0]["origin"], logs[0]["public_key"])
    assert Checkpoint.parse(notes.open_note(prior, [old]).text).size == 4
    assert logs[0]["public_key"] != logs[1]["public_key"]
    assert [leaf["t"] for leaf in rest] == ["person.joined", "rooms"], (
        "what waited, and where all rooms stand"
    )
    assert len(await leaf_data(room, 1)) == 4, "the old log is as it was"


async def test_the_next_log_takes_a_newer_checkpoint_that_somebody_else_kept(
    room: Room, sequencer: Sequencer, record: Record, intruder: Intruder
) -> None:
    await grow(record, sequencer, room, 3)
    (kept,) = await intruder.rows("SELECT note FROM evidence_checkpoint WHERE org_id = $1", room.org_id)

    async with room.database.write(room.org_id) as tx:
        with pytest.raises(ValueError, match="trusted"):
            stranger = notes.Signer(f"{HOST}/log/1", bytes(32))
            await sequencer.begin_next_log(
                tx, room.org_id, "restore", prior=notes.sign_note("x\n", [stranger])
            )
        await sequencer.begin_next_log(tx, room.org_id, "restore", prior=kept["note"])

    assert (await parsed(room, log_no=2))[0]["prior"] == kept["note"]


async def test_a_next_log_that_is_not_committed_leaves_nothing(
    room: Room, sequencer: Sequencer, record: Record
) -> None:
    await grow(record, sequencer, room, 3)

    with pytest.raises(ZeroDivisionError):
        async with room.database.write(room.org_id) as tx:
            await sequencer.begin_next_log(tx, room.org_id, "restore")
            raise ZeroDivisionError

    await grow(record, sequencer, room, 1)
    assert len(await leaf_data(room, 1)) == 4
    assert await leaf_data(room, 2) == []


async def test_a_room_without_its_key_is_left_out_and_the_others_are_signed(
    room: Room, sequencer: Sequencer, vault: Vault, ids: Ids, clock: FakeClock, intruder: Intruder
) -> None:
    other = await open_room(room.database, vault, ids, clock, org_id=room.org_id)
    await room.say("one")
    await other.say("two")
    await intruder.run(
        "DELETE FROM keyring.conversation_key WHERE conversation_id = $1", other.conversation_id
    )

    assert await sequencer.run_once(room.org_id) is not None

    (leaf,) = await parsed(room)
    assert leaf["n"] == 1


async def test_a_room_that_went_back_is_not_signed_again(
    room: Room, sequencer: Sequencer, record: Record, intruder: Intruder
) -> None:
    await room.say("one", "two", "three")
    await sequencer.run_once(room.org_id)
    await intruder.run(
        "UPDATE conversation_head SET seq = 2 WHERE conversation_id = $1", room.conversation_id
    )
    await record()

    await sequencer.run_once(room.org_id)

    assert [leaf["t"] for leaf in await parsed(room)] == ["rooms", "person.joined"]


async def test_an_organisation_sees_only_its_own_log(
    room: Room, sequencer: Sequencer, record: Record, vault: Vault, ids: Ids, clock: FakeClock
) -> None:
    stranger = await open_room(room.database, vault, ids, clock)
    await grow(record, sequencer, room, 2)

    assert await leaf_data(stranger) == []
    assert await sequencer.run_once(stranger.org_id) is None, "nothing happened there"


@pytest.mark.parametrize("table", ["evidence_leaf", "evidence_checkpoint", "evidence_log"])
@pytest.mark.parametrize("change", ["UPDATE {} SET org_id = org_id", "DELETE FROM {}"])
async def test_the_application_cannot_change_the_log(room: Room, table: str, change: str) -> None:
    with pytest.raises(Exception, match=r"never changed|permission denied"):
        async with room.database.write(room.org_id) as tx:
            await tx.run(change.format(table))


async def test_an_entry_is_one_leaf_whatever_is_pending(
    room: Room, sequencer: Sequencer, record: Record, intruder: Intruder
) -> None:
    await grow(record, sequencer, room, 1)
    (leaf,) = await intruder.rows("SELECT entry_id FROM evidence_leaf WHERE org_id = $1", room.org_id)
    entry_id: UUID = leaf["entry_id"]
    await intruder.run("INSERT INTO evidence_pending VALUES ($1, $2)", room.org_id, entry_id)

    with pytest.raises(Exception, match="evidence_leaf_of_entry"):
        await sequencer.run_once(room.org_id)

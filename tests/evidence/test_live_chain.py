"""The chain that the database computed, checked against its own rows after somebody changed them."""

from collections.abc import Mapping
from dataclasses import dataclass

import pytest

from amana.evidence import CHAIN_START, Broken, Fault, Leaf, fold, verify_chain
from amana.kernel.ids import Ids, Seq
from amana.storage.database import Database
from amana.vault import Vault
from tests.support.clock import FakeClock
from tests.vault.room import Intruder, Room, open_room


async def leaves(intruder: Intruder, room: Room) -> list[Leaf]:
    """The stored history, read past every policy as an auditor with a dump would."""
    rows = await intruder.rows(
        "SELECT kind, seq, ts, commitment FROM event WHERE conversation_id = $1 ORDER BY seq",
        room.conversation_id,
    )
    return [Leaf(row["kind"], row["seq"], row["ts"] // 60_000, row["commitment"]) for row in rows]


async def head(room: Room) -> Mapping[Seq, bytes]:
    async with room.database.read(room.org_id) as tx:
        found = (await room.log.heads(tx, [room.conversation_id]))[room.conversation_id]
    return {found.seq: found.chain}


async def talk(room: Room, clock: FakeClock) -> dict[Seq, bytes]:
    """Four appends of different size over some minutes; gives the chain value after each."""
    known: dict[Seq, bytes] = {}
    for size in (1, 3, 2, 4):
        await room.say(*(f"{size}.{number}" for number in range(size)))
        known |= await head(room)
        clock.advance(seconds=50)
    return known


async def test_the_database_computes_the_documented_chain(
    room: Room, clock: FakeClock, intruder: Intruder
) -> None:
    known = await talk(room, clock)
    history = await leaves(intruder, room)
    chain = CHAIN_START
    for leaf in history:
        chain = fold(chain, leaf)

    assert known[Seq(10)] == chain
    assert sorted(known) == [1, 4, 6, 10]
    assert verify_chain(history, known=known) is None


async def test_an_empty_conversation_has_the_chain_of_nothing(room: Room) -> None:
    assert await head(room) == {Seq(0): CHAIN_START}


async def test_two_rooms_in_one_append_keep_their_own_chains(
    room: Room, database: Database, vault: Vault, ids: Ids, clock: FakeClock, intruder: Intruder
) -> None:
    other = await open_room(database, vault, ids, clock, org_id=room.org_id)
    async with database.write(room.org_id) as tx:
        await room.log.append(
            tx, [room.new_event("a"), other.new_event("b"), room.new_event("c"), other.new_event("d")]
        )

    for each in (room, other):
        assert verify_chain(await leaves(intruder, each), known=await head(each)) is None
    assert (await head(room))[Seq(2)] != (await head(other))[Seq(2)]


@dataclass(frozen=True)
class Change:
    """One statement on the conversation ``$1`` and what the check must say."""

    sql: str
    expected: Broken


TAMPERING = {
    "edited commitment": Change(
        "UPDATE event SET commitment = set_byte(commitment, 3, 255 - get_byte(commitment, 3))"
        " WHERE conversation_id = $1 AND seq = 5",
        Broken(Fault.CONTENT, Seq(5), Seq(6)),
    ),
    "edited kind": Change(
        "UPDATE event SET kind = 12 WHERE conversation_id = $1 AND seq = 2",
        Broken(Fault.CONTENT, Seq(2), Seq(4)),
    ),
    "dated later": Change(
        "UPDATE event SET ts = ts + 60000 WHERE conversation_id = $1 AND seq = 10",
        Broken(Fault.CONTENT, Seq(7), Seq(10)),
    ),
    "dated back": Change(
        "UPDATE event SET ts = ts - 600000 WHERE conversation_id = $1 AND seq = 3",
        Broken(Fault.TIME, Seq(2), Seq(3)),
    ),
    "deleted": Change(
        "DELETE FROM event WHERE conversation_id = $1 AND seq = 4",
        Broken(Fault.GAP, Seq(4), Seq(4)),
    ),
    "newest deleted": Change(
        "DELETE FROM event WHERE conversation_id = $1 AND seq = 10",
        Broken(Fault.MISSING, Seq(10), Seq(10)),
    ),
    "deleted and closed up": Change(
        "WITH gone AS (DELETE FROM event WHERE conversation_id = $1 AND seq = 10 RETURNING *)"
        " UPDATE event e SET commitment = gone.commitment FROM gone"
        " WHERE e.conversation_id = $1 AND e.seq = 9",
        Broken(Fault.MISSING, Seq(10), Seq(10)),
    ),
    "inserted": Change(
        "INSERT INTO event SELECT org_id, conversation_id, 11, bucket, msg_no + 1, kind, sender_id,"
        " device_id, gen_random_uuid(), target_seq, revision, ts, commitment, body"
        " FROM event WHERE conversation_id = $1 AND seq = 10",
        Broken(Fault.SURPLUS, Seq(11), Seq(11)),
    ),
    "reordered": Change(
        "UPDATE event a SET commitment = b.commitment, body = b.body FROM event b"
        " WHERE a.conversation_id = $1 AND b.conversation_id = $1 AND (a.seq, b.seq) IN ((8, 9), (9, 8))",
        Broken(Fault.CONTENT, Seq(7), Seq(10)),
    ),
    "swapped over a distance": Change(
        "UPDATE event a SET commitment = b.commitment, body = b.body, kind = b.kind FROM event b"
        " WHERE a.conversation_id = $1 AND b.conversation_id = $1 AND (a.seq, b.seq) IN ((1, 10), (10, 1))",
        Broken(Fault.CONTENT, Seq(1), Seq(1)),
    ),
}


@pytest.mark.parametrize("title", TAMPERING)
async def test_tampering_is_found_where_it_happened(
    title: str, room: Room, clock: FakeClock, intruder: Intruder
) -> None:
    change = TAMPERING[title]
    known = await talk(room, clock)
    assert verify_chain(await leaves(intruder, room), known=known) is None

    assert await intruder.run(change.sql, room.conversation_id) > 0

    broken = verify_chain(await leaves(intruder, room), known=known)
    assert broken == change.expected
    only_head = {Seq(10): known[Seq(10)]}
    assert verify_chain(await leaves(intruder, room), known=only_head) is not None


async def test_erasing_content_leaves_the_chain_whole(
    room: Room, clock: FakeClock, intruder: Intruder
) -> None:
    known = await talk(room, clock)

    await intruder.run("DELETE FROM keyring.wrap WHERE conversation_id = $1", room.conversation_id)
    await intruder.run("UPDATE event SET body = '' WHERE conversation_id = $1", room.conversation_id)

    assert verify_chain(await leaves(intruder, room), known=known) is None

"""Tampering straight in SQL with the root key in hand: each is detected, in place and in plain words."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from uuid import UUID

import pytest

from amana.evidence.log_keys import _purpose as purpose_of
from amana.evidence.tlog.notes import Signer
from amana.evidence.verify import Area, Code, Trust
from amana.kernel.entropy import SeededEntropy
from amana.kernel.ids import uuid7
from amana.vault import Ground
from tests.evidence.attacker import EVENT, WRAP, Attacker
from tests.evidence.verify_fixtures import Copy, company, copy_of
from tests.evidence.verify_world import Company, examine

__all__ = ["company", "copy_of"]

Attack = Callable[[Attacker], Awaitable[object]]
NEW = b'{"text":"nine o\'clock","spans":[]}'


@dataclass(frozen=True)
class Case:
    """An attack and what the first finding must say.

    Attributes:
        room: ``first``, ``second`` or None for the log.
        at: earliest and latest seq, or the leaf for the log.
        says: part of the sentence.
        inside: it can be seen without anything kept elsewhere.
    """

    attack: Attack
    code: Code
    at: tuple[int, int]
    says: str
    room: str | None = "first"
    inside: bool = True


# Single rows, without and with the root key.


async def edit_a_body(a: Attacker) -> None:
    await a.sql(EVENT.format("body = set_byte(body, 40, get_byte(body, 40) # 1)"), a.first, 4)


async def edit_a_body_and_seal_it(a: Attacker) -> None:
    await a.reseal(a.first, 4, NEW)


async def swap_two_bodies(a: Attacker) -> None:
    await a.sql(
        "UPDATE event a SET body = b.body, commitment = b.commitment FROM event b WHERE (a.seq, b.seq) IN"
        " ((4, 6), (6, 4)) AND a.conversation_id = $1 AND b.conversation_id = $1",
        a.first,
    )


async def swap_two_bodies_and_seal_them(a: Attacker) -> None:
    one, other = await a.plain(a.first, 4), await a.plain(a.first, 6)
    await a.reseal(a.first, 4, other)
    await a.reseal(a.first, 6, one)


async def swap_two_bodies_alone(a: Attacker) -> None:
    await a.sql(
        "UPDATE event a SET body = b.body FROM event b WHERE (a.seq, b.seq) IN"
        " ((4, 6), (6, 4)) AND a.conversation_id = $1 AND b.conversation_id = $1",
        a.first,
    )


async def _another(a: Attacker) -> object:
    return (await a.event(a.first, 6))["sender_id"]


async def change_sender(a: Attacker) -> None:
    await a.sql(EVENT.format("sender_id = $3"), a.first, 4, await _another(a))


async def change_sender_and_wrap(a: Attacker) -> None:
    key = await a.data_key(a.first, 4)
    await change_sender(a)
    await a.put_wrap(a.first, 4, key)


async def change_sender_and_seal_it(a: Attacker) -> None:
    content = await a.plain(a.first, 4)
    await change_sender(a)
    await a.reseal(a.first, 4, content)


async def change_time_back(a: Attacker) -> None:
    await a.sql(EVENT.format("ts = ts - 600000"), a.first, 8)


async def change_time_ahead(a: Attacker) -> None:
    await a.sql(EVENT.format("ts = ts + 240000"), a.first, 7)


async def delete_a_row(a: Attacker) -> None:
    await a.sql("DELETE FROM event WHERE conversation_id = $1 AND seq = 6", a.first)


async def delete_a_row_and_close_up(a: Attacker) -> None:
    await delete_a_row(a)
    await a.connection.execute("DELETE FROM keyring.wrap WHERE conversation_id = $1 AND seq = 6", a.first)
    await a.shift(a.first, 7, -1)
    await a.rechain(a.first)


async def delete_the_tail(a: Attacker) -> None:
    await a.sql("DELETE FROM event WHERE conversation_id = $1 AND seq >= 9", a.first)


async def delete_the_tail_and_set_the_head_back(a: Attacker) -> None:
    await delete_the_tail(a)
    await a.rechain(a.first)


async def reorder(a: Attacker) -> None:
    for seq, to in ((8, 99), (9, 8), (99, 9)):
        await a.renumber(a.first, seq, to)


async def reorder_and_chain(a: Attacker) -> None:
    await reorder(a)
    await a.rechain(a.first)


async def insert(a: Attacker) -> None:
    """A message that nobody wrote, sealed and chained like any other, between 7 and 8."""
    await a.shift(a.first, 8, 1)
    await a.copy_event(a.first, 9, to=8)
    await a.reseal(a.first, 8, NEW)
    await a.rechain(a.first)


async def insert_at_the_end(a: Attacker) -> None:
    await a.copy_event(a.first, 10, to=11)


async def insert_a_room_of_yesterday(a: Attacker) -> None:
    """Whole in itself: head, chain and all. Only the log has never heard of it."""
    room = uuid7(0, bytes(10))
    row = dict(await a.event(a.second, 1)) | {"conversation_id": room}
    await a.insert("event", row)
    await a.insert("conversation_head", {"org_id": a.company.org_id, "conversation_id": room})
    await a.rechain(room)


# Wraps.


async def swap_wraps_between_grounds(a: Attacker) -> None:
    """What was removed becomes readable: its trace is made its live wrap."""
    await a.sql(WRAP.format("ground = 1"), a.first, 3, int(Ground.TRACE))


async def swap_wraps_between_grounds_with_the_key(a: Attacker) -> None:
    await a.put_wrap(a.first, 3, await a.data_key(a.first, 3, Ground.TRACE))


async def hide_a_message_as_a_trace(a: Attacker) -> None:
    await a.put_wrap(a.first, 4, await a.data_key(a.first, 4), Ground.TRACE)
    await a.sql("DELETE FROM keyring.wrap WHERE conversation_id = $1 AND seq = 4 AND ground = 1", a.first)


async def swap_wraps_between_rooms(a: Attacker) -> None:
    await a.sql(
        "UPDATE keyring.wrap a SET wrapped = b.wrapped FROM keyring.wrap b WHERE a.seq = 4 AND b.seq = 4"
        " AND a.ground = 1 AND b.ground = 1 AND a.conversation_id <> b.conversation_id"
    )


async def swap_wraps_between_rooms_with_the_key(a: Attacker) -> None:
    one, other = await a.data_key(a.first, 4), await a.data_key(a.second, 4)
    await a.put_wrap(a.first, 4, other)
    await a.put_wrap(a.second, 4, one)


async def swap_two_wraps_of_a_room(a: Attacker) -> None:
    one, other = await a.data_key(a.first, 8), await a.data_key(a.first, 9)
    await a.put_wrap(a.first, 8, other)
    await a.put_wrap(a.first, 9, one)


async def shred_a_message(a: Attacker) -> None:
    await a.sql("DELETE FROM keyring.wrap WHERE conversation_id = $1 AND seq = 4", a.first)


async def point_an_edit_elsewhere(a: Attacker) -> None:
    await a.sql(EVENT.format("target_seq = 4"), a.first, 5)


async def change_the_room_key(a: Attacker) -> None:
    await a.sql(
        "UPDATE keyring.conversation_key SET wrapped = set_byte(wrapped, 20, get_byte(wrapped, 20) # 1)"
        " WHERE conversation_id = $1",
        a.second,
    )


# The chain, the log's own rows, the record.


async def recompute_the_chain_from_the_middle(a: Attacker) -> None:
    await edit_a_body_and_seal_it(a)
    await a.rechain(a.first)


async def and_the_heads_in_the_log(a: Attacker) -> None:
    await edit_a_body_and_seal_it(a)
    await a.relog_room(a.first)


async def and_the_leaves(a: Attacker) -> None:
    await and_the_heads_in_the_log(a)
    await a.rewrite_leaves()


async def and_everything_signed_again(a: Attacker) -> None:
    await edit_a_body_and_seal_it(a)
    await a.rewrite_everything(a.first)


async def change_the_head(a: Attacker) -> None:
    await a.sql("UPDATE conversation_head SET chain = sha256(chain) WHERE conversation_id = $1", a.first)


async def change_a_record(a: Attacker) -> None:
    await a.sql("UPDATE evidence_entry SET actor_id = gen_random_uuid()")


async def delete_a_record(a: Attacker) -> None:
    await a.sql("DELETE FROM evidence_entry WHERE id = (SELECT entry_id FROM evidence_leaf WHERE idx = 1)")


async def insert_a_record(a: Attacker) -> None:
    await a.sql(
        "INSERT INTO evidence_entry SELECT org_id, gen_random_uuid(), at, actor_id, action, subject, detail"
        " FROM evidence_entry LIMIT 1"
    )


async def delete_a_leaf(a: Attacker) -> None:
    await a.sql("DELETE FROM evidence_leaf WHERE idx = 2")


async def delete_the_end_of_the_log(a: Attacker) -> None:
    """Tail of the log, its tiles and its checkpoint: what is left is a whole, signed, shorter log."""
    await a.sql("DELETE FROM evidence_checkpoint WHERE size = 5")
    await a.sql("DELETE FROM evidence_leaf WHERE idx = 4")
    await a.sql("DELETE FROM evidence_room WHERE idx = 4")
    await a.rebuild_log()


async def roll_the_database_back(a: Attacker) -> None:
    """Everything as it was before the last ten minutes: rooms, heads, log."""
    for room, last in ((a.first, 7), (a.second, 4)):
        await a.sql("DELETE FROM event WHERE conversation_id = $1 AND seq > $2", room, last)
        await a.sql("DELETE FROM keyring.wrap WHERE conversation_id = $1 AND seq > $2", room, last)
        await a.rechain(room)
    await delete_the_end_of_the_log(a)


async def fork_the_log(a: Attacker) -> None:
    """The record says something else from leaf 1 on; leaf, tiles and signatures fit."""
    await a.sql("UPDATE evidence_leaf SET data = convert_to(replace(convert_from(data, 'UTF8'),"
                " 'conversation.created', 'conversation.changed'), 'UTF8') WHERE idx = 1")  # fmt: skip
    await a.rebuild_log()


async def replace_the_key(a: Attacker) -> None:
    signer = Signer("chat.example.org/log/1", bytes(32))
    public, org_id = signer.verifier.public_key, a.company.org_id
    async with a.database.read(org_id) as tx:
        sealed = await a.vault.seal_text(tx, org_id, purpose_of(1, public), org_id, bytes(32).hex())
    await a.sql("UPDATE evidence_log SET public_key = $1, private_key = $2", public, sealed)
    await a.rebuild_log(signer)


async def sign_with_another_key(a: Attacker) -> None:
    await a.rebuild_log(Signer("chat.example.org/log/1", bytes(32)))


async def change_a_tile(a: Attacker) -> None:
    await a.sql("UPDATE evidence_tile SET hashes = set_byte(hashes, 70, get_byte(hashes, 70) # 1)")


async def exchange_two_rooms_in_the_log(a: Attacker) -> None:
    """Rooms of the same length under each other's names, everything signed again."""
    await a.sql(
        "UPDATE evidence_room a SET pseudonym = b.pseudonym FROM evidence_room b"
        " WHERE a.conversation_id <> b.conversation_id AND a.idx = b.idx"
    )
    await a.rewrite_leaves()
    await a.rebuild_log()


CASES: dict[str, Case] = {
    "edit a body": Case(edit_a_body, Code.BODY_CHANGED, (4, 4), "the body was changed or exchanged"),
    "edit a body and seal it": Case(
        edit_a_body_and_seal_it, Code.ENTRY_CHANGED, (1, 5), "one of the entries 1 to 5 was changed"
    ),
    "swap two bodies": Case(swap_two_bodies, Code.ENTRY_CHANGED, (1, 5), "changed, exchanged"),
    "swap two bodies alone": Case(swap_two_bodies_alone, Code.BODY_CHANGED, (4, 4), "exchanged"),
    "swap two bodies and seal them": Case(
        swap_two_bodies_and_seal_them, Code.ENTRY_CHANGED, (1, 5), "changed, exchanged"
    ),
    "change sender": Case(change_sender, Code.WRAP_CHANGED, (4, 4), "the sender, the device or another"),
    "change sender and wrap": Case(change_sender_and_wrap, Code.BODY_CHANGED, (4, 4), "does not open"),
    "change sender and seal it": Case(change_sender_and_seal_it, Code.ENTRY_CHANGED, (1, 5), "changed"),
    "change time back": Case(change_time_back, Code.ENTRY_TIME, (8, 8), "before the one before it"),
    "change time ahead": Case(change_time_ahead, Code.ENTRY_CHANGED, (6, 7), "dated otherwise"),
    "delete a row": Case(delete_a_row, Code.ENTRY_MISSING, (6, 6), "entry 6 was deleted"),
    "delete a row and close up": Case(
        delete_a_row_and_close_up, Code.ENTRY_CHANGED, (6, 7), "leaf 3 of log 1"
    ),
    "delete the tail": Case(delete_the_tail, Code.TAIL_MISSING, (9, 9), "the newest entries, from 9 on"),
    "delete the tail, set the head back": Case(
        delete_the_tail_and_set_the_head_back, Code.TAIL_MISSING, (9, 9), "leaf 4 of log 1 knows entry 10"
    ),
    "reorder": Case(reorder, Code.ENTRY_CHANGED, (8, 10), "one of the entries 8 to 10"),
    "reorder and chain": Case(
        reorder_and_chain, Code.ENTRY_CHANGED, (8, 10), "leaf 4 of log 1 holds another"
    ),
    "insert": Case(insert, Code.ENTRY_CHANGED, (8, 10), "or inserted"),
    "insert at the end": Case(insert_at_the_end, Code.ENTRY_INSERTED, (11, 11), "entry 11 was inserted"),
    "swap wraps between grounds": Case(
        swap_wraps_between_grounds, Code.WRAP_CHANGED, (3, 3), "was not made for it"
    ),
    "swap wraps between grounds, with the key": Case(
        swap_wraps_between_grounds_with_the_key, Code.WRAP_SURPLUS, (3, 3), "entry 3 is readable again"
    ),
    "hide a message as a trace": Case(
        hide_a_message_as_a_trace, Code.WRAP_MISSING, (4, 4), "cannot be read any more"
    ),
    "swap wraps between rooms": Case(
        swap_wraps_between_rooms, Code.WRAP_CHANGED, (4, 4), "the key was exchanged or moved", room="either"
    ),
    "swap wraps between rooms, with the key": Case(
        swap_wraps_between_rooms_with_the_key, Code.BODY_CHANGED, (4, 4), "or the key was", room="either"
    ),
    "swap two wraps of a room": Case(swap_two_wraps_of_a_room, Code.BODY_CHANGED, (8, 8), "or the key was"),
    "shred a message": Case(shred_a_message, Code.WRAP_MISSING, (4, 4), "no erasure is written down"),
    "point an edit elsewhere": Case(point_an_edit_elsewhere, Code.TARGET_CHANGED, (5, 5), "its seal says 2"),
    "change the room key": Case(
        change_the_room_key, Code.KEY_CHANGED, (1, 1), "hangs on a room key", room="second"
    ),
    "recompute the chain from the middle": Case(
        recompute_the_chain_from_the_middle, Code.ENTRY_CHANGED, (1, 5), "leaf 2 of log 1 holds another chain"
    ),
    "change the head": Case(change_the_head, Code.HEAD_CHANGED, (10, 10), "The head of room"),
    "… and the heads in the log": Case(
        and_the_heads_in_the_log, Code.ROOMS_CHANGED, (2, 2), "The room heads under leaf", room=None
    ),
    "… and the leaves": Case(and_the_leaves, Code.TILE_CHANGED, (2, 2), "one of them was changed", room=None),
    "… and everything signed again": Case(
        and_everything_signed_again, Code.LOG_FORKED, (0, 0), "two different logs", room=None, inside=False
    ),
    "change a record": Case(
        change_a_record, Code.RECORD_CHANGED, (0, 0), "was changed or exchanged", room=None
    ),
    "delete a record": Case(
        delete_a_record, Code.RECORD_MISSING, (1, 1), "An entry of the record was deleted", room=None
    ),
    "insert a record": Case(
        insert_a_record, Code.RECORD_UNLOGGED, (-1, -1), "was inserted past the log", room=None
    ),
    "delete a leaf": Case(delete_a_leaf, Code.LOG_GAP, (2, 2), "leaf 2 is missing", room=None),
    "delete the end of the log": Case(
        delete_the_end_of_the_log, Code.LOG_ROLLED_BACK, (4, 4), "rolled back", room=None, inside=False
    ),
    "insert a room of yesterday": Case(
        insert_a_room_of_yesterday, Code.ENTRY_UNLOGGED, (1, 1), "has never taken it up", room="another"
    ),
    "roll the database back": Case(
        roll_the_database_back, Code.LOG_ROLLED_BACK, (4, 4), "but there are only 4", room=None, inside=False
    ),
    "fork the log": Case(
        fork_the_log, Code.LOG_FORKED, (0, 0), "two different logs", room=None, inside=False
    ),
    "replace the signing key": Case(
        replace_the_key,
        Code.KEY_REPLACED,
        (-1, -1),
        "signing key of log 1 was replaced",
        room=None,
        inside=False,
    ),
    "sign with another key": Case(
        sign_with_another_key, Code.KEY_REPLACED, (3, 3), "not signed by the key of this log", room=None
    ),
    "change a tile": Case(change_a_tile, Code.TILE_CHANGED, (2, 2), "the tile with its hash", room=None),
    "exchange two rooms in the log": Case(
        exchange_two_rooms_in_the_log, Code.LOG_FORKED, (0, 0), "two different logs", room=None
    ),
}


@pytest.mark.parametrize("title", CASES)
async def test_tampering_is_found_and_named(
    title: str, company: Company, copy_of: Copy, entropy: SeededEntropy
) -> None:
    case = CASES[title]
    async with copy_of() as dsn:
        async with Attacker(dsn, company) as attacker:
            await case.attack(attacker)
        report = await examine(dsn, company, entropy=entropy)
        alone = await examine(dsn, company, Trust(), entropy=entropy)

    first = report.findings[0]
    assert (first.code, case.says in first.sentence) == (case.code, True), first.sentence
    place = first.where
    if case.room is None:
        assert place.area in (Area.LOG, Area.RECORD)
        assert place.leaf == (case.at[0] if case.at[0] >= 0 else None)
    else:
        rooms: dict[str, list[UUID]] = {
            "first": [company.first],
            "second": [company.second],
            "another": [uuid7(0, bytes(10))],
        }
        assert place.room in rooms.get(case.room, [company.first, company.second])
        assert (place.first, place.last) == case.at
    assert json.dumps(report.fields())
    assert alone.holds is not case.inside

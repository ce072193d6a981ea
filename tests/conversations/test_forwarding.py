"""Forwarding: somebody's words said again elsewhere, by who may read them here and write there."""

from typing import Any
from uuid import UUID

import pytest

from amana.conversations.errors import (
    ConversationNotFound,
    MessageErased,
    MessageNotFound,
    MessageRemoved,
)
from amana.conversations.forwarding.errors import (
    ForwardedIsFixed,
    ForwardingImpossible,
    ForwardingOff,
    TooManyTargets,
)
from amana.conversations.forwarding.model import MAX_TARGETS, ForwardTo, carry
from amana.conversations.forwarding.service import Outcome
from amana.conversations.membership.leaving import Leaving
from amana.events.model import Appended
from amana.kernel.ids import ClientId, ConversationId, Seq, UserId
from tests.conversations.world import SINCE_JOINING, World
from tests.vault.room import Intruder


async def forward(
    world: World,
    name: str,
    room: ConversationId,
    seq: int,
    *rooms: ConversationId,
    client_ids: list[ClientId] | None = None,
) -> list[Outcome]:
    ids = client_ids or [world.client_id() for _ in rooms]
    targets = [ForwardTo(*pair) for pair in zip(rooms, ids, strict=True)]
    return await world.domain.forwarding.forward(world[name], room, Seq(seq), targets)


def place(outcome: Outcome) -> Appended:
    assert isinstance(outcome.place, Appended), outcome.place
    return outcome.place


def code(outcome: Outcome) -> str:
    assert not isinstance(outcome.place, Appended)
    return outcome.place.code


async def label(world: World, name: str, room: ConversationId, seq: int) -> Any:
    return (await world.entry(name, room, seq))["content"]["forwarded"]


async def test_a_copy_says_whose_words_it_is_and_not_where_they_were_said(world: World) -> None:
    source = await world.direct("ana", "bo")
    one, two = await world.room("bo", "eve", owner="bo"), await world.room("eve", owner="bo")
    sent = await world.say("ana", source, "*tea* at six")
    await world.edit("ana", source, sent.seq, "*tea* at seven")

    outcomes = await forward(world, "bo", source, sent.seq, one, two)

    for room, outcome in zip((one, two), outcomes, strict=True):
        entry = await world.entry("eve", room, place(outcome).seq)
        assert entry["sender_id"] == str(world["bo"].user_id)
        assert entry["content"]["text"] == "*tea* at seven"
        assert entry["content"]["spans"][0]["spans"][0]["t"] == "b"
        assert entry["content"]["forwarded"] == {
            "author_id": str(world["ana"].user_id),
            "at": sent.ts_ms,
            "hops": 1,
        }
        # Who knows two people could compute the id of their conversation: it would tell that they talk.
        assert str(source) not in str(entry)
        assert (await world.line("eve", room))["msg_no"] == 1


async def test_a_copy_of_a_copy_names_the_first_author(world: World) -> None:
    first, second = await world.room("bo"), await world.room("eve", owner="bo")
    third = await world.room(owner="eve")
    sent = await world.say("ana", first)
    copy = place((await forward(world, "bo", first, sent.seq, second))[0])

    again = place((await forward(world, "eve", second, copy.seq, third))[0])

    assert await label(world, "eve", third, again.seq) == {
        "author_id": str(world["ana"].user_id),
        "at": sent.ts_ms,
        "hops": 2,
    }


async def test_a_retry_meets_its_copies_and_one_refusal_keeps_nobody_waiting(world: World) -> None:
    source, good = await world.room("bo"), await world.room(owner="bo")
    foreign = await world.room("eve")
    sent = await world.say("ana", source)
    ids = [world.client_id(), world.client_id()]

    first = await forward(world, "bo", source, sent.seq, foreign, good, client_ids=ids)
    retry = await forward(world, "bo", source, sent.seq, foreign, good, client_ids=ids)

    assert [code(outcomes[0]) for outcomes in (first, retry)] == ["conversation_not_found"] * 2
    assert place(retry[1]).seq == place(first[1]).seq
    assert (await world.line("bo", good))["msg_no"] == 1


async def test_only_what_one_reads_can_be_forwarded(world: World) -> None:
    source = await world.room("bo", history=SINCE_JOINING)
    hidden = await world.say("ana", source)
    await world.add("ana", source, "eve")
    sent, gone = await world.say("ana", source), await world.say("ana", source)
    await world.remove("ana", source, gone.seq)
    own = await world.room(owner="eve")

    with pytest.raises(MessageNotFound):
        await forward(world, "eve", source, hidden.seq, own)
    with pytest.raises(MessageNotFound):
        await forward(world, "eve", source, sent.seq + 100, own)
    with pytest.raises(MessageRemoved):
        await forward(world, "eve", source, gone.seq, own)
    await world.person("kim")
    with pytest.raises(ConversationNotFound):
        await forward(world, "kim", source, sent.seq, await world.room(owner="kim"))
    await world.erase_older(source, hours=0)
    with pytest.raises(MessageErased):
        await forward(world, "eve", source, sent.seq, own)
    with pytest.raises(TooManyTargets):
        await forward(world, "eve", source, sent.seq)
    with pytest.raises(TooManyTargets):
        await forward(world, "eve", source, sent.seq, *[own] * (MAX_TARGETS + 1))


async def test_a_room_that_keeps_its_words_refuses_and_that_is_recorded(
    world: World, database_dsn: str
) -> None:
    source, own = await world.room("bo"), await world.room(owner="bo")
    sent = await world.say("ana", source)
    intruder = Intruder(database_dsn)
    await intruder.run("UPDATE conversation SET forwarding = false WHERE conversation_id = $1", source)

    with pytest.raises(ForwardingOff):
        await forward(world, "bo", source, sent.seq, own)

    found = await intruder.rows(
        "SELECT actor_id FROM evidence_entry WHERE action = 'message.forwarding_refused'"
    )
    assert [row["actor_id"] for row in found] == [world["bo"].user_id]
    assert (await world.line("bo", own))["msg_no"] == 0


async def test_who_may_not_write_there_does_not_forward_there(world: World, database_dsn: str) -> None:
    source, closed, board = await world.room("bo"), await world.room("bo"), await world.room("bo")
    sent = await world.say("ana", source)
    intruder = Intruder(database_dsn)
    await intruder.run(
        "UPDATE conversation SET closed_at = now(), closed_by = $2, closed_reason = 1"
        " WHERE conversation_id = $1",
        closed,
        world["ana"].user_id,
    )
    await intruder.run("UPDATE conversation SET posting = 2 WHERE conversation_id = $1", board)

    outcomes = await forward(world, "bo", source, sent.seq, closed, board)

    assert [code(outcome) for outcome in outcomes] == ["conversation_closed", "posting_not_allowed"]


async def test_nobody_puts_words_into_the_mouth_of_another(world: World) -> None:
    source, other = await world.room("bo"), await world.room(owner="bo")
    sent = await world.say("ana", source)
    copy = place((await forward(world, "bo", source, sent.seq, other))[0])

    with pytest.raises(ForwardedIsFixed):
        await world.edit("bo", other, copy.seq, "something else")
    await world.remove("bo", other, copy.seq)


async def test_an_erased_authors_words_end_in_every_copy(world: World) -> None:
    source = await world.room("bo", "eve")
    other = await world.room(owner="eve")
    theirs = await world.say("bo", source, "secret")
    mine = await world.say("ana", source, "mine")
    copy = place((await forward(world, "eve", source, theirs.seq, other))[0])
    kept = place((await forward(world, "eve", source, mine.seq, other))[0])
    leaving = Leaving(world.desk)

    rooms: list[ConversationId] = []
    async with world.database.write(world.org_id) as tx:
        while room := await leaving.next_room(tx, world["bo"].user_id, rooms[-1] if rooms else None):
            rooms.append(room)
    assert rooms == sorted((source, other))
    for room in rooms:
        await world.erase_author(room, "bo")

    assert (await world.entry("eve", other, copy.seq))["unreadable"] == "erased"
    assert (await world.entry("eve", other, kept.seq))["content"]["text"] == "mine"
    assert (await world.entry("eve", source, mine.seq))["content"]["text"] == "mine"


def test_more_than_words_stays_where_it_is() -> None:
    room, author = ConversationId(UUID(int=1)), UserId(UUID(int=2))

    with pytest.raises(ForwardingImpossible):
        carry(b'{"text":"Lunch?","poll":{}}', conversation_id=room, seq=Seq(1), author_id=author, ts_ms=5)
    text, origin = carry(
        b'{"text":"Lunch?","reply_to":{"seq":3}}', conversation_id=room, seq=Seq(1), author_id=author, ts_ms=5
    )
    assert (text, origin.label.author_id, origin.label.hops) == ("Lunch?", author, 1)

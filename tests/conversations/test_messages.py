"""Sending, editing, removing, quoting."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from amana.conversations import events, queries
from amana.conversations.errors import (
    ConversationNotFound,
    MessageNotFound,
    MessageRemoved,
    NotTheAuthor,
    ReplyInvalid,
    SendingTooFast,
    TextEmpty,
    TextInvalid,
    TextTooLong,
)
from amana.conversations.messages.draft import Draft
from amana.conversations.messages.flood import Flood
from amana.conversations.model import MAX_TEXT
from amana.events.errors import ClientIdFromFuture, ClientIdInvalid, ClientIdReused, ClientIdTooOld
from amana.kernel.clock import unix_ms
from amana.kernel.ids import ClientId, ConversationId, Seq, uuid7
from amana.people.errors import NotPermitted
from amana.storage.database import Database
from amana.vault import CaseProof, issue
from tests.conversations.world import SINCE_JOINING, World, texts
from tests.support.clock import FakeClock


async def test_what_one_member_sends_the_other_reads(world: World) -> None:
    room = await world.room("bo")

    sent = await world.say("ana", room, "Hello *Bo*")

    page = await world.page("bo", room)
    assert texts(page) == ["Hello *Bo*"]
    assert page["entries"][-1]["seq"] == sent.seq
    assert page["entries"][-1]["content"]["spans"][0]["spans"][1]["t"] == "b"
    assert [entry["kind"] for entry in page["entries"]] == ["conversation.created", "message.created"]


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        ("", TextEmpty),
        (" \n\t", TextEmpty),
        ("x" * (MAX_TEXT + 1), TextTooLong),
        ("a\x00b", TextInvalid),
        ("half \ud83d", TextInvalid),
    ],
)
async def test_what_cannot_be_said_is_refused_and_nothing_is_lost(
    world: World, text: str, refusal: type[Exception]
) -> None:
    room = await world.room("bo")
    client_id = world.client_id()

    with pytest.raises(refusal):
        await world.say("ana", room, text, client_id=client_id)

    assert texts(await world.page("ana", room)) == []
    await world.say("ana", room, "x" * MAX_TEXT, client_id=client_id)


async def test_client_ids_from_the_wrong_time_are_refused(world: World) -> None:
    room = await world.room("bo")
    now = world.clock.now()

    def dated(shift: timedelta) -> ClientId:
        return ClientId(uuid7(unix_ms(now + shift), bytes(10)))

    for client_id, refusal in (
        (dated(timedelta(minutes=6)), ClientIdFromFuture),
        (dated(timedelta(days=-181)), ClientIdTooOld),
        (ClientId(ConversationId(room)), ClientIdInvalid),
    ):
        with pytest.raises(refusal):
            await world.say("ana", room, client_id=client_id)
    await world.say("ana", room, client_id=dated(timedelta(minutes=4)))
    await world.say("ana", room, client_id=dated(timedelta(days=-179)))
    assert len(texts(await world.page("ana", room))) == 2


async def test_a_retry_gets_the_first_answer(world: World) -> None:
    room = await world.room("bo")
    client_id = world.client_id()

    answers = [await world.say("ana", room, "once", client_id=client_id) for _ in range(3)]

    assert {(answer.seq, answer.ts_ms) for answer in answers} == {(answers[0].seq, answers[0].ts_ms)}
    assert texts(await world.page("bo", room)) == ["once"]


async def test_a_retry_with_other_words_is_refused(world: World) -> None:
    room = await world.room("bo")
    client_id = world.client_id()
    first = await world.say("ana", room, "one", client_id=client_id)

    with pytest.raises(ClientIdReused):
        await world.say("ana", room, "two", client_id=client_id)
    with pytest.raises(ClientIdReused):
        await world.say("ana", room, "one", client_id=client_id, reply_to=first.seq)
    with pytest.raises(ClientIdReused):
        await world.remove("ana", room, first.seq, client_id=client_id)

    assert texts(await world.page("bo", room)) == ["one"]


async def test_a_retry_after_an_edit_is_still_the_same_message(world: World) -> None:
    room = await world.room("bo")
    client_id = world.client_id()
    first = await world.say("ana", room, "one", client_id=client_id)
    await world.edit("ana", room, first.seq, "two")

    again = await world.say("ana", room, "one", client_id=client_id)

    assert again.seq == first.seq
    assert texts(await world.page("bo", room)) == ["two"]


async def test_many_at_once_get_dense_places_and_one_refusal_spoils_nothing(world: World) -> None:
    room, other = await world.room("bo"), await world.room(owner="bo")
    drafts = [Draft(room, world.client_id(), f"{number}") for number in range(40)]
    nowhere = ConversationId(world.ids.new())
    for number in (3, 17):
        drafts.insert(number, Draft(nowhere, world.client_id(), "lost"))
        drafts.insert(number, Draft(other, world.client_id(), "forbidden"))

    outcomes = await asyncio.gather(
        *(world.sending.send(world["ana"], draft) for draft in drafts), return_exceptions=True
    )

    refused = [outcome for outcome in outcomes if isinstance(outcome, ConversationNotFound)]
    placed = [outcome.seq for outcome in outcomes if not isinstance(outcome, BaseException)]
    assert (len(refused), sorted(placed)) == (4, list(range(2, 42)))


async def test_somebody_removed_in_the_middle_of_a_batch_is_left_out(world: World) -> None:
    room, other = await world.room("bo"), await world.room("bo")
    for name in ("ana", "bo"):
        await world.say(name, room)
        await world.say(name, other)
    await world.take_out("ana", room, "bo")

    # Bo's device is remembered as a member, so the decision falls in the database.
    outcomes = await asyncio.gather(
        *(
            world.sending.send(world[name], Draft(place, world.client_id(), "now"))
            for name in ("ana", "bo")
            for place in (room, other)
        ),
        return_exceptions=True,
    )

    assert [isinstance(outcome, ConversationNotFound) for outcome in outcomes] == [False, False, True, False]


async def test_a_flood_is_refused_before_any_work(
    database: Database, clock: FakeClock, entropy: Any, key_folder: Any
) -> None:
    world = await World(database, clock, entropy, flood=Flood(clock, burst=5, per_s=2)).start(key_folder)
    room = await world.room("bo")
    for _ in range(5):
        await world.sending.send(world["ana"], Draft(room, world.client_id(), "x"))

    with pytest.raises(SendingTooFast) as refused:
        await world.sending.send(world["ana"], Draft(room, world.client_id(), "x"))

    assert refused.value.retry_after_s == 0.5
    await world.sending.send(world["bo"], Draft(room, world.client_id(), "x"))
    clock.advance(seconds=0.5)
    await world.sending.send(world["ana"], Draft(room, world.client_id(), "x"))


async def test_a_message_weighs_what_it_costs_to_hand_it_round(
    database: Database, clock: FakeClock, entropy: Any, key_folder: Any
) -> None:
    world = await World(database, clock, entropy, flood=Flood(clock, burst=50, per_s=10)).start(key_folder)
    small, large = await world.room("bo"), await world.room("bo")
    async with world.database.write(world.org_id) as tx:
        await queries.add_to_count(tx, large, 10_000)

    sent = 0
    with pytest.raises(SendingTooFast) as refused:
        for sent in range(100):  # noqa: B007  counts what went through
            await world.sending.send(world["ana"], Draft(large, world.client_id(), "x"))

    assert sent == 3  # the first finds out; two more spend forty each
    clock.advance(seconds=refused.value.retry_after_s)
    await world.sending.send(world["ana"], Draft(small, world.client_id(), "x"))


async def test_an_edit_replaces_the_text_everywhere_for_everybody(world: World) -> None:
    room = await world.room("bo")
    sent = await world.say("ana", room, "first wording")

    await world.edit("ana", room, sent.seq, "second wording")
    edited = await world.edit("ana", room, sent.seq, "third wording")

    entry = await world.entry("bo", room, sent.seq)
    assert (entry["content"]["text"], entry["revision"], entry["edited_at"]) == (
        "third wording",
        2,
        edited.ts_ms,
    )
    assert entry["seq"] == sent.seq
    frames = await world.events("bo", room, after=1)
    assert [(frame["content"], frame.get("why")) for frame in frames[:2]] == [(None, "superseded")] * 2
    assert frames[2]["content"]["text"] == "third wording"
    assert "first wording" not in str(await world.page("bo", room)) + str(frames)


async def test_an_edit_keeps_what_was_answered(world: World) -> None:
    room = await world.room("bo")
    first = await world.say("ana", room, "question")
    answer = await world.say("bo", room, "yes", reply_to=first.seq)

    await world.edit("bo", room, answer.seq, "no")

    entry = await world.entry("ana", room, answer.seq)
    assert (entry["content"]["text"], entry["content"]["reply_to"]) == ("no", {"seq": first.seq})


async def test_only_the_author_edits(world: World) -> None:
    room = await world.room("bo")
    sent = await world.say("bo", room, "mine")

    with pytest.raises(NotTheAuthor):
        await world.edit("ana", room, sent.seq, "yours")
    with pytest.raises(MessageNotFound):
        await world.edit("bo", room, sent.seq + 1, "nothing there")
    with pytest.raises(MessageNotFound):
        await world.edit("ana", room, 1, "not a message")


async def test_a_repeated_edit_is_one_revision(world: World) -> None:
    room = await world.room("bo")
    sent = await world.say("ana", room, "one")
    client_id = world.client_id()

    first = await world.edit("ana", room, sent.seq, "two", client_id=client_id)
    again = await world.edit("ana", room, sent.seq, "two", client_id=client_id)

    assert (again.seq, again.fresh) == (first.seq, False)
    assert (await world.entry("bo", room, sent.seq))["revision"] == 1
    with pytest.raises(ClientIdReused):
        await world.edit("ana", room, sent.seq, "three", client_id=client_id)


async def test_a_removed_message_leaves_nothing_to_read(world: World) -> None:
    room = await world.room("bo")
    sent = await world.say("ana", room, "Quellwolke one")
    await world.edit("ana", room, sent.seq, "Quellwolke two")
    await world.say("bo", room, "answer", reply_to=sent.seq)

    removed = await world.remove("ana", room, sent.seq)

    entry = await world.entry("bo", room, sent.seq)
    assert (entry["content"], entry["removed"]) == (
        None,
        {"by": str(world["ana"].user_id), "at": removed.ts_ms},
    )
    everything = [
        await world.page("bo", room),
        await world.page("bo", room, before=5, limit=1),
        await world.events("bo", room),
        await world.line("bo", room),
    ]
    assert "Quellwolke" not in str(everything)
    with pytest.raises(MessageRemoved):
        await world.edit("ana", room, sent.seq, "back")
    with pytest.raises(MessageRemoved):
        await world.remove("ana", room, sent.seq)
    with pytest.raises(ReplyInvalid):
        await world.say("bo", room, "late", reply_to=sent.seq)


async def test_a_repeated_removal_gets_the_first_answer(world: World) -> None:
    room = await world.room("bo")
    sent = await world.say("ana", room)
    client_id = world.client_id()

    first = await world.remove("ana", room, sent.seq, client_id=client_id)

    assert (await world.remove("ana", room, sent.seq, client_id=client_id)).seq == first.seq


async def test_owners_remove_what_others_wrote_and_members_do_not(world: World) -> None:
    room = await world.room("bo", "eve")
    sent = await world.say("bo", room, "rude")

    with pytest.raises(NotPermitted):
        await world.remove("eve", room, sent.seq)
    await world.remove("ana", room, sent.seq)

    assert (await world.entry("bo", room, sent.seq))["content"] is None
    async with world.database.read(world.org_id) as tx:
        actions = [entry.action for entry in await world.evidence.entries(tx, world.org_id)]
    assert "message.removed" in actions


async def test_the_trace_of_old_wordings_is_only_for_a_case(world: World) -> None:
    room = await world.room("bo")
    sent = await world.say("ana", room, "first wording")
    await world.edit("ana", room, sent.seq, "second wording")
    await world.remove("ana", room, sent.seq)

    async with world.database.read(world.org_id) as tx:
        stored = await world.log.read(tx, room, after=Seq(1), upto=None, limit=10)
        items = [event.sealed for event in stored if event.kind != events.MESSAGE_REMOVED]
        case = issue.case(
            org_id=world.org_id,
            case_id=world.ids.new(),
            conversation_id=room,
            first=Seq(1),
            last=Seq(99),
        )
        opened = await world.vault.open(tx, case, items)

    assert isinstance(case, CaseProof)
    assert [b"wording" in content for content in opened if isinstance(content, bytes)] == [True, True]
    async with world.database.write(world.org_id) as tx:
        assert await world.vault.end_due_traces(tx, world.clock.now() + timedelta(days=29)) == 0
        assert await world.vault.end_due_traces(tx, world.clock.now() + timedelta(days=31)) == 2


async def test_quotes_are_what_the_reader_may_see_now(world: World) -> None:
    room = await world.room(history=SINCE_JOINING)
    first = await world.say("ana", room, "question")
    await world.add("ana", room, "bo")
    await world.say("ana", room, "answer", reply_to=first.seq)

    ana, bo = await world.page("ana", room, limit=1), await world.page("bo", room, limit=1)

    assert [quote["content"]["text"] for quote in ana["quotes"]] == ["question"]
    assert bo["quotes"] == []
    assert bo["entries"][0]["content"]["reply_to"] == {"seq": first.seq}


async def test_only_visible_messages_can_be_answered(world: World) -> None:
    room = await world.room(history=SINCE_JOINING)
    first = await world.say("ana", room, "question")
    await world.add("ana", room, "bo")

    for place in (first.seq, 1, first.seq + 1, 99, 0):
        with pytest.raises(ReplyInvalid):
            await world.say("bo", room, "answer", reply_to=place)


async def test_pages_follow_each_other_without_gap_or_repetition(world: World) -> None:
    room = await world.room("bo")
    for number in range(23):
        sent = await world.say("ana", room, f"{number}")
        for _ in range(number % 4):
            await world.edit("ana", room, sent.seq, f"{number}")

    found: list[Any] = []
    before, more = None, True
    while more:
        page = await world.page("bo", room, before=before, limit=5)
        found = page["entries"] + found
        before, more = page["entries"][0]["seq"], page["more"]

    assert texts({"entries": found}) == [f"{number}" for number in range(23)]
    assert [entry["seq"] for entry in found] == sorted({entry["seq"] for entry in found})


async def test_a_message_of_last_month_that_arrives_late_has_its_place_at_the_end(world: World) -> None:
    room = await world.room("bo")
    client_id = world.client_id()
    world.clock.advance(days=20)
    await world.say("ana", room, "december")

    late = await world.say("ana", room, "november", client_id=client_id)

    assert (await world.say("ana", room, "november", client_id=client_id)).seq == late.seq
    assert texts(await world.page("bo", room)) == ["december", "november"]

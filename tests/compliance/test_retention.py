"""A room keeps its messages for its period, and what happened in it for ever."""

from typing import Any

import pytest

from amana.conversations.errors import MessageErased, RetentionInvalid
from amana.conversations.queries import Retained
from amana.kernel.ids import ConversationId
from amana.people.errors import NotPermitted
from amana.vault.erasure import BEGINNING, Cause, journal_after
from tests.compliance.conftest import Office
from tests.conversations.world import World, texts


async def events_named(world: World, room: ConversationId, kind: str) -> list[Any]:
    return [event for event in await world.events("ana", room) if event["kind"] == kind]


async def test_what_is_older_than_the_period_is_erased_and_the_rest_stays(
    world: World, office: Office
) -> None:
    room = await world.room("bo")
    await world.say("ana", room, "old")
    world.clock.advance(days=20)
    await world.say("bo", room, "new")
    await world.keep("ana", room, 30)
    assert await office.keep() == 0

    world.clock.advance(days=15)

    assert await office.keep() == 1
    page = await world.page("bo", room)
    assert texts(page) == [None, "new"]
    assert [entry.get("unreadable") for entry in page["entries"] if entry["kind"] == "message.created"] == [
        "erased",
        None,
    ]
    (created,) = [entry for entry in page["entries"] if entry["kind"] == "conversation.created"]
    assert created["content"]["title"] == "Bridge works"
    line = await world.line("bo", room)
    assert (line["title"], line["retention_days"]) == ("Bridge works", 30)


async def test_members_are_told_once_a_run_and_see_the_setting_change(world: World, office: Office) -> None:
    room = await world.room("bo")
    for number in range(25):
        await world.say("ana", room, f"message {number}")
    await world.keep("ana", room, 1)
    world.clock.advance(days=2)

    assert await office.keep(step=4) == 25
    assert await office.keep(step=4) == 0

    (told,) = await events_named(world, room, "messages.erased")
    ((first, last),) = told["content"]["ranges"]
    assert (first, told["content"]["reason"]) == (1, "retention")
    assert last >= 26
    (changed,) = await events_named(world, room, "conversation.changed")
    assert changed["content"]["retention_days"] == 1
    actions = await office.actions()
    assert actions.count("messages.erased") == actions.count("conversation.retention_set") == 1


async def test_a_new_wording_of_an_old_message_goes_with_it(world: World, office: Office) -> None:
    room = await world.room("bo")
    old = await world.say("ana", room, "first wording")
    world.clock.advance(days=29)
    await world.edit("ana", room, old.seq, "second wording")
    wording = await world.edit("ana", room, old.seq, "third wording")
    await world.keep("ana", room, 30)
    world.clock.advance(days=2)

    assert await office.keep() == 1

    entry = await world.entry("bo", room, old.seq)
    assert (entry["content"], entry["unreadable"], entry["revision"]) == (None, "erased", 2)
    async with world.database.read(world.org_id) as tx:
        left = await tx.value(
            "SELECT count(*) FROM keyring.wrap WHERE conversation_id = :room AND seq <= :last AND seq IN"
            " (SELECT seq FROM event WHERE conversation_id = :room AND kind IN (10, 11))",
            room=room,
            last=wording.seq,
        )
    assert left == 0


async def test_an_erased_message_cannot_be_changed_any_more(world: World, office: Office) -> None:
    room = await world.room("bo")
    old = await world.say("ana", room, "old")
    await world.keep("ana", room, 1)
    world.clock.advance(days=2)
    await office.keep()

    with pytest.raises(MessageErased):
        await world.edit("ana", room, old.seq, "back again")
    with pytest.raises(MessageErased):
        await world.remove("ana", room, old.seq)


async def test_a_run_that_broke_off_tells_the_members_with_the_next_one(world: World, office: Office) -> None:
    room = await world.room("bo")
    for number in range(10):
        await world.say("ana", room, f"message {number}")
    await world.keep("ana", room, 1)
    world.clock.advance(days=2)
    ended, more = await office.retention._step(world.org_id, Retained(room, 1), 4)
    assert more
    assert await events_named(world, room, "messages.erased") == []

    assert ended + await office.keep(step=4) == 10

    (told,) = await events_named(world, room, "messages.erased")
    assert told["content"]["ranges"][0][0] == 1


async def test_every_end_is_in_the_journal_in_one_range_for_a_run_of_messages(
    world: World, office: Office
) -> None:
    room = await world.room("bo")
    first = await world.say("ana", room, "one")
    last = await world.say("ana", room, "two")
    await world.keep("ana", room, 1)
    world.clock.advance(days=2)
    await office.keep()

    async with world.database.read(world.org_id) as tx:
        rows, _ = await journal_after(tx, BEGINNING)

    assert [(row.conversation_id, row.seq_first, row.seq_last, row.cause) for row in rows] == [
        (room, first.seq, last.seq, Cause.RETENTION)
    ]


@pytest.mark.parametrize("days", [0, -1, 3651])
async def test_a_period_out_of_range_is_refused(world: World, days: int) -> None:
    room = await world.room("bo")

    with pytest.raises(RetentionInvalid):
        await world.keep("ana", room, days)
    assert (await world.line("ana", room))["retention_days"] is None


async def test_members_do_not_choose_the_period(world: World) -> None:
    room = await world.room("bo")

    with pytest.raises(NotPermitted):
        await world.keep("bo", room, 30)


async def test_without_a_period_nothing_ends(world: World, office: Office) -> None:
    room = await world.room("bo")
    await world.say("ana", room, "stays")
    await world.keep("ana", room, 30)
    await world.keep("ana", room, None)
    world.clock.advance(days=4000)

    assert await office.keep() == 0
    assert texts(await world.page("bo", room)) == ["stays"]

"""Undo send: nobody gets a message while its author may take it back, and what was taken back is gone."""

import asyncio
from copy import deepcopy
from datetime import timedelta
from uuid import UUID

import pytest

from amana.conversations.errors import ConversationNotFound, TextEmpty
from amana.conversations.messages.draft import Draft
from amana.conversations.scheduling.errors import (
    MessageUndone,
    ScheduleNotFound,
    UndoTimeInvalid,
    UndoTooLate,
)
from amana.conversations.scheduling.holding import Held
from amana.events.errors import ClientIdReused
from amana.events.model import Appended
from amana.kernel.ids import ClientId
from tests.conversations.scheduling import Later
from tests.conversations.world import World


@pytest.fixture
def later(world: World) -> Later:
    return Later(world)


async def test_nothing_is_to_be_heard_or_read_before_the_time_is_over(world: World, later: Later) -> None:
    room = await world.room("bo")
    before = deepcopy((world.heard.blobs, world.heard.users))

    held = await later.hold("ana", room, undo_s=10)
    await later.pass_time(seconds=9.99)

    assert isinstance(held, Held)
    assert held.until == world.clock.now() + timedelta(seconds=0.01)
    assert await later.said("bo", room) == []
    assert await later.said("ana", room) == []
    assert (world.heard.blobs, world.heard.users) == before


async def test_then_it_is_said_once_under_its_own_retry_key(world: World, later: Later) -> None:
    room, client_id = await world.room("bo"), world.client_id()
    await later.hold("ana", room, "Hello", client_id=client_id)

    await later.pass_time(seconds=10)
    await later.pass_time(seconds=10)

    (event,) = [one for one in world.heard.events(room) if one["kind"] == "message.created"]
    assert (event["content"]["text"], event["client_id"]) == ("Hello", str(client_id))
    assert await later.said("bo", room) == [(world["ana"].user_id, "Hello")]
    assert await later.value("SELECT count(*) FROM scheduled WHERE conversation_id = :id", id=room) == 0
    assert await later.value("SELECT count(*) FROM keyring.pending WHERE conversation_id = :id", id=room) == 0


async def test_what_is_taken_back_comes_back_and_is_gone_everywhere_else(world: World, later: Later) -> None:
    room, client_id = await world.room("bo"), world.client_id()
    await later.hold("ana", room, "Oh no", client_id=client_id)

    draft = await later.undo("ana", room, client_id)
    again = await later.undo("ana", room, client_id)
    await later.pass_time(seconds=60)

    assert isinstance(draft, Draft)
    assert (draft.text, again) == ("Oh no", None)
    assert await later.said("bo", room) == []
    assert await later.value("SELECT count(*) FROM keyring.pending WHERE conversation_id = :id", id=room) == 0
    assert await later.value("SELECT body FROM scheduled WHERE conversation_id = :id", id=room) is None


async def test_a_late_retry_does_not_say_what_was_taken_back(world: World, later: Later) -> None:
    room, client_id = await world.room("bo"), world.client_id()
    await later.hold("ana", room, client_id=client_id)
    await later.undo("ana", room, client_id)

    with pytest.raises(MessageUndone):
        await later.hold("ana", room, client_id=client_id)


async def test_a_retry_while_it_waits_gets_the_same_answer(world: World, later: Later) -> None:
    room, client_id = await world.room("bo"), world.client_id()

    first = await later.hold("ana", room, client_id=client_id)
    world.clock.advance(seconds=3)
    second = await later.hold("ana", room, client_id=client_id)
    with pytest.raises(ClientIdReused):
        await later.hold("ana", room, "Something else", client_id=client_id)

    assert first == second
    await later.pass_time(seconds=7)
    assert len(await later.said("bo", room)) == 1


async def test_a_retry_after_it_was_said_gets_its_place_and_undo_comes_too_late(
    world: World, later: Later
) -> None:
    room, client_id = await world.room("bo"), world.client_id()
    await later.hold("ana", room, client_id=client_id)
    await later.pass_time(seconds=10)

    place = await later.hold("ana", room, client_id=client_id)
    with pytest.raises(UndoTooLate) as late:
        await later.undo("ana", room, client_id)

    assert isinstance(place, Appended)
    assert (place.fresh, late.value.fields["seq"]) == (False, place.seq)
    assert len(await later.said("bo", room)) == 1


async def test_undoing_and_saying_at_once_leaves_exactly_one_of_them(world: World, later: Later) -> None:
    room = await world.room("bo")
    for _ in range(12):
        client_id = world.client_id()
        before = len(await later.said("bo", room))
        await later.hold("ana", room, client_id=client_id, undo_s=1)
        world.clock.advance(seconds=1)

        _, undone = await asyncio.gather(
            later.run(), later.undo("ana", room, client_id), return_exceptions=True
        )

        was_said = len(await later.said("bo", room)) - before
        assert (was_said, isinstance(undone, UndoTooLate)) in {(1, True), (0, False)}


@pytest.mark.parametrize(
    "never_made",
    [
        UUID("eac031a6-65ab-40b7-b698-8916f1f18fe4"),  # no UUIDv7
        UUID("ffffffff-ffff-7000-8000-000000000000"),  # of the year 10889
    ],
)
async def test_under_a_key_that_nothing_can_have_there_is_nothing_to_undo(
    world: World, later: Later, never_made: UUID
) -> None:
    room = await world.room("bo")

    with pytest.raises(ScheduleNotFound):
        await later.undo("ana", room, ClientId(never_made))


async def test_nobody_else_can_undo_it(world: World, later: Later) -> None:
    room, client_id = await world.room("bo"), world.client_id()
    await later.hold("ana", room, client_id=client_id)

    with pytest.raises(ScheduleNotFound):
        await later.undo("bo", room, client_id)
    with pytest.raises(ScheduleNotFound):
        await later.undo("ana", room, world.client_id())


async def test_what_may_not_be_said_is_refused_at_once(world: World, later: Later) -> None:
    room = await world.room("bo")

    with pytest.raises(ConversationNotFound):
        await later.hold("eve", room)
    with pytest.raises(TextEmpty):
        await later.hold("ana", room, " ")
    for wrong in (0, 11, 600):
        with pytest.raises(UndoTimeInvalid):
            await later.hold("ana", room, undo_s=wrong)

    assert await later.value("SELECT count(*) FROM scheduled WHERE conversation_id = :id", id=room) == 0


async def test_who_was_taken_out_meanwhile_says_nothing_and_hears_why(world: World, later: Later) -> None:
    room, client_id = await world.room("bo"), world.client_id()
    await later.hold("bo", room, "Too late", client_id=client_id)
    await world.take_out("ana", room, "bo")

    await later.pass_time(seconds=10)
    await later.pass_time(hours=1)

    assert await later.said("ana", room) == []
    (heard,) = later.changes("bo")
    assert (heard["state"], heard["reason"]) == ("failed", "conversation_not_found")
    (line,) = await later.list_of("bo")
    assert (line["kind"], line["content"]["text"]) == ("held", "Too late")
    given_back = await later.undo("bo", room, client_id)
    assert given_back is not None
    assert given_back.text == "Too late"


async def test_the_text_is_nowhere_in_clear(world: World, later: Later) -> None:
    room = await world.room("bo")
    await later.hold("ana", room, "Unmistakable")

    rows = await later.value(
        "SELECT string_agg(s::text, '') FROM scheduled s WHERE conversation_id = :id", id=room
    )
    jobs = await later.value("SELECT string_agg(j::text, '') FROM job j")

    assert "Unmistakable" not in rows + jobs
    assert b"Unmistakable".hex() not in rows + jobs

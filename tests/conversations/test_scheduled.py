"""Messages that are said at a time, or again and again: once each, by whoever may say them then."""

from datetime import timedelta
from uuid import UUID

import pytest

from amana.conversations.errors import ConversationNotFound
from amana.conversations.scheduling import queries
from amana.conversations.scheduling.errors import (
    ScheduleEnded,
    ScheduleNotFound,
    TimeInvalid,
    TooManyScheduled,
)
from amana.conversations.scheduling.model import occurrence_id
from amana.events.errors import ClientIdReused
from amana.events.log import check_client_id
from amana.kernel.ids import bucket_at, is_uuid7, time_ms_of
from amana.people.erasure import erase_rows
from amana.people.queries import find_account
from amana.storage import jobs
from tests.conversations.scheduling import Later
from tests.conversations.world import World


@pytest.fixture
def later(world: World) -> Later:
    return Later(world)


async def test_it_is_said_when_it_is_due_and_gets_its_place_only_then(world: World, later: Later) -> None:
    room = await world.room("bo")
    line = await later.schedule("ana", room, "Good morning")
    seq = (await world.say("bo", room, "Sooner")).seq

    await later.pass_time(minutes=58)
    early = await later.said("bo", room)
    await later.pass_time(minutes=2)

    assert len(early) == 1
    assert await later.said("bo", room) == [
        (world["bo"].user_id, "Sooner"),
        (world["ana"].user_id, "Good morning"),
    ]
    heard = later.changes("ana")[-1]
    assert (heard["state"], heard["seq"], heard["schedule_id"]) == ("sent", seq + 1, line["schedule_id"])
    assert await later.list_of("ana") == []
    assert await later.value("SELECT count(*) FROM keyring.pending WHERE conversation_id = :id", id=room) == 0


async def test_a_retry_makes_one_also_after_it_was_said(world: World, later: Later) -> None:
    room, client_id = await world.room("bo"), world.client_id()
    when = world.clock.now() + timedelta(hours=1)

    first = await later.schedule("ana", room, when=when, client_id=client_id)
    second = await later.schedule("ana", room, when=when, client_id=client_id)
    with pytest.raises(ClientIdReused):
        await later.schedule("ana", room, "Another", when=when, client_id=client_id)
    await later.pass_time(hours=1)
    third = await later.schedule("ana", room, when=when, client_id=client_id)
    await later.pass_time(hours=1)

    assert first == second
    assert third["state"] == "sent"
    assert len(await later.said("bo", room)) == 1


async def test_it_can_be_changed_and_cancelled_until_then(world: World, later: Later) -> None:
    room = await world.room("bo")
    changed, cancelled = await later.schedule("ana", room, "One"), await later.schedule("ana", room, "Two")

    await later.change("ana", room, changed, "One, better", world.clock.now() + timedelta(hours=3))
    await later.cancel("ana", room, cancelled)
    await later.cancel("ana", room, cancelled)
    await later.pass_time(hours=1)
    at_the_first_time = await later.said("bo", room)
    await later.pass_time(hours=2)

    assert at_the_first_time == []
    assert await later.said("bo", room) == [(world["ana"].user_id, "One, better")]
    with pytest.raises(ScheduleEnded):
        await later.change("ana", room, changed, "Too late")
    with pytest.raises(ScheduleEnded):
        await later.cancel("ana", room, changed)


async def test_nobody_else_sees_changes_or_cancels_it(world: World, later: Later) -> None:
    room = await world.room("bo")
    line = await later.schedule("bo", room)

    with pytest.raises(ScheduleNotFound):
        await later.change("ana", room, line, "Mine")
    with pytest.raises(ScheduleNotFound):
        await later.cancel("ana", room, line)
    with pytest.raises(ScheduleNotFound):
        await later.cancel("eve", room, line)

    assert await later.list_of("ana", room) == []
    assert later.changes("ana") == []


async def test_only_what_could_be_said_now_can_be_scheduled(world: World, later: Later) -> None:
    room = await world.room("bo")
    now = world.clock.now()

    with pytest.raises(ConversationNotFound):
        await later.schedule("eve", room)
    for wrong in (now, now - timedelta(days=1), now + timedelta(days=800)):
        with pytest.raises(TimeInvalid):
            await later.schedule("ana", room, when=wrong)


async def test_a_person_can_have_so_many_waiting(
    world: World, later: Later, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("amana.conversations.scheduling.service.MAX_WAITING", 2)
    room = await world.room("bo")
    await later.schedule("ana", room)
    await later.schedule("ana", room)

    with pytest.raises(TooManyScheduled):
        await later.schedule("ana", room)


async def test_who_may_not_write_any_more_hears_so_once_and_it_is_not_tried_again(
    world: World, later: Later
) -> None:
    room = await world.room("bo")
    await later.schedule("bo", room, "Never")
    await world.take_out("ana", room, "bo")

    for _ in range(3):
        await later.pass_time(hours=1)

    failed = [one for one in later.changes("bo") if one["state"] == "failed"]
    assert [one["reason"] for one in failed] == ["conversation_not_found"]
    (line,) = await later.list_of("bo")
    assert (line["state"], line["content"]["text"]) == ("failed", "Never")
    assert await later.said("ana", room) == []
    assert await later.value("SELECT count(*) FROM job WHERE subject = :id", id=line["schedule_id"]) == 0


async def test_what_failed_waits_again_when_it_is_changed(world: World, later: Later) -> None:
    room = await world.room("bo")
    line = await later.schedule("bo", room, "First")
    await world.take_out("ana", room, "bo")
    await later.pass_time(hours=1)
    await world.add("ana", room, "bo")

    await later.change("bo", room, line, "Second")
    await later.pass_time(hours=1)

    assert await later.said("ana", room) == [(world["bo"].user_id, "Second")]


async def test_recurring_messages_are_said_each_time_and_once(world: World, later: Later) -> None:
    room = await world.room("bo")
    await later.schedule("ana", room, "Stand-up", when=later.daily("15:00"))

    for _ in range(3):
        await later.pass_time(days=1)
        await later.run()

    assert [text for _, text in await later.said("bo", room)] == ["Stand-up"] * 3
    (line,) = await later.list_of("ana")
    assert (line["state"], line["sent_count"], line["kind"]) == ("waiting", 3, "recurring")


async def test_what_was_missed_while_nothing_ran_is_said_once(world: World, later: Later) -> None:
    room = await world.room("bo")
    await later.schedule("ana", room, "Stand-up", when=later.daily("15:00"))

    await later.pass_time(days=9)
    await later.pass_time(hours=1)

    assert len(await later.said("bo", room)) == 1
    (line,) = await later.list_of("ana")
    assert line["due"] > world.clock.now().timestamp() * 1000


async def test_a_clock_that_leaps_back_says_nothing_again(world: World, later: Later) -> None:
    room = await world.room("bo")
    await later.schedule("ana", room, "Stand-up", when=later.daily("15:00"))
    await later.pass_time(hours=3)

    world.clock.jump_to(world.clock.now() - timedelta(hours=3))
    await later.pass_time(hours=3)

    assert len(await later.said("bo", room)) == 1


async def test_a_series_ends_by_itself(world: World, later: Later) -> None:
    room = await world.room("bo")
    await later.schedule("ana", room, when=later.daily("15:00", rule="FREQ=DAILY;COUNT=2"))

    for _ in range(4):
        await later.pass_time(days=1)

    assert len(await later.said("bo", room)) == 2
    assert later.changes("ana")[-1]["state"] == "sent"
    assert await later.list_of("ana") == []


async def test_a_second_try_of_the_same_occurrence_says_nothing(world: World, later: Later) -> None:
    """The row is set back as if the message had been stored and the end of the job had not."""
    room = await world.room("bo")
    line = await later.schedule("ana", room, "Once")
    schedule_id = UUID(line["schedule_id"])
    async with world.database.read(world.org_id) as tx:
        before = await queries.find(tx, room, schedule_id)
    assert before is not None
    await later.pass_time(hours=1)
    async with world.database.write(world.org_id) as tx:
        sealed = await later.scheduling._contents.seal(tx, before, later.draft(room, "Once"))
        await queries.update(tx, sealed)
        detail = {"conversation_id": str(room)}
        await jobs.put(tx, "message.due", schedule_id, before.when, detail=detail)
    await later.run()

    assert len(await later.said("bo", room)) == 1
    assert await later.list_of("ana") == []


async def test_the_key_of_an_occurrence_is_one_that_the_log_takes(world: World, later: Later) -> None:
    due = world.clock.now()
    key = occurrence_id(world.ids.new(), due)

    check_client_id(key, due)

    assert is_uuid7(key)
    assert bucket_at(time_ms_of(key)) == 202611
    assert len({occurrence_id(key, due + timedelta(milliseconds=step)) for step in range(50)}) == 50


async def test_what_recurs_goes_to_the_owner_of_the_room_when_its_author_leaves(
    world: World, later: Later
) -> None:
    room = await world.room("bo")
    await later.schedule("bo", room, "Timesheets, please", when=later.daily("15:00"))
    await later.schedule("bo", room, "Only mine")
    await world.take_out("bo", room, "bo")
    await later.run()

    await later.pass_time(days=1)

    assert await later.said("ana", room) == [(world["ana"].user_id, "Timesheets, please")]
    (line,) = await later.list_of("ana", room)
    assert (line["content"]["text"], line["owner_id"]) == ("Timesheets, please", str(world["ana"].user_id))
    assert {one["state"] for one in later.changes("bo")} == {"waiting", "handed_over", "failed"}
    assert [one["state"] for one in later.changes("ana")] == ["waiting", "waiting"]


async def test_a_person_who_is_erased_leaves_what_recurs_and_nothing_else(world: World, later: Later) -> None:
    room = await world.room("bo")
    await later.schedule("bo", room, "Timesheets, please", when=later.daily("15:00"))
    await later.schedule("bo", room, "Private plan")
    held = world.client_id()
    await later.hold("bo", room, "Half sent", client_id=held)
    await _erase(world, "bo")
    await world.take_out("ana", room, "bo")
    await later.run()

    await later.pass_time(days=1)

    assert await later.said("ana", room) == [(world["ana"].user_id, "Timesheets, please")]
    left = await later.value("SELECT count(*) FROM scheduled WHERE owner_id = :id", id=world["bo"].user_id)
    keys = await later.value("SELECT count(*) FROM keyring.pending WHERE conversation_id = :id", id=room)
    assert (left, keys) == (0, 1)


async def test_between_two_people_nothing_is_handed_over(world: World) -> None:
    room = await world.direct("ana", "bo")
    async with world.database.read(world.org_id) as tx:
        heir = await queries.find_successor(tx, room, without=world["bo"].user_id)

    assert heir is None


async def test_the_owner_of_a_room_sees_and_ends_what_recurs_there_but_does_not_read_it(
    world: World, later: Later
) -> None:
    room = await world.room("bo")
    line = await later.schedule("bo", room, "Every day", when=later.daily("15:00"))

    (seen,) = await later.list_of("ana", room)
    await later.cancel("ana", room, line)
    await later.pass_time(days=2)

    assert (seen["schedule_id"], seen["content"]) == (line["schedule_id"], None)
    assert await later.said("ana", room) == []
    assert later.changes("bo")[-1]["state"] == "cancelled"


async def test_a_text_that_cannot_be_opened_fails_and_is_not_tried_again(world: World, later: Later) -> None:
    room = await world.room("bo")
    line = await later.schedule("ana", room)
    async with world.database.write(world.org_id) as tx:
        await world.vault.pending.end(tx, room, [UUID(line["schedule_id"])])

    await later.pass_time(hours=1)
    await later.pass_time(hours=1)

    assert later.changes("ana")[-1]["reason"] == "content_unreadable"
    (line,) = await later.list_of("ana")
    assert (line["content"], line["unreadable"]) == (None, "erased")


async def test_a_silent_message_says_so_to_everybody(world: World, later: Later) -> None:
    room = await world.room("bo")
    draft = later.draft(room, "Psst")
    await world.sending.send(world["ana"], type(draft)(room, draft.client_id, "Psst", silent=True))
    await world.say("ana", room, "Loud")

    quiet, loud = (await world.page("bo", room))["entries"][-2:]
    assert (quiet["content"].get("silent"), loud["content"].get("silent")) == (True, None)
    with pytest.raises(ClientIdReused):
        await world.sending.send(world["ana"], type(draft)(room, draft.client_id, "Psst"))


async def _erase(world: World, name: str) -> None:
    async with world.database.write(world.org_id) as tx:
        account = await find_account(tx, world[name].user_id)
        assert account is not None
        await erase_rows(tx, account, now=world.clock.now())

"""Reminders: told once when they are due, whether the person is here or not."""

import asyncio
from datetime import timedelta

import pytest

from amana.conversations.errors import ConversationNotFound, MessageNotFound
from amana.conversations.private.errors import ReminderNotFound, TooManyReminders
from amana.conversations.private.reminders import service
from amana.kernel.clock import unix_ms
from amana.storage.jobs import Jobs
from tests.conversations.keeping import Keeping, text_of
from tests.conversations.world import World
from tests.vault.room import Intruder

HOUR = timedelta(hours=1)


def in_an_hour(world: World) -> int:
    return unix_ms(world.clock.now() + HOUR)


async def fire(world: World) -> None:
    await world.domain.jobs.run_due(world.org_id)


def states(keeping: Keeping, name: str = "bo") -> list[str]:
    return [one["detail"]["state"] for one in keeping.told(name, "reminder.changed")]


async def jobs_left(world: World, dsn: str) -> int:
    rows = await Intruder(dsn).rows(
        "SELECT count(*) FROM job WHERE kind = 'reminder' AND org_id = $1", world.org_id
    )
    return int(rows[0][0])


async def test_a_reminder_fires_once_at_its_time(world: World, keeping: Keeping, database_dsn: str) -> None:
    room = await world.room("bo")
    said = await world.say("ana", room, "by noon, please")
    due = in_an_hour(world)
    reminder = await keeping.remind("bo", room, due, said.seq, "call Ana")

    await fire(world)
    assert states(keeping) == ["set"]
    world.clock.advance(HOUR)
    await fire(world)
    await fire(world)

    assert states(keeping) == ["set", "fired"]
    fired = keeping.told("bo", "reminder.changed")[-1]
    assert (fired["c"], fired["seq"]) == (str(room), said.seq)
    assert fired["detail"] == {"reminder_id": str(reminder), "due_at": due, "state": "fired"}
    (shown,) = await keeping.reminders("bo")
    assert (shown.note, text_of(shown), shown.fired_at) == ("call Ana", "by noon, please", due)
    assert states(keeping, "ana") == []
    assert await jobs_left(world, database_dsn) == 0
    assert "call" not in repr(await Intruder(database_dsn).rows("SELECT * FROM private_reminder"))


async def test_two_processes_remind_once(world: World, keeping: Keeping) -> None:
    room = await world.room("bo")
    for _ in range(8):
        await keeping.remind("bo", room, in_an_hour(world))
    world.clock.advance(HOUR)
    other = Jobs(world.database, world.clock)
    other.register("reminder", world.domain.jobs._work["reminder"])

    await asyncio.gather(fire(world), other.run_due(world.org_id))

    assert states(keeping).count("fired") == 8


async def test_another_time_reminds_again_and_the_same_wish_changes_nothing(
    world: World, keeping: Keeping
) -> None:
    room = await world.room("bo")
    due = in_an_hour(world)
    reminder = await keeping.remind("bo", room, due)
    await keeping.remind("bo", room, due, reminder_id=reminder)
    later = due + 1_000
    await keeping.remind("bo", room, later, reminder_id=reminder)

    world.clock.advance(HOUR)
    await fire(world)
    assert states(keeping) == ["set", "set"]
    world.clock.advance(timedelta(seconds=1))
    await fire(world)
    assert states(keeping) == ["set", "set", "fired"]

    await keeping.remind("bo", room, in_an_hour(world), note="again", reminder_id=reminder)
    assert (await keeping.reminders("bo"))[0].fired_at is None
    world.clock.advance(HOUR)
    await fire(world)
    assert states(keeping)[-2:] == ["set", "fired"]


async def test_an_ended_reminder_and_one_of_a_room_that_was_left_never_fire(
    world: World, keeping: Keeping, database_dsn: str
) -> None:
    room, left = await world.room("bo"), await world.room("bo")
    ended = await keeping.remind("bo", room, in_an_hour(world))
    await keeping.remind("bo", left, in_an_hour(world))
    await keeping.end_reminder("bo", ended)
    await world.take_out("ana", left, "bo")
    assert await jobs_left(world, database_dsn) == 0

    world.clock.advance(HOUR)
    await fire(world)

    assert states(keeping) == ["set", "set", "removed"]
    assert await keeping.reminders("bo") == []


async def test_two_people_may_choose_the_same_id(world: World, keeping: Keeping) -> None:
    room = await world.room("bo")
    reminder = await keeping.remind("bo", room, in_an_hour(world))
    await keeping.remind("ana", room, in_an_hour(world) + 1000, reminder_id=reminder)
    await keeping.end_reminder("ana", reminder)

    world.clock.advance(HOUR)
    await fire(world)

    assert states(keeping) == ["set", "fired"]
    assert states(keeping, "ana") == ["set", "removed"]


async def test_what_reminders_refuse(world: World, keeping: Keeping, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "MAX_REMINDERS", 1)
    room = await world.room("bo")

    with pytest.raises(ConversationNotFound):
        await keeping.remind("eve", room, in_an_hour(world))
    with pytest.raises(MessageNotFound):
        await keeping.remind("bo", room, in_an_hour(world), 1)
    reminder = await keeping.remind("bo", room, in_an_hour(world))
    with pytest.raises(TooManyReminders):
        await keeping.remind("bo", room, in_an_hour(world))
    with pytest.raises(ReminderNotFound):
        await keeping.end_reminder("ana", reminder)

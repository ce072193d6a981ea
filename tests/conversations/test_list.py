"""The list of conversations, and who it is for."""

from pathlib import Path

import pytest

from amana.conversations.errors import ConversationNotFound
from amana.conversations.following import Following
from amana.kernel.entropy import SeededEntropy
from amana.kernel.ids import Seq
from amana.storage.database import Database
from tests.conversations.world import SINCE_JOINING, World
from tests.support.clock import FakeClock


async def test_the_newest_conversation_comes_first(world: World) -> None:
    rooms = []
    for _ in range(3):
        rooms.append(await world.room("bo"))
        world.clock.advance(seconds=1)
    await world.say("bo", rooms[0], "news")

    listed = [line.conversation_id for line in await world.list_of("ana")]

    assert listed == [rooms[0], rooms[2], rooms[1]]


async def test_the_last_message_is_the_newest_that_the_reader_may_see(world: World) -> None:
    room = await world.room(history=SINCE_JOINING)
    await world.say("ana", room, "before")
    await world.add("ana", room, "bo")
    assert (await world.line("bo", room))["last"] is None

    sent = await world.say("ana", room, "after")
    for number in range(30):
        await world.edit("ana", room, sent.seq, f"edit {number}")

    assert (await world.line("bo", room))["last"]["content"]["text"] == "edit 29"


async def test_the_last_message_may_be_an_old_one_that_came_late(world: World) -> None:
    room = await world.room("bo")
    client_id = world.client_id()
    world.clock.advance(days=40)
    await world.say("ana", room, "now")
    await world.say("bo", room, "written under way", client_id=client_id)
    await world.rename("ana", room, "Bridge 2")
    assert (await world.line("ana", room))["last"]["content"]["text"] == "written under way"

    await world.say("ana", room, "after that")

    assert (await world.line("ana", room))["last"]["content"]["text"] == "after that"


async def test_another_organisation_sees_nothing(
    world: World, database: Database, clock: FakeClock, key_folder: Path
) -> None:
    room = await world.room("bo")
    await world.say("ana", room)
    other = await World(database, clock, SeededEntropy(4)).start(key_folder)
    stranger = other["ana"]

    async with database.read(other.org_id) as tx:
        with pytest.raises(ConversationNotFound):
            await other.pages.page(tx, stranger, room, before=None, limit=10)
        # Even a query that forgot who asks finds no row of another organisation.
        for table in ("conversation", "member", "membership", "user_conversation", "message_state"):
            assert await tx.value(f"SELECT count(*) FROM {table}") == 0
    with pytest.raises(ConversationNotFound):
        await other.say("ana", room)


async def test_followers_resume_after_what_they_have(world: World) -> None:
    room = await world.room("bo")
    for number in range(10):
        await world.say("ana", room, f"{number}")
    following = Following(world.database, world.desk, world.pages)

    some = await following.missed(world["bo"], room, after=Seq(8), limit=100)
    newest = await following.missed(world["bo"], room, after=Seq(0), limit=4)
    nothing = await following.missed(world["bo"], room, after=Seq(11), limit=100)

    assert some is not None
    assert newest is not None
    assert nothing is not None
    assert (some.first, some.last, some.limited) == (9, 11, False)
    assert (newest.first, newest.last, newest.limited) == (8, 11, True)
    assert (nothing.first, nothing.last, nothing.frames) == (12, 11, ())
    assert await following.missed(world["eve"], room, after=Seq(0), limit=4) is None
    assert await following.find(world["eve"], room) is None
    assert [followed.seq for followed in await following.all_of(world["bo"])] == [11]


async def test_followers_get_nothing_from_before_they_may_see(world: World) -> None:
    room = await world.room(history=SINCE_JOINING)
    await world.say("ana", room, "before")
    await world.add("ana", room, "bo")
    following = Following(world.database, world.desk, world.pages)

    missed = await following.missed(world["bo"], room, after=Seq(0), limit=100)

    assert missed is not None
    assert (missed.first, missed.last) == (3, 3)
    assert b"before" not in b"".join(missed.frames)

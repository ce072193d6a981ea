"""The list of conversations, and who it is for."""

from pathlib import Path
from typing import Any

import pytest

from amana.conversations.errors import ConversationNotFound
from amana.conversations.following import Following
from amana.conversations.private.places.service import Move
from amana.events.following import Missed, RangeBlob
from amana.kernel.entropy import SeededEntropy
from amana.kernel.ids import Seq
from amana.storage.database import Database
from tests.conversations.test_hot_path import counted
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


async def test_a_list_in_parts_has_every_conversation_once(world: World) -> None:
    rooms = [await world.room("bo") for _ in range(7)]  # made in the same moment
    for number, room in enumerate(rooms[:4]):
        world.clock.advance(seconds=number % 2)
        await world.say("bo", room)
    whole = [line.conversation_id for line in await world.list_of("ana")]

    parts: list[list[Any]] = []
    after = None
    async with world.database.read(world.org_id) as tx:
        while not parts or after is not None:
            part = await world.summaries.window(tx, world["ana"], after=after, limit=3)
            parts.append([line.conversation_id for line in part.lines])
            after = part.next

    assert [len(part) for part in parts] == [3, 3, 1]
    assert [room for part in parts for room in part] == whole
    assert sorted(whole) == sorted(rooms)


async def test_what_is_kept_on_top_comes_with_the_first_part(world: World) -> None:
    rooms = []
    for _ in range(4):
        rooms.append(await world.room("bo"))
        world.clock.advance(seconds=1)
    async with world.database.write(world.org_id) as tx:
        await world.domain.private.places.move(tx, world["ana"], rooms[0], Move(pinned=True))

    async with world.database.read(world.org_id) as tx:
        first = await world.summaries.window(tx, world["ana"], after=None, limit=2)
        second = await world.summaries.window(tx, world["ana"], after=first.next, limit=2)

    assert [line.conversation_id for line in first.lines] == [rooms[3], rooms[2], rooms[0]]
    assert [line.conversation_id for line in second.lines] == [rooms[1], rooms[0]]


async def test_ranges_of_many_conversations_are_read_in_as_many_statements_as_of_one(world: World) -> None:
    rooms = [await world.room("bo") for _ in range(12)]
    secret = await world.room()
    for room in [*rooms, secret]:
        await world.say("ana", room, "one")
        await world.say("ana", room, "two")
    following = Following(world.database, world.desk, world.pages)
    bo = world["bo"].user_id
    wanted = [(bo, Missed(room, Seq(place % 4))) for place, room in enumerate([*rooms, secret])]

    with counted() as one:
        await following.missed(world.org_id, wanted[:1], limit=100)
    with counted() as many:
        found = await following.missed(world.org_id, wanted, limit=100)

    assert len(many) == len(one)
    assert found[-1] is None
    for (_, missed), blob in zip(wanted, found[:-1], strict=False):
        assert blob is not None
        assert (blob.first, blob.last) == (missed.after + 1, 3)
        seqs = range(missed.after + 1, 4)
        assert [b'"one"' in frame for frame in blob.frames] == [seq == 2 for seq in seqs]


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

    async def missed(name: str, *, after: int, limit: int) -> RangeBlob | None:
        wanted = [(world[name].user_id, Missed(room, Seq(after)))]
        (found,) = await following.missed(world.org_id, wanted, limit=limit)
        return found

    some = await missed("bo", after=8, limit=100)
    newest = await missed("bo", after=0, limit=4)
    nothing = await missed("bo", after=11, limit=100)

    assert some is not None
    assert newest is not None
    assert nothing is not None
    assert (some.first, some.last, some.limited) == (9, 11, False)
    assert (newest.first, newest.last, newest.limited) == (8, 11, True)
    assert (nothing.first, nothing.last, nothing.frames) == (12, 11, ())
    assert await missed("eve", after=0, limit=4) is None
    assert await following.find(world["eve"], room) is None
    assert [followed.seq for followed in await following.all_of(world["bo"])] == [11]


async def test_followers_get_nothing_from_before_they_may_see(world: World) -> None:
    room = await world.room(history=SINCE_JOINING)
    await world.say("ana", room, "before")
    await world.add("ana", room, "bo")
    following = Following(world.database, world.desk, world.pages)

    wanted = [(world["bo"].user_id, Missed(room, Seq(0)))]
    (missed,) = await following.missed(world.org_id, wanted, limit=100)

    assert missed is not None
    assert (missed.first, missed.last) == (3, 3)
    assert b"before" not in b"".join(missed.frames)

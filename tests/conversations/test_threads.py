"""Threads: answers under a message, who follows them, what they have not read."""

import pytest

from amana.conversations.errors import MessageNotFound
from amana.conversations.threads.errors import ThreadInvalid, ThreadsOff
from amana.events.errors import ClientIdReused
from amana.events.model import Appended
from amana.kernel.ids import ConversationId
from tests.conversations import naming
from tests.conversations.test_hot_path import counted
from tests.conversations.world import SINCE_JOINING, World, texts
from tests.vault.room import Intruder


async def begun(world: World, *members: str) -> tuple[ConversationId, Appended]:
    """A room with a message of *ana*."""
    room = await naming.threaded(world, *members)
    return room, await world.say("ana", room, "Who brings the ladder?")


async def test_answers_stand_under_their_message_and_not_in_the_stream(world: World) -> None:
    room, root = await begun(world, "bo")

    first = await naming.say(world, "bo", room, "I do", thread=root.seq)
    second = await naming.say(world, "ana", room, "Thanks", thread=root.seq)

    assert texts(await world.page("bo", room)) == ["Who brings the ladder?"]
    page = await naming.thread(world, "bo", room, root.seq)
    assert texts(page) == ["I do", "Thanks"]
    assert page["entries"][0]["content"]["thread"] == root.seq
    assert page["root"]["thread"] == {
        "replies": 2,
        "last_seq": second.seq,
        "last_ts": second.ts_ms,
        "participants": [str(world["ana"].user_id), str(world["bo"].user_id)],
        "following": True,
        "read_no": 1,
    }
    assert (await world.events("ana", room))[-2]["target"] == root.seq
    assert (await world.line("bo", room))["last"]["seq"] == root.seq
    assert first.msg_no == root.msg_no, "it does not count as unread for the room"


async def test_at_most_three_faces_stand_beside_a_thread(world: World) -> None:
    for name in ("kim", "lea", "max"):
        await world.person(name)
    room, root = await begun(world, "bo", "kim", "lea", "max")
    for name in ("bo", "kim", "lea", "bo", "max"):
        await naming.say(world, name, room, thread=root.seq)

    faces = (await naming.info(world, "ana", room, root.seq))["participants"]

    assert faces == [str(world[name].user_id) for name in ("max", "bo", "lea")]


async def test_who_wrote_answered_or_is_named_follows(world: World) -> None:
    await world.person("kim")
    await world.person("lea")
    room = await naming.threaded(world, "bo", "eve", "kim", "lea")
    root = await naming.name(world, "ana", room, "kim")
    await naming.say(world, "bo", room, thread=root.seq)
    await naming.name(world, "bo", room, "eve", thread=root.seq)

    unread = {}
    for name in ("ana", "bo", "eve", "kim", "lea"):
        info = await naming.info(world, name, room, root.seq)
        unread[name] = info["replies"] - info["read_no"] if info["following"] else None

    assert unread == {"ana": 2, "bo": 0, "eve": 1, "kim": 2, "lea": None}


async def test_a_reply_writes_nothing_for_those_who_follow(world: World) -> None:
    room, root = await begun(world, "bo", "eve")
    for name in ("bo", "eve", "ana"):
        await naming.say(world, name, room, thread=root.seq)
    before = {name: len(world.heard.users[world[name].user_id]) for name in ("ana", "eve")}

    await naming.say(world, "bo", room, thread=root.seq)

    assert {name: len(world.heard.users[world[name].user_id]) for name in ("ana", "eve")} == before
    assert await naming.followed(world, "eve") == ([root.seq], 1)


async def test_read_answers_are_not_unread(world: World) -> None:
    room, root = await begun(world, "bo")
    first = await naming.say(world, "bo", room, "one", thread=root.seq)
    await naming.say(world, "bo", room, "two", thread=root.seq)

    await naming.read_thread(world, "ana", room, root.seq, first.seq)
    half = await naming.info(world, "ana", room, root.seq)
    await naming.read_thread(world, "ana", room, root.seq, 10_000)
    await naming.read_thread(world, "ana", room, root.seq, 1)

    assert half["read_no"] == 1
    assert (await naming.info(world, "ana", room, root.seq))["read_no"] == 2
    assert await naming.followed(world, "ana") == ([root.seq], 0)


async def test_who_chose_not_to_follow_does_until_named_or_answering(world: World) -> None:
    room, root = await begun(world, "bo")
    await naming.say(world, "bo", room, thread=root.seq)

    await naming.follow(world, "ana", room, root.seq, following=False)
    await naming.say(world, "bo", room, thread=root.seq)
    without = await naming.followed(world, "ana")
    await naming.name(world, "bo", room, "ana", thread=root.seq)
    named = await naming.info(world, "ana", room, root.seq)

    assert without == ([], 0)
    assert (named["following"], named["replies"] - named["read_no"]) == (True, 1)


async def test_an_author_who_wants_no_answers_is_left_in_peace(world: World) -> None:
    room, root = await begun(world, "bo")
    await naming.follow(world, "ana", room, root.seq, following=True)
    await naming.follow(world, "ana", room, root.seq, following=False)

    await naming.say(world, "bo", room, thread=root.seq)

    assert (await naming.info(world, "ana", room, root.seq))["following"] is False


async def test_a_thread_can_be_followed_before_it_begins(world: World) -> None:
    room, root = await begun(world, "bo", "eve")

    await naming.follow(world, "eve", room, root.seq, following=True)
    await naming.say(world, "bo", room, thread=root.seq)

    info = await naming.info(world, "eve", room, root.seq)
    assert (info["following"], info["replies"], info["read_no"]) == (True, 1, 0)


async def test_a_thread_goes_on_when_its_message_is_removed(world: World) -> None:
    room, root = await begun(world, "bo")
    await naming.say(world, "bo", room, "first", thread=root.seq)
    await world.remove("ana", room, root.seq)

    await naming.say(world, "bo", room, "second", thread=root.seq)

    page = await naming.thread(world, "ana", room, root.seq)
    assert page["root"]["removed"] is not None
    assert page["root"]["thread"]["replies"] == 2
    assert texts(page) == ["first", "second"]


async def test_no_thread_begins_under_what_is_no_message_to_answer(world: World) -> None:
    room, root = await begun(world, "bo")
    reply = await naming.say(world, "bo", room, thread=root.seq)
    gone = await world.say("ana", room)
    await world.remove("ana", room, gone.seq)
    erased = await world.say("bo", room)
    await world.erase_author(room, "bo")

    for seq in (1, reply.seq, gone.seq, erased.seq, 10_000):
        with pytest.raises(ThreadInvalid):
            await naming.say(world, "ana", room, thread=seq)


async def test_a_room_of_quotes_has_no_threads(world: World) -> None:
    room = await world.room("bo")
    root = await world.say("ana", room)

    with pytest.raises(ThreadsOff):
        await naming.say(world, "bo", room, thread=root.seq)


async def test_a_retry_meets_its_answer_and_only_as_the_same(world: World) -> None:
    room, root = await begun(world, "bo")
    key = world.client_id()
    first = await naming.say(world, "bo", room, "Yes", thread=root.seq, client_id=key)

    again = await naming.say(world, "bo", room, "Yes", thread=root.seq, client_id=key)

    assert (again.seq, again.fresh) == (first.seq, False)
    assert (await naming.info(world, "ana", room, root.seq))["replies"] == 1
    with pytest.raises(ClientIdReused):
        await naming.say(world, "bo", room, "Yes", client_id=key)


async def test_an_edited_or_removed_answer_keeps_its_place(world: World) -> None:
    room, root = await begun(world, "bo")
    first = await naming.say(world, "bo", room, "wrong", thread=root.seq)
    second = await naming.say(world, "bo", room, "gone", thread=root.seq)

    await world.edit("bo", room, first.seq, "right")
    await world.remove("bo", room, second.seq)

    page = await naming.thread(world, "ana", room, root.seq)
    assert texts(page) == ["right", None]
    assert page["entries"][0]["content"]["thread"] == root.seq
    assert page["root"]["thread"]["replies"] == 2
    assert texts(await world.page("ana", room)) == ["Who brings the ladder?"]


async def test_an_erased_answer_stays_in_its_thread_for_those_who_catch_up(world: World) -> None:
    room, root = await begun(world, "bo")
    await naming.say(world, "bo", room, "secret", thread=root.seq)

    await world.erase_author(room, "bo")

    frame = next(one for one in await world.events("ana", room) if one.get("why") == "erased")
    assert (frame["target"], frame["content"]) == (root.seq, None)
    (entry,) = (await naming.thread(world, "ana", room, root.seq))["entries"]
    assert entry["unreadable"] == "erased"


async def test_who_came_later_sees_the_answers_since_and_may_answer(world: World) -> None:
    room = await naming.threaded(world, "bo", history=SINCE_JOINING)
    root = await world.say("ana", room)
    await naming.say(world, "bo", room, "before", thread=root.seq)
    await world.add("ana", room, "eve")
    with pytest.raises(MessageNotFound):
        await naming.thread(world, "eve", room, root.seq)
    with pytest.raises(ThreadInvalid):
        await naming.say(world, "eve", room, thread=root.seq)

    await naming.name(world, "bo", room, "eve", thread=root.seq)
    await naming.say(world, "eve", room, "Here I am", thread=root.seq)

    page = await naming.thread(world, "eve", room, root.seq)
    assert page["root"] is None
    assert texts(page) == ["@Eve please", "Here I am"]
    assert await naming.unread(world, "eve", room) == []


async def test_a_thread_is_read_in_pages(world: World) -> None:
    room, root = await begun(world, "bo")
    sent = [await naming.say(world, "bo", room, f"{number}", thread=root.seq) for number in range(5)]

    last = await naming.thread(world, "ana", room, root.seq, limit=2)
    middle = await naming.thread(world, "ana", room, root.seq, before=sent[3].seq, limit=2)
    first = await naming.thread(world, "ana", room, root.seq, before=sent[1].seq, limit=2)

    assert [texts(page) for page in (first, middle, last)] == [["0"], ["1", "2"], ["3", "4"]]
    assert [page["more"] for page in (first, middle, last)] == [False, True, True]


async def test_a_page_costs_one_statement_more_for_all_its_threads(world: World) -> None:
    room = await naming.threaded(world, "bo")
    for _ in range(10):
        root = await world.say("ana", room)
        await naming.say(world, "bo", room, thread=root.seq)
    await world.page("bo", room)

    with counted() as short:
        await world.page("bo", room, limit=1)
    with counted() as long:
        await world.page("bo", room, limit=10)

    assert len(long) == len(short)


async def test_whoever_leaves_follows_nothing_any_more(world: World) -> None:
    room, root = await begun(world, "bo")
    await naming.name(world, "ana", room, "bo", thread=root.seq)

    await world.take_out("ana", room, "bo")

    async with world.database.read(world.org_id) as tx:
        rows = await tx.all(
            """
            SELECT user_id FROM thread_follow WHERE user_id = :bo UNION ALL
            SELECT user_id FROM mention WHERE user_id = :bo
            """,
            bo=world["bo"].user_id,
        )
    assert rows == []


@pytest.mark.parametrize("way", ["out of its thread", "into a thread"])
async def test_an_answer_that_was_moved_in_the_database_is_noticed(
    world: World, database_dsn: str, way: str
) -> None:
    room, root = await begun(world, "bo")
    answer = await naming.say(world, "bo", room, "I do", thread=root.seq)
    other = await world.say("bo", room, "Me too")
    seq, target = (answer.seq, None) if way == "out of its thread" else (other.seq, root.seq)
    await Intruder(database_dsn).run(
        "UPDATE event SET target_seq = $2 WHERE conversation_id = $1 AND seq = $3", room, target, seq
    )

    entry = await world.entry("ana", room, seq)
    frame = next(one for one in await world.events("ana", room) if one["seq"] == seq)

    assert (entry["content"], entry["unreadable"]) == (None, "damaged")
    assert (frame["content"], frame["why"]) == (None, "damaged")

"""Names in messages: who may be named, who is told, what each person has not seen."""

import pytest

from amana.conversations.mentions.errors import (
    MentionAllMisplaced,
    MentionAllRestricted,
    MentionCountChanged,
    MentionInvalid,
    MentionNotMember,
    TooManyMentions,
)
from amana.conversations.mentions.model import MAX_NAMED, MAX_TOLD, Naming
from amana.kernel.ids import UserId
from tests.conversations import naming
from tests.conversations.naming import EVERYBODY, at, named_in, told, unread
from tests.conversations.test_hot_path import counted
from tests.conversations.world import SINCE_JOINING, World


async def test_whoever_is_named_is_told_once_and_finds_it_in_a_list(world: World) -> None:
    room = await world.room("bo", "eve")

    sent = await naming.say(world, "ana", room, "*@Bo* and @Bo again", mentions=at(world, "bo", "bo"))

    assert told(world, "bo") == [(sent.seq, "new")]
    assert told(world, "eve") == told(world, "ana") == []
    assert await unread(world, "bo", room) == [sent.seq]
    assert await named_in(world, "bo") == [sent.seq]
    user = str(world["bo"].user_id)
    content = (await world.entry("bo", room, sent.seq))["content"]
    assert content["mentions"] == [{"text": "@Bo", "user_id": user}] * 2
    name = {"t": "mention", "text": "@Bo", "user_id": user}
    assert content["spans"][0]["spans"] == [
        {"t": "b", "spans": [name]},
        {"t": "text", "text": " and "},
        name,
        {"t": "text", "text": " again"},
    ]


async def test_nothing_that_is_said_stands_beside_the_seal(world: World) -> None:
    room = await world.room("bo")
    await naming.say(world, "ana", room, "@Bo Geheimnis", mentions=at(world, "bo"))

    async with world.database.read(world.org_id) as tx:
        rows = [*await tx.all("SELECT * FROM mention"), *await tx.all("SELECT body FROM user_event")]

    assert rows != []
    assert all("Bo" not in str(dict(row)) and "Geheimnis" not in str(dict(row)) for row in rows)


async def test_reading_that_far_is_enough(world: World) -> None:
    room = await world.room("bo")
    first = await naming.name(world, "ana", room, "bo")
    second = await naming.name(world, "ana", room, "bo")

    await world.read("bo", room, first.seq)
    after = await unread(world, "bo", room)
    await world.say("bo", room)

    assert after == [second.seq]
    assert await unread(world, "bo", room) == []
    assert await named_in(world, "bo") == [second.seq, first.seq]


async def test_only_members_can_be_named_and_the_refusal_says_who_is_not(world: World) -> None:
    room = await world.room("bo")
    unknown = UserId(world.ids.new())
    namings = (*at(world, "eve", "bo"), Naming("@Nobody", unknown))

    with pytest.raises(MentionNotMember) as refused:
        await naming.say(world, "ana", room, "@Eve @Bo @Nobody", mentions=namings)

    assert refused.value.fields["user_ids"] == sorted([str(world["eve"].user_id), str(unknown)])
    assert told(world, "bo") == []


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("Hello", ["@Bo"]),
        ("@Bo", ["@Bo", "@Bo"]),
        ("@Bo", [""]),
        ("Bo", ["Bo"]),
        ("@Eve @Bo", ["@Bo", "@Eve"]),
    ],
)
async def test_a_name_stands_in_the_text_in_its_order(world: World, text: str, labels: list[str]) -> None:
    room = await world.room("bo")
    namings = tuple(Naming(label, world["bo"].user_id) for label in labels)

    with pytest.raises(MentionInvalid):
        await naming.say(world, "ana", room, text, mentions=namings)


async def test_whoever_means_more_people_calls_everybody(world: World) -> None:
    room = await world.room("bo")
    with pytest.raises(TooManyMentions):
        await naming.say(world, "ana", room, "@Bo" * 60, mentions=at(world, *["bo"] * (MAX_NAMED + 1)))


async def test_an_edit_tells_whom_it_names_and_nobody_twice(world: World) -> None:
    room = await world.room("bo", "eve")
    sent = await naming.name(world, "ana", room, "bo")

    named = await naming.edit(world, "ana", room, sent.seq, "@Eve", at(world, "eve"))
    only_eve = (await unread(world, "bo", room), await unread(world, "eve", room))
    await naming.edit(world, "ana", room, sent.seq, "@Eve @Bo", at(world, "eve", "bo"))

    assert only_eve == ([], [sent.seq])
    assert told(world, "eve") == [(sent.seq, "new")]
    assert told(world, "bo") == [(sent.seq, "new"), (sent.seq, "gone"), (sent.seq, "again")]
    assert await unread(world, "bo", room) == [sent.seq]
    (line,) = (await world.line("eve", room))["mentions"]
    assert line == {"seq": sent.seq, "at": named.seq, "thread": None, "everyone": False}


async def test_an_edit_that_says_nothing_of_names_keeps_those_in_the_text(world: World) -> None:
    room = await world.room("bo", "eve")
    sent = await naming.name(world, "ana", room, "bo", "eve")

    await naming.edit(world, "ana", room, sent.seq, "Dear @Eve!")

    content = (await world.entry("eve", room, sent.seq))["content"]
    assert content["mentions"] == [{"text": "@Eve", "user_id": str(world["eve"].user_id)}]
    assert (await unread(world, "bo", room), await unread(world, "eve", room)) == ([], [sent.seq])
    assert told(world, "eve") == [(sent.seq, "new")]


async def test_an_edit_names_members_only(world: World) -> None:
    room = await world.room("bo")
    sent = await naming.name(world, "ana", room, "bo")
    await world.take_out("ana", room, "bo")

    await naming.edit(world, "ana", room, sent.seq, "@Bo was here", at(world, "bo"))
    with pytest.raises(MentionNotMember):
        await naming.edit(world, "ana", room, sent.seq, "@Eve", at(world, "eve"))


async def test_nobody_is_told_of_a_message_they_cannot_see(world: World) -> None:
    room = await world.room("bo", history=SINCE_JOINING)
    sent = await world.say("ana", room)
    await world.add("ana", room, "eve")

    await naming.edit(world, "ana", room, sent.seq, "@Eve", at(world, "eve"))

    assert told(world, "eve") == []
    assert await unread(world, "eve", room) == await named_in(world, "eve") == []


async def test_a_removed_message_names_nobody(world: World) -> None:
    room = await world.room("bo", "eve")
    sent = await naming.name(world, "ana", room, "bo", "eve")
    await world.read("eve", room, sent.seq)

    await world.remove("ana", room, sent.seq)

    assert told(world, "bo") == [(sent.seq, "new"), (sent.seq, "gone")]
    assert told(world, "eve") == [(sent.seq, "new")], "it changes nothing for who has read it"
    assert (
        await unread(world, "bo", room) == await named_in(world, "bo") == await named_in(world, "eve") == []
    )


@pytest.mark.parametrize("way", ["retention", "person"])
async def test_an_erased_message_names_nobody(world: World, way: str) -> None:
    room = await world.room("bo")
    sent = await naming.name(world, "ana", room, "bo")
    await naming.say(world, "ana", room, "@all", mentions=(EVERYBODY,), everyone=1)

    if way == "retention":
        await world.erase_older(room, hours=0)
    else:
        await world.erase_author(room, "ana")

    assert await unread(world, "bo", room) == await named_in(world, "bo") == []
    assert (sent.seq, "gone") in told(world, "bo")
    async with world.database.read(world.org_id) as tx:
        assert await tx.all("SELECT seq FROM mention UNION ALL SELECT seq FROM mention_all") == []


async def test_calling_everybody_says_first_how_many_that_is(world: World) -> None:
    room = await world.room("bo", "eve")

    for shown in (None, 0, 1):
        with pytest.raises(MentionCountChanged) as refused:
            await naming.say(world, "ana", room, "@all", mentions=(EVERYBODY,), everyone=shown)
        assert refused.value.fields["count"] == 2
    sent = await naming.say(world, "ana", room, "@all come", mentions=(EVERYBODY,), everyone=2)
    more = await naming.say(world, "ana", room, "come", everyone=5)

    assert told(world, "bo") == [(sent.seq, "new"), (more.seq, "new")]
    assert told(world, "ana") == []
    content = (await world.entry("bo", room, sent.seq))["content"]
    assert content["everyone"] is True
    assert content["spans"][0]["spans"][0] == {"t": "mention", "text": "@all"}


async def test_a_room_may_leave_calling_everybody_to_its_owners(world: World) -> None:
    room = await world.room("bo")
    await naming.let(world, room, mention_all="owners")

    with pytest.raises(MentionAllRestricted):
        await naming.say(world, "bo", room, "@all", everyone=1)
    await naming.say(world, "ana", room, "@all", everyone=1)

    assert len(told(world, "bo")) == 1


async def test_nobody_calls_everybody_in_a_thread_or_by_an_edit(world: World) -> None:
    room = await naming.threaded(world, "bo")
    sent = await world.say("ana", room)

    with pytest.raises(MentionAllMisplaced):
        await naming.say(world, "ana", room, "@all", thread=sent.seq, everyone=1)
    with pytest.raises(MentionAllMisplaced):
        await naming.edit(world, "ana", room, sent.seq, "@all", (EVERYBODY,))


async def test_everybody_can_be_let_off_and_one_still_named(world: World) -> None:
    room = await world.room("bo", "eve")
    sent = await naming.say(world, "ana", room, "@all", mentions=(EVERYBODY,), everyone=2)

    await naming.edit(world, "ana", room, sent.seq, "@Bo", at(world, "bo"))

    assert await unread(world, "eve", room) == []
    assert await unread(world, "bo", room) == [sent.seq]
    assert told(world, "bo") == [(sent.seq, "new"), (sent.seq, "again")]


async def test_a_large_room_gets_one_row_for_all(world: World) -> None:
    people = [f"p{number}" for number in range(MAX_TOLD)]
    for name in people:
        await world.person(name)
    room = await world.room(*people)
    first = await naming.say(world, "ana", room, "@all", everyone=MAX_TOLD)
    both = await naming.say(
        world, "ana", room, "@P7 @all", mentions=(*at(world, "p7"), EVERYBODY), everyone=MAX_TOLD
    )

    async with world.database.read(world.org_id) as tx:
        assert await tx.value("SELECT count(*) FROM mention") == 1
    assert await unread(world, "p3", room) == await unread(world, "p7", room) == [first.seq, both.seq]
    assert await unread(world, "ana", room) == []
    assert (told(world, "p3"), told(world, "p7")) == ([], [(both.seq, "new")])
    assert await named_in(world, "p3") == [both.seq, first.seq]
    await naming.edit(world, "ana", room, both.seq, "quiet", ())
    await world.remove("ana", room, first.seq)
    assert await unread(world, "p3", room) == await unread(world, "p7", room) == []


async def test_a_name_in_a_thread_waits_until_the_thread_is_read(world: World) -> None:
    room = await naming.threaded(world, "bo")
    root = await world.say("ana", room)
    sent = await naming.name(world, "ana", room, "bo", thread=root.seq)

    await world.read("bo", room, sent.seq)
    before = (await world.line("bo", room))["mentions"]
    await naming.read_thread(world, "bo", room, root.seq, sent.seq)

    assert before == [{"seq": sent.seq, "at": sent.seq, "thread": root.seq, "everyone": False}]
    assert await unread(world, "bo", room) == []


async def test_an_edit_of_an_answer_lets_whom_it_names_follow(world: World) -> None:
    room = await naming.threaded(world, "bo", "eve")
    root = await world.say("ana", room)
    sent = await naming.say(world, "bo", room, thread=root.seq)

    await naming.edit(world, "bo", room, sent.seq, "@Eve", at(world, "eve"))

    assert await naming.followed(world, "eve") == ([root.seq], 0)
    assert await unread(world, "eve", room) == [sent.seq]


async def test_a_list_costs_the_same_with_names_in_it(world: World) -> None:
    room = await world.room("bo")
    await world.say("ana", room)
    await world.list_of("bo")
    with counted() as short:
        await world.list_of("bo")
    for _ in range(5):
        await naming.name(world, "ana", room, "bo")

    with counted() as long:
        await world.list_of("bo")

    assert len(long) == len(short)

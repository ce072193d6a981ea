"""Reactions: counted without being known, several for each person, and gone with their message."""

import pytest

from amana.conversations.errors import (
    ConversationNotFound,
    MessageErased,
    MessageNotFound,
    MessageRemoved,
)
from amana.conversations.reactions import ending, model
from amana.conversations.reactions.errors import EmojiInvalid, ReactionNotFound, TooManyReactions
from amana.conversations.reactions.model import check_emoji
from amana.events.errors import ClientIdReused
from tests.conversations.marking import chips, react, reactors, unreact
from tests.conversations.test_hot_path import counted
from tests.conversations.world import SINCE_JOINING, World
from tests.vault.room import Intruder


@pytest.fixture
def intruder(database_dsn: str) -> Intruder:
    return Intruder(database_dsn)


async def test_everybody_sees_how_many_chose_what_and_whether_they_did(world: World) -> None:
    room = await world.room("bo", "eve")
    sent = await world.say("ana", room)

    first = await react(world, "bo", room, sent.seq, "❤")
    await react(world, "ana", room, sent.seq, "👍🏽")
    await react(world, "eve", room, sent.seq, "❤️")
    await react(world, "bo", room, sent.seq, "👍🏽")

    entry = await world.entry("eve", room, sent.seq)
    assert chips(entry) == [("❤️", 2, True), ("👍🏽", 2, False)]
    assert entry["reactions"][0]["since"] == first.seq
    page = await world.page("ana", room)
    assert chips(page["entries"][-1]) == [("❤️", 2, False), ("👍🏽", 2, True)]
    who = await reactors(world, "ana", room, sent.seq, first.seq)
    assert [one.user_id for one in who] == [world["bo"].user_id, world["eve"].user_id]


async def test_a_reaction_is_no_entry_and_not_unread(world: World) -> None:
    room = await world.room("bo")
    sent = await world.say("ana", room)
    before = await world.line("bo", room)

    await react(world, "ana", room, sent.seq)

    line = await world.line("bo", room)
    assert (line["msg_no"], line["last"]["seq"]) == (before["msg_no"], sent.seq)
    assert [entry["seq"] for entry in (await world.page("bo", room))["entries"]][-1] == sent.seq


async def test_reacting_twice_is_once_and_a_retry_gets_the_first_answer(world: World) -> None:
    room = await world.room("bo")
    sent = await world.say("ana", room)
    client_id = world.client_id()

    first = await react(world, "bo", room, sent.seq, client_id=client_id)
    retry = await react(world, "bo", room, sent.seq, client_id=client_id)
    again = await react(world, "bo", room, sent.seq)

    assert (retry.seq, again.seq) == (first.seq, first.seq)
    assert chips(await world.entry("bo", room, sent.seq)) == [("👍", 1, True)]
    with pytest.raises(ClientIdReused):
        await react(world, "bo", room, sent.seq, "🎉", client_id=client_id)
    with pytest.raises(ClientIdReused):
        await unreact(world, "bo", room, sent.seq, client_id=client_id)


async def test_taking_it_back_leaves_the_others_and_is_not_readable(world: World) -> None:
    room = await world.room("bo", "eve")
    sent = await world.say("ana", room)
    first = await react(world, "bo", room, sent.seq)
    await react(world, "eve", room, sent.seq)
    client_id = world.client_id()

    back = await unreact(world, "bo", room, sent.seq, client_id=client_id)

    assert (await unreact(world, "bo", room, sent.seq, client_id=client_id)).seq == back.seq
    entry = await world.entry("bo", room, sent.seq)
    assert (chips(entry), entry["reactions"][0]["since"]) == ([("👍", 1, False)], first.seq)
    frames = {event["seq"]: event for event in await world.events("ana", room)}
    assert (frames[first.seq]["content"], frames[first.seq]["why"]) == (None, "erased")
    assert frames[back.seq]["content"] == {
        "target": sent.seq,
        "since": first.seq,
        "count": 1,
        "user_id": str(world["bo"].user_id),
    }
    with pytest.raises(ReactionNotFound):
        await unreact(world, "bo", room, sent.seq)
    await unreact(world, "eve", room, sent.seq)
    assert chips(await world.entry("bo", room, sent.seq)) == []


async def test_who_may_not_see_a_message_meets_none_of_its_reactions(world: World) -> None:
    room = await world.room("bo", history=SINCE_JOINING)
    hidden = await world.say("ana", room)
    before = await react(world, "bo", room, hidden.seq)
    await world.add("ana", room, "eve")
    shown = await world.say("ana", room)
    await react(world, "bo", room, hidden.seq, "🎉")

    for act in (react, unreact):
        with pytest.raises(MessageNotFound):
            await act(world, "eve", room, hidden.seq)
    with pytest.raises(MessageNotFound):
        await world.entry("eve", room, hidden.seq)
    with pytest.raises(ReactionNotFound):
        await reactors(world, "eve", room, hidden.seq, before.seq)
    await react(world, "eve", room, shown.seq)
    assert all(
        "reactions" not in entry or entry["seq"] == shown.seq
        for entry in (await world.page("eve", room))["entries"]
    )
    assert chips(await world.entry("ana", room, hidden.seq)) == [("👍", 1, False), ("🎉", 1, False)]


async def test_nobody_from_outside_reacts_or_counts(world: World) -> None:
    room = await world.room("bo")
    sent = await world.say("ana", room)
    first = await react(world, "bo", room, sent.seq)

    with pytest.raises(ConversationNotFound):
        await react(world, "eve", room, sent.seq)
    with pytest.raises(ReactionNotFound):
        await reactors(world, "eve", room, sent.seq, first.seq)
    with pytest.raises(MessageNotFound):
        await react(world, "bo", room, first.seq)  # no message


async def test_a_removed_message_takes_its_reactions_along(world: World, intruder: Intruder) -> None:
    room = await world.room("bo")
    sent = await world.say("ana", room)
    other = await world.say("ana", room)
    first = await react(world, "bo", room, sent.seq)
    await react(world, "bo", room, other.seq)

    await world.remove("ana", room, sent.seq)

    assert "reactions" not in await world.entry("bo", room, sent.seq)
    frames = {event["seq"]: event for event in await world.events("bo", room)}
    assert frames[first.seq]["content"] is None
    assert await grounds(intruder, room, first.seq) == [2]
    assert await rows(intruder, room) == [other.seq]
    with pytest.raises(MessageRemoved):
        await react(world, "bo", room, sent.seq)


async def test_an_edit_leaves_the_reactions(world: World) -> None:
    room = await world.room("bo")
    sent = await world.say("ana", room)
    await react(world, "bo", room, sent.seq)

    await world.edit("ana", room, sent.seq, "Other")

    assert chips(await world.entry("ana", room, sent.seq)) == [("👍", 1, False)]


async def test_what_is_erased_leaves_no_reaction_behind(world: World, intruder: Intruder) -> None:
    room = await world.room("bo", "eve")
    old = await world.say("ana", room)
    kept = await react(world, "bo", room, old.seq)
    back = await react(world, "eve", room, old.seq, "🎉")
    await unreact(world, "eve", room, old.seq, "🎉")

    await world.erase_older(room, hours=0)

    assert await grounds(intruder, room, kept.seq) == []
    assert await grounds(intruder, room, back.seq) == []
    assert await rows(intruder, room) == []
    assert "reactions" not in await world.entry("bo", room, old.seq)
    with pytest.raises(MessageErased):
        await react(world, "bo", room, old.seq)


async def test_an_erased_person_has_reacted_to_nothing(world: World, intruder: Intruder) -> None:
    room = await world.room("bo", "eve")
    theirs = await world.say("bo", room)
    sent = await world.say("ana", room)
    on_theirs = await react(world, "ana", room, theirs.seq)
    alone = await react(world, "bo", room, sent.seq, "🎉")
    shared = await react(world, "bo", room, sent.seq)
    left = await react(world, "eve", room, sent.seq)

    await world.erase_author(room, "bo")

    assert chips(await world.entry("ana", room, sent.seq)) == [("👍", 1, False)]
    for gone in (on_theirs, alone, shared):
        assert await grounds(intruder, room, gone.seq) == []
    assert await grounds(intruder, room, left.seq) == [1]
    assert await rows(intruder, room) == [sent.seq]
    told = [event for event in await world.events("eve", room) if event["kind"] == "reaction.removed"]
    assert {event["sender"].replace("-", "") for event in told} == {"0" * 32}
    assert [event["content"]["count"] for event in told] == [0, 1]


async def test_a_message_has_only_so_many_emojis(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    room = await world.room("bo")
    sent = await world.say("ana", room)
    for place in range(model.MAX_EMOJIS):
        await react(world, "bo", room, sent.seq, chr(0x1F600 + place))

    with pytest.raises(TooManyReactions):
        await react(world, "ana", room, sent.seq, "🎉")
    await react(world, "ana", room, sent.seq, chr(0x1F600))

    entry = await world.entry("bo", room, sent.seq)
    assert len(entry["reactions"]) == model.MAX_EMOJIS
    assert entry["reactions"][0]["count"] == 2


@pytest.mark.parametrize(
    ("typed", "counted_as"),
    [
        ("👍", "👍"),
        ("❤", "❤️"),
        ("❤️", "❤️"),
        ("⌚", "⌚"),
        ("⌚\ufe0f", "⌚"),
        ("👍🏽", "👍🏽"),
        ("🇪🇪", "🇪🇪"),
        ("1\u20e3", "1\ufe0f\u20e3"),
        ("🏳‍🌈", "🏳️‍🌈"),
        ("🏃🏽‍♀", "🏃🏽‍♀️"),
        ("👨‍👩‍👧‍👦", "👨‍👩‍👧‍👦"),
        ("👩🏽‍❤‍💋‍👩🏿", "👩🏽‍❤️‍💋‍👩🏿"),
        ("🏴󠁧󠁢󠁥󠁮󠁧󠁿", "🏴󠁧󠁢󠁥󠁮󠁧󠁿"),
        ("☝🏿", "☝🏿"),
        ("\U0001fae8", "\U0001fae8"),
    ],
)
def test_one_emoji_has_one_form(typed: str, counted_as: str) -> None:
    assert check_emoji(typed) == counted_as
    assert check_emoji(counted_as) == counted_as


@pytest.mark.parametrize(
    "typed",
    ["", "a", "ok", "👍👍", "👍 ", "1", "🇪", "\ufe0f", "\u200d", "👍\u200d", "ب", "😀" * 17, "\u20e3"],
)
def test_a_word_is_no_reaction(typed: str) -> None:
    with pytest.raises(EmojiInvalid):
        check_emoji(typed)


async def test_the_database_counts_without_knowing(world: World, intruder: Intruder) -> None:
    room = await world.room("bo")
    one, other = await world.say("ana", room), await world.say("ana", room)
    for sent in (one, other):
        await react(world, "bo", room, sent.seq, "🎉")
        await react(world, "ana", room, sent.seq, "🎉")

    found = await intruder.rows(
        "SELECT seq, token, total FROM reaction_total WHERE conversation_id = $1", room
    )

    assert [row["total"] for row in found] == [2, 2]
    # The same emoji at another message is another token.
    assert len({row["token"] for row in found}) == 2
    assert {len(row["token"]) for row in found} == {16}
    everything = await intruder.rows(
        "SELECT coalesce(string_agg(e.body::text, ''), '') AS all FROM event e WHERE conversation_id = $1",
        room,
    )
    assert "🎉".encode().hex() not in everything[0]["all"]


async def test_a_count_that_was_moved_in_the_database_shows_no_foreign_emoji(
    world: World, intruder: Intruder
) -> None:
    room = await world.room("bo")
    one, other = await world.say("ana", room), await world.say("ana", room)
    await react(world, "bo", room, one.seq, "🎉")

    await intruder.run("UPDATE reaction_total SET seq = $2 WHERE conversation_id = $1", room, other.seq)

    assert [chips(entry) for entry in (await world.page("bo", room))["entries"][-2:]] == [[], []]


async def test_a_page_costs_the_same_however_many_reacted(world: World, intruder: Intruder) -> None:
    room = await world.room("bo")
    sent = await world.say("ana", room)
    await react(world, "bo", room, sent.seq)
    await world.page("ana", room)
    with counted() as few:
        await world.page("ana", room)
    await many(intruder, room, sent.seq, 300)

    with counted() as more:
        page = await world.page("ana", room)

    assert len(more) == len(few)
    assert chips(page["entries"][-1]) == [("👍", 301, False)]


async def test_who_reacted_is_read_in_parts(world: World, intruder: Intruder) -> None:
    room = await world.room("bo")
    sent = await world.say("ana", room)
    first = await react(world, "bo", room, sent.seq)
    await many(intruder, room, sent.seq, 7)

    met: list[int] = []
    while part := await reactors(
        world, "ana", room, sent.seq, first.seq, after=met[-1] if met else 0, limit=3
    ):
        met += [one.event_seq for one in part]

    assert len(met) == len(set(met)) == 8
    assert met == sorted(met)


async def many(intruder: Intruder, room: object, seq: int, count: int) -> None:
    """As many more people as that chose the emoji of the message's only reaction."""
    await intruder.run(
        """
        INSERT INTO reaction (org_id, conversation_id, seq, token, user_id, event_seq, ts)
        SELECT org_id, conversation_id, seq, token, gen_random_uuid(), event_seq + n, ts
          FROM reaction, generate_series(1, $3::int) n WHERE conversation_id = $1 AND seq = $2
        """,
        room,
        seq,
        count,
    )
    await intruder.run(
        "UPDATE reaction_total SET total = total + $3 WHERE conversation_id = $1 AND seq = $2",
        room,
        seq,
        count,
    )


async def grounds(intruder: Intruder, room: object, seq: int) -> list[int]:
    """The grounds on which the content of an event can be opened still."""
    found = await intruder.rows(
        "SELECT ground FROM keyring.wrap WHERE conversation_id = $1 AND seq = $2 ORDER BY ground", room, seq
    )
    return [row["ground"] for row in found]


async def rows(intruder: Intruder, room: object) -> list[int]:
    """The messages that have reactions, as the database counts them."""
    single = await intruder.rows("SELECT seq FROM reaction WHERE conversation_id = $1 ORDER BY seq", room)
    totals = await intruder.rows(
        "SELECT seq FROM reaction_total WHERE conversation_id = $1 ORDER BY seq", room
    )
    assert {row["seq"] for row in single} == {row["seq"] for row in totals}
    return [row["seq"] for row in single]


async def test_a_removal_keeps_traces_of_so_many_reactions_and_ends_the_others(
    world: World, intruder: Intruder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ending, "TRACED", 1)
    room = await world.room("bo")
    sent = await world.say("ana", room)
    places = [(await react(world, name, room, sent.seq)).seq for name in ("bo", "ana")]

    await world.remove("ana", room, sent.seq)

    assert [await grounds(intruder, room, seq) for seq in places] == [[2], []]

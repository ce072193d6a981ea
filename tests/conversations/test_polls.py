"""Named polls: everybody sees who chose what, and the newest vote counts."""

from datetime import timedelta

import pytest

from amana.conversations.errors import ConversationNotFound, MessageNotFound, MessageRemoved
from amana.conversations.forwarding.errors import ForwardingImpossible
from amana.conversations.forwarding.model import ForwardTo
from amana.conversations.polls.errors import (
    ChoiceInvalid,
    MessageIsFixed,
    PollClosed,
    PollNotFound,
    PollOptionsInvalid,
    PollTimeInvalid,
)
from amana.conversations.polls.model import Poll, check_poll
from amana.events.errors import ClientIdReused
from amana.kernel.ids import Seq
from amana.people.errors import NotPermitted
from tests.conversations.test_reactions import grounds
from tests.conversations.voting import ask, close, mine, standing, vote, voters
from tests.conversations.world import SINCE_JOINING, World
from tests.vault.room import Intruder


@pytest.fixture
def intruder(database_dsn: str) -> Intruder:
    return Intruder(database_dsn)


async def test_everybody_sees_how_it_stands_and_the_newest_vote_counts(world: World) -> None:
    room = await world.room("bo", "eve")
    poll = await ask(world, "ana", room)
    assert await standing(world, "bo", room, poll.seq) is None

    await vote(world, "bo", room, poll.seq, 0)
    await vote(world, "eve", room, poll.seq, 2)
    await vote(world, "bo", room, poll.seq, 2)

    assert await standing(world, "bo", room, poll.seq) == (2, [0, 0, 2], [2])
    assert await standing(world, "ana", room, poll.seq) == (2, [0, 0, 2], [])
    assert (await mine(world, "bo", room, poll.seq)).choices == [2]
    assert not (await mine(world, "ana", room, poll.seq)).voted
    listed = await voters(world, "ana", room, poll.seq)
    assert [(one.user_id, one.choices) for one in listed] == [
        (world["eve"].user_id, [2]),
        (world["bo"].user_id, [2]),
    ]


async def test_a_vote_is_taken_back_and_what_it_was_is_not_readable(world: World, intruder: Intruder) -> None:
    room = await world.room("bo")
    poll = await ask(world, "ana", room, multiple=True)
    await vote(world, "bo", room, poll.seq, 2, 0, 2)
    assert await standing(world, "bo", room, poll.seq) == (1, [1, 0, 1], [0, 2])

    await vote(world, "bo", room, poll.seq)

    assert await standing(world, "bo", room, poll.seq) == (0, [0, 0, 0], [])
    told = [event for event in await world.events("ana", room) if event["kind"] == "poll.voted"]
    assert [event["content"] and event["content"]["choices"] for event in told] == [None, []]
    assert await grounds(intruder, room, told[0]["seq"]) == [2]


async def test_a_retry_votes_once(world: World) -> None:
    room = await world.room("bo")
    poll, other = await ask(world, "ana", room), await ask(world, "ana", room)
    client_id = world.client_id()

    await vote(world, "bo", room, poll.seq, 1, client_id=client_id)
    await vote(world, "bo", room, poll.seq, 1, client_id=client_id)
    await vote(world, "bo", room, poll.seq, 1)

    assert await standing(world, "bo", room, poll.seq) == (1, [0, 1, 0], [1])
    assert len([one for one in await world.events("bo", room) if one["kind"] == "poll.voted"]) == 1
    with pytest.raises(ClientIdReused):
        await vote(world, "bo", room, other.seq, 1, client_id=client_id)


@pytest.mark.parametrize("choices", [(3,), (-1,), (0, 1)])
async def test_only_what_is_offered_can_be_chosen(world: World, choices: tuple[int, ...]) -> None:
    room = await world.room("bo")
    poll = await ask(world, "ana", room)

    with pytest.raises(ChoiceInvalid):
        await vote(world, "bo", room, poll.seq, *choices)


async def test_its_author_and_who_looks_after_the_room_close_it(world: World) -> None:
    room = await world.room("bo", "eve")
    poll, other = await ask(world, "bo", room), await ask(world, "bo", room)
    await vote(world, "eve", room, poll.seq, 1)
    client_id = world.client_id()

    with pytest.raises(NotPermitted):
        await close(world, "eve", room, poll.seq)
    first = await close(world, "bo", room, poll.seq, client_id=client_id)
    again = await close(world, "bo", room, poll.seq, client_id=client_id)
    await close(world, "ana", room, other.seq)

    assert again.seq == first.seq
    entry = await world.entry("eve", room, poll.seq)
    assert entry["poll"] == {"closed": first.ts_ms, "voters": 1, "totals": [0, 1, 0], "mine": [1]}
    assert await standing(world, "eve", room, other.seq) == (0, [0, 0, 0], [])
    for act in (vote(world, "eve", room, poll.seq, 0), close(world, "ana", room, poll.seq)):
        with pytest.raises(PollClosed):
            await act


@pytest.mark.parametrize("anonymous", [False, True], ids=["named", "anonymous"])
async def test_it_closes_at_its_time(world: World, anonymous: bool) -> None:
    room = await world.room("bo")
    poll = await ask(world, "ana", room, anonymous=anonymous, closes_in=timedelta(hours=1))
    await vote(world, "bo", room, poll.seq, 1)
    await world.domain.jobs.run_due(world.org_id)
    world.clock.advance(timedelta(hours=1))
    with pytest.raises(PollClosed):
        await vote(world, "ana", room, poll.seq, 1)

    await world.domain.jobs.run_due(world.org_id)

    assert await standing(world, "ana", room, poll.seq) == (1, [0, 1, 0], [])
    (ended,) = [one for one in await world.events("bo", room) if one["kind"] == "poll.closed"]
    assert (ended["content"]["by"], ended["sender"].replace("-", "")) == (None, "0" * 32)
    await world.domain.jobs.run_due(world.org_id)


async def test_a_time_that_is_past_or_too_far_is_refused(world: World) -> None:
    room = await world.room("bo")
    for closes_in in (timedelta(), timedelta(days=400), timedelta(days=-1)):
        with pytest.raises(PollTimeInvalid):
            await ask(world, "ana", room, closes_in=closes_in)


async def test_the_same_poll_sent_twice_is_one(world: World) -> None:
    room = await world.room("bo")
    client_id = world.client_id()

    first = await ask(world, "ana", room, client_id=client_id)
    again = await ask(world, "ana", room, client_id=client_id)

    assert again.seq == first.seq
    with pytest.raises(ClientIdReused):
        await ask(world, "ana", room, multiple=True, client_id=client_id)


async def test_who_may_not_see_it_does_not_vote(world: World) -> None:
    room = await world.room("bo", history=SINCE_JOINING)
    hidden = await ask(world, "ana", room)
    await vote(world, "bo", room, hidden.seq, 1)
    await world.add("ana", room, "eve")
    outside = await world.room()
    sent = await world.say("ana", room)

    with pytest.raises(MessageNotFound):
        await vote(world, "eve", room, hidden.seq, 1)
    for look in (mine, voters):
        with pytest.raises(PollNotFound):
            await look(world, "eve", room, hidden.seq)
        with pytest.raises(ConversationNotFound):
            await look(world, "eve", outside, hidden.seq)
    with pytest.raises(PollNotFound):
        await vote(world, "eve", room, sent.seq, 1)


async def test_a_poll_is_neither_edited_nor_forwarded(world: World) -> None:
    room = await world.room("bo")
    poll = await ask(world, "ana", room)

    with pytest.raises(MessageIsFixed):
        await world.edit("ana", room, poll.seq, "Other")
    with pytest.raises(ForwardingImpossible):
        await world.domain.forwarding.forward(
            world["bo"], room, Seq(poll.seq), [ForwardTo(room, world.client_id())]
        )


async def test_a_removed_poll_takes_its_votes_along(world: World, intruder: Intruder) -> None:
    room = await world.room("bo")
    poll = await ask(world, "ana", room)
    await vote(world, "bo", room, poll.seq, 1)
    await close(world, "ana", room, poll.seq)

    await world.remove("ana", room, poll.seq)

    assert "poll" not in await world.entry("bo", room, poll.seq)
    beside = [one for one in await world.events("bo", room) if one["kind"].startswith("poll.")]
    assert [one["content"] for one in beside] == [None, None]
    assert [await grounds(intruder, room, one["seq"]) for one in beside] == [[2], [2]]
    assert await rows(intruder, room) == []
    with pytest.raises(MessageRemoved):
        await vote(world, "bo", room, poll.seq, 1)


async def test_what_is_erased_leaves_no_vote_behind(world: World, intruder: Intruder) -> None:
    room = await world.room("bo")
    poll = await ask(world, "ana", room)
    await vote(world, "bo", room, poll.seq, 1)
    await vote(world, "bo", room, poll.seq, 2)
    await close(world, "ana", room, poll.seq)
    beside = [one for one in await world.events("bo", room) if one["kind"].startswith("poll.")]

    await world.erase_older(room, hours=0)

    assert [await grounds(intruder, room, one["seq"]) for one in beside] == [[], [], []]
    assert await rows(intruder, room) == []


async def test_an_erased_person_has_voted_for_nothing(world: World, intruder: Intruder) -> None:
    room = await world.room("bo", "eve")
    poll, ended, left = [await ask(world, "ana", room) for _ in range(3)]
    for one in (poll, ended):
        await vote(world, "eve", room, one.seq, 0)
        await vote(world, "bo", room, one.seq, 1)
    await close(world, "ana", room, ended.seq)
    await vote(world, "eve", room, left.seq, 1)
    await vote(world, "bo", room, left.seq, 2)
    await vote(world, "bo", room, left.seq)

    await world.erase_author(room, "bo", size=3)

    assert await standing(world, "eve", room, poll.seq) == (1, [1, 0, 0], [0])
    assert await standing(world, "eve", room, ended.seq) == (1, [1, 0, 0], [0])
    assert await standing(world, "eve", room, left.seq) == (1, [0, 1, 0], [1])
    assert [one.user_id for one in await voters(world, "ana", room, poll.seq)] == [world["eve"].user_id]
    theirs = [one for one in await world.events("ana", room) if one["sender"] == str(world["bo"].user_id)]
    assert [await grounds(intruder, room, one["seq"]) for one in theirs] == [[], [], [], []]


async def test_the_database_holds_no_choice_in_clear(world: World, intruder: Intruder) -> None:
    room = await world.room("bo")
    poll = await ask(world, "ana", room, options=("Marzipan", "Nougat"))
    await vote(world, "bo", room, poll.seq, 1)

    found = await intruder.rows(
        "SELECT string_agg(e::text, '') AS all FROM event e WHERE conversation_id = $1", room
    )

    assert b"Nougat".hex() not in found[0]["all"]
    (row,) = await intruder.rows("SELECT * FROM poll_vote WHERE conversation_id = $1", room)
    assert set(row.keys()) == {"org_id", "conversation_id", "seq", "user_id", "event_seq"}


async def test_a_vote_that_was_moved_in_the_database_counts_nowhere(world: World, intruder: Intruder) -> None:
    room = await world.room("bo")
    poll, other = await ask(world, "ana", room), await ask(world, "ana", room)
    await vote(world, "bo", room, poll.seq, 1)

    await intruder.run("UPDATE poll SET shown_seq = $2 + 2 WHERE conversation_id = $1", room, poll.seq)

    assert await standing(world, "bo", room, other.seq) is None
    assert await standing(world, "bo", room, poll.seq) == (1, [0, 1, 0], [1])


@pytest.mark.parametrize(
    "options", [[], ["one"], ["one", " one "], ["one", " "], ["one", "x" * 201], ["one", "a\0"]]
)
def test_options_are_different_lines(options: list[str]) -> None:
    with pytest.raises(PollOptionsInvalid):
        check_poll(Poll(options=options))
    assert check_poll(Poll(options=[" one\n more", "two"])).options == ["one more", "two"]


async def rows(intruder: Intruder, room: object) -> list[object]:
    found = await intruder.rows(
        """
        SELECT seq FROM poll WHERE conversation_id = $1
        UNION ALL SELECT seq FROM poll_vote WHERE conversation_id = $1
        """,
        room,
    )
    return list(found)

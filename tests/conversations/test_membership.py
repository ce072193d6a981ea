"""Who may see what, and who could see what when."""

import asyncio
import random
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest

from amana.conversations.errors import ConversationNotFound, MemberNotFound, MessageNotFound
from amana.conversations.model import History, HistoryPolicy
from amana.kernel.errors import Refusal
from amana.kernel.ids import ConversationId
from amana.people.errors import NotPermitted
from tests.conversations.world import EVERYTHING, SINCE_JOINING, World, texts


async def test_with_full_history_a_new_member_reads_from_the_beginning(world: World) -> None:
    room = await world.room(history=EVERYTHING)
    await world.say("ana", room, "before")

    await world.add("ana", room, "bo")

    assert texts(await world.page("bo", room)) == ["before"]
    assert (await world.line("bo", room))["read_no"] == 1


async def test_since_joining_shows_nothing_from_before_by_any_way(world: World) -> None:
    room = await world.room(history=SINCE_JOINING)
    old = await world.say("ana", room, "before")

    await world.add("ana", room, "bo")
    new = await world.say("ana", room, "after", reply_to=old.seq)

    page = await world.page("bo", room)
    assert (texts(page), page["more"], page["quotes"]) == (["after"], False, [])
    assert texts(await world.page("bo", room, before=old.seq + 1)) == []
    assert [event["seq"] for event in await world.events("bo", room)] == [old.seq + 1, new.seq]
    assert (await world.line("bo", room))["visible_from"] == old.seq + 1
    for forbidden in (
        lambda: world.entry("bo", room, old.seq),
        lambda: world.who_saw("bo", room, old.seq, world.clock.now()),
    ):
        with pytest.raises(MessageNotFound):
            await forbidden()


async def test_a_number_of_days_shows_exactly_these(world: World) -> None:
    room = await world.room(history=HistoryPolicy(History.DAYS, 2))
    for day in range(5):
        await world.say("ana", room, f"day {day}")
        world.clock.advance(days=1)

    await world.add("ana", room, "bo")

    # Joined at day 5 and four seconds; two days back is day 3 and four seconds.
    assert texts(await world.page("bo", room)) == ["day 4"]
    world.clock.advance(seconds=-10)
    await world.add("ana", room, "eve")
    assert texts(await world.page("eve", room)) == ["day 3", "day 4"]


async def test_who_was_removed_reads_and_writes_nothing(world: World) -> None:
    room = await world.room("bo")
    sent = await world.say("bo", room)

    await world.take_out("ana", room, "bo")

    assert await world.list_of("bo") == []
    for act in (
        lambda: world.page("bo", room),
        lambda: world.events("bo", room),
        lambda: world.entry("bo", room, sent.seq),
        lambda: world.say("bo", room),
        lambda: world.edit("bo", room, sent.seq, "x"),
        lambda: world.remove("bo", room, sent.seq),
        lambda: world.read("bo", room, sent.seq),
    ):
        with pytest.raises(ConversationNotFound):
            await act()
    assert world.cut == [(room, world["bo"].user_id)]
    assert world.heard.users[world["bo"].user_id][-1]["kind"] == "conversation.left"


async def test_a_removal_and_a_message_at_the_same_time_have_an_order(world: World) -> None:
    room = await world.room("bo")
    await world.say("bo", room)

    await asyncio.gather(
        world.take_out("ana", room, "bo"),
        *(world.say("bo", room, f"{number}") for number in range(20)),
        return_exceptions=True,
    )

    events = await world.events("ana", room)
    removal = next(event["seq"] for event in events if event["kind"] == "member.removed")
    bo = str(world["bo"].user_id)
    assert all(event["seq"] < removal for event in events if event["sender"] == bo)


async def test_unknown_and_forbidden_rooms_get_the_same_answer(world: World) -> None:
    room = await world.room("bo")
    nowhere = ConversationId(world.ids.new())

    answers = []
    for place in (room, nowhere):
        with pytest.raises(Refusal) as refused:
            await world.say("eve", place)
        answers.append((refused.value.code, refused.value.message, refused.value.fields))

    assert answers[0] == answers[1]
    assert answers[0][0] == "conversation_not_found"


async def test_members_do_not_add_or_remove_others(world: World) -> None:
    room = await world.room("bo")

    with pytest.raises(NotPermitted):
        await world.add("bo", room, "eve")
    with pytest.raises(NotPermitted):
        await world.take_out("bo", room, "ana")
    with pytest.raises(MemberNotFound):
        await world.take_out("ana", room, "eve")


async def test_adding_twice_is_one_event(world: World) -> None:
    room = await world.room("bo")
    before = await world.line("ana", room)

    await world.add("ana", room, "bo")

    assert await world.line("ana", room) == before


async def test_an_invitation_lets_somebody_in_once(world: World) -> None:
    room = await world.room(history=SINCE_JOINING)

    for _ in range(2):
        async with world.database.write(world.org_id) as tx:
            await world.members.join(tx, world["eve"], room)

    assert (await world.line("eve", room))["members_count"] == 2
    with pytest.raises(ConversationNotFound):
        async with world.database.write(world.org_id) as tx:
            await world.members.join(tx, world["eve"], ConversationId(world.ids.new()))


@dataclass
class Fact:
    """One thing that happened, as a diary would note it."""

    at: datetime
    kind: str
    who: str = ""
    seq: int = 0
    visible_from: int = 0


def could_see(diary: list[Fact], seq: int, at: datetime) -> set[str]:
    """Replay the diary up to ``at`` and say who may read message ``seq`` then."""
    inside: dict[str, int] = {}
    shown = False
    for fact in diary:
        if fact.at > at:
            break
        if fact.kind == "in":
            inside[fact.who] = fact.visible_from
        elif fact.kind == "out":
            inside.pop(fact.who)
        elif fact.seq == seq:
            shown = fact.kind == "said"
    return {who for who, first in inside.items() if shown and first <= seq}


@pytest.mark.parametrize("policy", [EVERYTHING, SINCE_JOINING, HistoryPolicy(History.DAYS, 1)])
async def test_who_could_see_a_message_agrees_with_a_replay(
    world: World, policy: HistoryPolicy, own_seed: int
) -> None:
    chance = random.Random(own_seed)
    start = world.clock.now()
    room = await world.room(history=policy)
    diary = [Fact(world.clock.now(), "in", "ana", visible_from=1)]
    world.clock.advance(minutes=1)
    for _ in range(60):
        who = chance.choice(("bo", "eve"))
        now = world.clock.now()
        inside = {fact.who: fact.kind for fact in diary if fact.who}
        head = (await world.line("ana", room))["head_seq"]
        act = chance.choice(("said", "said", "move", "gone"))
        if act == "said":
            sent = await world.say("ana", room)
            diary.append(Fact(now, "said", seq=sent.seq))
        elif act == "move" and inside.get(who) == "in":
            await world.take_out("ana", room, who)
            diary.append(Fact(now, "out", who))
        elif act == "move":
            await world.add("ana", room, who)
            recent = [
                fact.seq
                for fact in diary
                if fact.kind == "said" and fact.at >= now - timedelta(days=policy.days)
            ]
            first = {
                History.ALL: 1,
                History.SINCE_JOINING: head + 1,
                History.DAYS: min(recent, default=head + 1),
            }
            diary.append(Fact(now, "in", who, visible_from=first[policy.policy]))
        else:
            said = [fact.seq for fact in diary if fact.kind == "said"]
            gone = {fact.seq for fact in diary if fact.kind == "gone"}
            left = [seq for seq in said if seq not in gone]
            if left:
                await world.remove("ana", room, left[0])
                diary.append(Fact(now, "gone", seq=left[0]))
        world.clock.advance(minutes=chance.choice((1, 60, 600)))
    names = {world[name].user_id: name for name in ("ana", "bo", "eve")}
    length_s = (world.clock.now() - start).total_seconds()

    for seq in [fact.seq for fact in diary if fact.kind == "said"]:
        for _ in range(6):
            at = start + timedelta(seconds=chance.uniform(0, length_s))
            found = {names[user] for user in await world.who_saw("ana", room, seq, at)}
            assert found == could_see(diary, seq, at), (seq, at)

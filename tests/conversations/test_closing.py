"""Who writes where not everybody does, and rooms that are over: closed, archived, ended."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from amana.conversations.errors import (
    ConversationClosed,
    ConversationNotFound,
    DirectIsFixed,
    PostingNotAllowed,
)
from amana.conversations.messages.draft import Draft
from amana.conversations.model import Kind, MemberRole
from amana.conversations.rules_wire import RulesWanted
from amana.events.model import Appended
from amana.kernel.actor import Role
from amana.kernel.clock import unix_ms
from amana.kernel.ids import ConversationId, Seq
from amana.people.errors import NotPermitted
from tests.conversations import ruling
from tests.conversations.world import World, texts


async def carefully(world: World, name: str, room: ConversationId, text: str = "Hello") -> Appended:
    """The way of messages that are more than words."""
    async with world.database.write(world.org_id) as tx:
        return await world.domain.posting.post(tx, world[name], Draft(room, world.client_id(), text))


async def test_only_posters_write_in_an_announcement_room(world: World) -> None:
    await world.person("kim")
    room = await ruling.make(world, Kind.ANNOUNCEMENT, "bo", "eve", "kim")
    await ruling.make_role(world, "ana", room, "bo", MemberRole.POSTER)
    await ruling.make_role(world, "ana", room, "kim", MemberRole.DEPUTY)

    for name in ("ana", "bo", "kim"):
        await world.say(name, room, name)
        await carefully(world, name, room, f"{name} again")
    for way in (world.say, lambda *said: carefully(world, *said)):
        with pytest.raises(PostingNotAllowed):
            await way("eve", room, "no")

    assert texts(await world.page("eve", room)) == ["ana", "ana again", "bo", "bo again", "kim", "kim again"]
    await ruling.make_role(world, "ana", room, "bo", MemberRole.MEMBER)
    with pytest.raises(PostingNotAllowed):
        await world.say("bo", room, "no longer")


async def test_a_rule_made_while_many_write_has_its_place_among_them(world: World) -> None:
    room = await ruling.make(world, Kind.CHANNEL, "bo")
    await world.say("bo", room)

    outcomes = await asyncio.gather(
        *(world.say("bo", room, f"{number}") for number in range(20)),
        ruling.rule(world, "ana", room, posting="posters"),
        *(world.say("bo", room, f"{number}") for number in range(20)),
        return_exceptions=True,
    )

    events = await world.events("ana", room)
    changed = next(event["seq"] for event in events if event["kind"] == "conversation.changed")
    stored = [event["seq"] for event in events if event["kind"] == "message.created"]
    assert all(seq < changed for seq in stored)
    assert sum(isinstance(one, Appended) for one in outcomes) == len(stored) - 1
    assert {type(one) for one in outcomes if isinstance(one, Exception)} <= {PostingNotAllowed}


async def test_one_batch_is_answered_place_by_place(world: World) -> None:
    """A batch over many rooms, in which each message meets another rule."""
    open_room, closed = await world.room("bo"), await world.room("bo")
    news = await ruling.make(world, Kind.ANNOUNCEMENT, "bo")
    foreign = await world.room("eve")
    for room in (open_room, closed):
        await world.say("bo", room)
    await ruling.make_role(world, "ana", news, "bo", MemberRole.POSTER)
    await world.say("bo", news)
    await world.add("ana", foreign, "bo")
    await world.say("bo", foreign)
    await ruling.close(world, "ana", closed)
    await ruling.make_role(world, "ana", news, "bo", MemberRole.MEMBER)
    await world.take_out("ana", foreign, "bo")
    # As another worker would, which has not heard of it.
    world.sending._members[foreign, world["bo"].user_id] = 1

    rooms = [open_room, closed, news, foreign] * 3
    drafts = [Draft(room, world.client_id(), f"{number}") for number, room in enumerate(rooms)]
    outcomes = await asyncio.gather(
        *(world.sending.send(world["bo"], draft) for draft in drafts), return_exceptions=True
    )

    expected = [Appended, ConversationClosed, PostingNotAllowed, ConversationNotFound] * 3
    assert [type(one) for one in outcomes] == expected
    stored = [event for event in await world.events("ana", open_room) if event["kind"] == "message.created"]
    assert [event["content"]["text"] for event in stored][1:] == ["0", "4", "8"]


async def test_in_a_closed_room_members_read_and_nobody_writes(world: World) -> None:
    room = await world.room("bo")
    sent = await world.say("bo", room, "before")
    await ruling.close(world, "ana", room)

    acts: list[Any] = [
        lambda: world.say("ana", room),
        lambda: world.say("bo", room, reply_to=sent.seq),
        lambda: carefully(world, "bo", room),
        lambda: world.edit("bo", room, sent.seq, "other"),
        lambda: world.add("ana", room, "eve"),
    ]
    for act in acts:
        with pytest.raises(ConversationClosed):
            await act()
    assert texts(await world.page("bo", room)) == ["before"]
    await world.read("ana", room, sent.seq)
    line = await world.line("bo", room)
    assert line["closed"]["by"] == str(world["ana"].user_id)
    assert line["closed"]["reason"] == "closed"
    await ruling.reopen(world, "ana", room)
    await world.say("bo", room, "after")
    assert (await world.line("bo", room))["closed"] is None


async def test_whoever_regrets_it_takes_it_back_in_a_closed_room_too(world: World) -> None:
    room = await world.room("bo")
    sent = await world.say("bo", room, "oh")
    await ruling.close(world, "ana", room)

    await world.remove("bo", room, sent.seq)

    assert texts(await world.page("ana", room)) == [None]
    await world.take_out("bo", room, "bo")


async def test_a_retry_meets_its_original_although_the_room_was_closed_meanwhile(world: World) -> None:
    room = await world.room("bo")
    client_id = world.client_id()
    first = await world.say("bo", room, "once", client_id=client_id)
    await ruling.close(world, "ana", room)

    again = await world.say("bo", room, "once", client_id=client_id)

    assert (again.seq, again.ts_ms, again.fresh) == (first.seq, first.ts_ms, False)
    with pytest.raises(ConversationClosed):
        await world.say("bo", room, "twice")


async def test_who_closes_archives_and_reopens(world: World) -> None:
    room = await world.room("bo", "eve", owner="bo")
    await ruling.make_role(world, "bo", room, "eve", MemberRole.DEPUTY)
    with pytest.raises(NotPermitted):
        await ruling.close(world, "eve", room)
    with pytest.raises(NotPermitted):
        await ruling.archive(world, "bo", room)
    with pytest.raises(ConversationNotFound):
        await ruling.close(world, "ana", room)

    await ruling.close(world, "bo", room)
    await ruling.archive(world, "ana", room)

    assert (await world.line("bo", room))["closed"]["reason"] == "archived"
    with pytest.raises(NotPermitted):
        await ruling.reopen(world, "bo", room)
    with pytest.raises(ConversationNotFound):
        await world.page("ana", room)
    await ruling.reopen(world, "ana", room)
    await world.say("bo", room)


async def test_closing_twice_is_one_event(world: World) -> None:
    room = await world.room("bo")
    for _ in range(2):
        await ruling.close(world, "ana", room)
    for _ in range(2):
        await ruling.archive(world, "ana", room)
    await ruling.close(world, "ana", room)
    for _ in range(2):
        await ruling.reopen(world, "ana", room)

    kinds = [event["kind"] for event in await world.events("ana", room)]
    assert kinds[1:] == ["conversation.closed", "conversation.closed", "conversation.reopened"]


async def test_nobody_learns_of_a_chat_by_trying_to_close_it(world: World) -> None:
    await world.person("kim", Role.ADMIN)
    room = await world.direct("ana", "bo")

    with pytest.raises(DirectIsFixed):
        await ruling.close(world, "ana", room)
    for act in (ruling.close, ruling.archive, ruling.reopen):
        with pytest.raises(ConversationNotFound):
            await act(world, "kim", room)


async def test_rooms_end_on_their_date_and_not_before(world: World) -> None:
    ends_at = unix_ms(world.clock.now()) + 3_600_000
    room = await ruling.make(world, Kind.GROUP, "bo", rules=RulesWanted(ends_at=ends_at))
    other = await ruling.make(world, Kind.GROUP, "bo", rules=RulesWanted(ends_at=ends_at + 60_000))
    world.clock.advance(seconds=3_599)
    assert await ruling.end_rooms(world) == 0
    await world.say("bo", room)

    world.clock.advance(seconds=1)
    both = await asyncio.gather(ruling.end_rooms(world), ruling.end_rooms(world))

    assert sum(both) == 1
    with pytest.raises(ConversationClosed):
        await world.say("bo", room)
    line = await world.line("bo", room)
    assert (line["closed"]["reason"], line["closed"]["by"]) == (
        "ended",
        "00000000-0000-0000-0000-000000000000",
    )
    await world.say("bo", other)
    await ruling.reopen(world, "ana", room)
    assert (await world.line("bo", room))["rules"]["ends_at"] is None
    world.clock.advance(minutes=1)
    assert await ruling.end_rooms(world) == 1, "the other one"


async def test_a_date_that_was_moved_in_time_ends_nothing(world: World) -> None:
    ends_at = unix_ms(world.clock.now()) + 3_600_000
    room = await ruling.make(world, Kind.GROUP, "bo", rules=RulesWanted(ends_at=ends_at))
    world.clock.advance(hours=2)
    await ruling.rule(world, "ana", room, ends_at=unix_ms(world.clock.now()) + 1_000)

    assert await ruling.end_rooms(world) == 0


async def test_the_end_of_a_room_is_recorded(world: World) -> None:
    ends_at = unix_ms(world.clock.now()) + 1
    room = await ruling.make(world, Kind.GROUP, rules=RulesWanted(ends_at=ends_at))
    world.clock.advance(hours=1)
    await ruling.end_rooms(world)
    await ruling.reopen(world, "ana", room)
    await ruling.close(world, "ana", room)

    async with world.database.read(world.org_id) as tx:
        entries = await world.evidence.entries(tx, world.org_id)

    said = {
        (one.action, one.actor_id is None, one.detail.get("reason"))
        for one in entries
        if isinstance(one.detail, Mapping)
    }
    assert said >= {
        ("conversation.closed", True, "ended"),
        ("conversation.reopened", False, None),
        ("conversation.closed", False, "closed"),
    }
    assert len(entries) == 4


async def test_a_message_to_a_closed_room_is_refused_by_the_database_itself(world: World) -> None:
    """Not by what the server remembers: the seeded fault takes the rule out of the row."""
    room = await world.room("bo")
    sent = await world.say("bo", room)
    await ruling.close(world, "ana", room)
    with pytest.raises(ConversationClosed):
        await world.say("bo", room)

    async with world.database.write(world.org_id) as tx:
        await tx.run(
            """
            UPDATE conversation SET closed_at = NULL, closed_by = NULL, closed_reason = NULL
             WHERE conversation_id = :room
            """,
            room=room,
        )

    assert (await world.say("bo", room)).seq == Seq(sent.seq + 2)

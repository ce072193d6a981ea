"""Asking to come in, and being asked before one is added."""

from typing import Any

import pytest

from amana.conversations.errors import ConversationClosed, ConversationNotFound, TooManyMembers
from amana.conversations.joining.errors import JoinNotFound
from amana.conversations.membership.leaving import Leaving
from amana.conversations.model import MemberRole
from amana.kernel.actor import Role
from amana.kernel.ids import ConversationId, UserId
from amana.people.errors import NotPermitted, UnknownPerson
from tests.conversations import joining, ruling
from tests.conversations.test_http import call, new_group
from tests.conversations.world import SINCE_JOINING, World

__all__ = ["call"]


async def asked_room(world: World) -> ConversationId:
    """A room of ana's with bo as deputy, to which people ask to come."""
    room = await world.room("bo")
    await ruling.make_role(world, "ana", room, "bo", MemberRole.DEPUTY)
    await ruling.rule(world, "ana", room, joining="approval")
    return room


async def test_owner_and_deputies_hear_who_asks_and_any_of_them_lets_in(world: World) -> None:
    room = await asked_room(world)
    assert await joining.ask(world, "eve", room) == "requested"
    assert await joining.ask(world, "eve", room) == "requested"

    for name in ("ana", "bo", "eve"):
        assert joining.told(world, name) == [("join.requested", None)]
    assert await joining.waiting(world, "bo", room) == {world["eve"].user_id}
    (request,) = (await joining.mine(world, "eve"))["requests"]
    assert request["conversation_id"] == str(room)

    await joining.approve(world, "bo", room, "eve")

    for name in ("ana", "bo", "eve"):
        assert joining.told(world, name)[1:] == [("join.settled", "joined")]
    assert (await world.line("eve", room))["my_role"] == "member"
    assert await joining.mine(world, "eve") == {"offers": [], "requests": []}
    with pytest.raises(JoinNotFound):
        await joining.approve(world, "ana", room, "eve")


async def test_a_request_is_declined_or_withdrawn(world: World) -> None:
    room = await asked_room(world)
    await joining.ask(world, "eve", room)
    await joining.refuse(world, "ana", room, "eve")
    await joining.ask(world, "eve", room)
    await joining.give_up(world, "eve", room)

    outcomes = [outcome for kind, outcome in joining.told(world, "bo") if kind == "join.settled"]
    assert outcomes == ["declined", "withdrawn"]
    with pytest.raises(ConversationNotFound):
        await world.line("eve", room)
    with pytest.raises(JoinNotFound):
        await joining.give_up(world, "eve", room)


async def test_a_link_with_approval_only_asks_and_uses_one_up_for_it(world: World) -> None:
    room = await asked_room(world)
    issued = await joining.make_link(world, "ana", room, uses=1)

    assert await joining.come(world, "eve", issued.secret) == "requested"
    assert await joining.come(world, "eve", issued.secret) == "requested"
    assert issued.link.approval
    await joining.approve(world, "ana", room, "eve")
    assert await joining.come(world, "eve", issued.secret) == "member"


async def test_nobody_learns_of_a_room_that_lets_nobody_in(world: World) -> None:
    await world.person("gus", Role.GUEST)
    room, shut = await world.room(), await asked_room(world)
    with pytest.raises(ConversationNotFound):
        await joining.ask(world, "eve", room)
    await ruling.rule(world, "ana", room, joining="open")
    with pytest.raises(ConversationNotFound):
        await joining.ask(world, "gus", room)
    assert await joining.ask(world, "eve", room) == "joined"
    assert await joining.ask(world, "eve", room) == "member"

    await joining.ask(world, "eve", shut)
    await ruling.close(world, "ana", shut)
    with pytest.raises(ConversationClosed):
        await joining.approve(world, "ana", shut, "eve")
    with pytest.raises(ConversationNotFound):
        await joining.ask(world, "gus", shut)


async def test_only_who_may_add_people_answers(world: World) -> None:
    room = await asked_room(world)
    await world.person("kim")
    await world.add("ana", room, "kim")
    await joining.ask(world, "eve", room)
    for act in (joining.approve, joining.refuse):
        with pytest.raises(NotPermitted):
            await act(world, "kim", room, "eve")
        with pytest.raises(ConversationNotFound):
            await act(world, "eve", room, "eve")
    with pytest.raises(NotPermitted):
        await joining.waiting(world, "kim", room)


async def test_where_the_organisation_asks_first_adding_is_an_offer(world: World) -> None:
    await joining.ask_first(world)
    room = await world.room("bo")
    assert (await world.line("ana", room))["members_count"] == 1
    await world.add("ana", room, "eve")
    await world.add("ana", room, "eve")

    (offer,) = (await joining.mine(world, "eve"))["offers"]
    assert (offer["title"], offer["by"]) == ("Bridge works", str(world["ana"].user_id))
    assert joining.told(world, "eve") == [("join.offered", None)]
    with pytest.raises(ConversationNotFound):
        await world.line("eve", room)

    await joining.accept(world, "eve", room)
    await joining.give_up(world, "bo", room)

    assert joining.told(world, "ana") == [("join.settled", "joined"), ("join.settled", "declined")]
    assert (await world.line("eve", room))["members_count"] == 2
    assert await joining.mine(world, "bo") == {"offers": [], "requests": []}


async def test_an_offer_is_taken_back_and_a_request_makes_one_needless(world: World) -> None:
    room = await asked_room(world)
    await joining.ask_first(world)
    await world.add("bo", room, "eve")
    await joining.refuse(world, "ana", room, "eve")
    with pytest.raises(JoinNotFound):
        await joining.accept(world, "eve", room)
    assert joining.told(world, "bo")[-1] == ("join.settled", "withdrawn")

    await joining.ask(world, "eve", room)
    (brought,) = await joining.bring(world, "bo", room, "eve")
    assert brought.outcome == "added"

    await world.person("kim")
    await world.add("bo", room, "kim")
    assert await joining.ask(world, "kim", room) == "joined"


async def test_bringing_many_tells_what_became_of_each(world: World) -> None:
    room = await world.room("bo", history=SINCE_JOINING)
    names = [f"p{number}" for number in range(20)]
    for name in names:
        await world.person(name)
    found = await joining.bring(world, "ana", room, "bo", *names, "p0")

    assert [one.outcome for one in found] == ["member", *["added"] * 20]
    line = await world.line("ana", room)
    events = await world.events("ana", room, after=line["head_seq"] - 20)
    assert [event["content"]["visible_from"] for event in events] == [event["seq"] for event in events]
    assert line["members_count"] == 22
    assert (await world.line("p19", room))["visible_from"] == line["head_seq"]

    strangers = [UserId(world.ids.new()), world["eve"].user_id]
    await joining.ask_first(world)
    async with world.database.write(world.org_id) as tx:
        found = await world.members.add_many(tx, world["ana"], room, strangers)
        assert [(one.outcome, one.refusal) for one in found] == [
            ("refused", "person_not_found"),
            ("offered", None),
        ]
        with pytest.raises(TooManyMembers):
            await world.members.add_many(tx, world["ana"], room, strangers * 251)
        with pytest.raises(UnknownPerson):
            await world.members.add(tx, world["ana"], room, strangers[0])


async def test_what_waited_for_somebody_ends_with_them(world: World) -> None:
    room = await asked_room(world)
    await joining.ask(world, "eve", room)
    async with world.database.write(world.org_id) as tx:
        await Leaving(world.desk).forget(tx, world["eve"].user_id)

    assert await joining.waiting(world, "ana", room) == set()
    assert joining.told(world, "ana")[-1] == ("join.settled", "withdrawn")


async def test_programs_ask_and_answer_by_the_routes(world: World, call: Any) -> None:
    await joining.ask_first(world)
    group = new_group(world, "bo", rules={"joining": "approval"})
    room_id = (await call("ana", "POST", "/v1/conversations", group))[1]["conversation_id"]
    room, eve = f"/v1/conversations/{room_id}", str(world["eve"].user_id)

    (offer,) = (await call("bo", "GET", "/v1/sync"))[1]["joining"]["offers"]
    assert (offer["conversation_id"], offer["title"], offer["kind"]) == (room_id, "Bridge", "group")
    assert (await call("bo", "PUT", f"/v1/joining/{room_id}"))[0] == 204
    assert (await call("bo", "GET", "/v1/joining"))[1] == {"offers": [], "requests": []}

    assert (await call("eve", "POST", f"{room}/join"))[1]["outcome"] == "requested"
    (waiting,) = (await call("ana", "GET", f"{room}/joining"))[1]["waiting"]
    assert (waiting["user_id"], waiting["way"], waiting["display_name"]) == (eve, "request", "Eve")
    assert (await call("eve", "DELETE", f"/v1/joining/{room_id}"))[0] == 204
    assert (await call("ana", "DELETE", f"{room}/joining/{eve}"))[0] == 404
    await call("eve", "POST", f"{room}/join")
    assert (await call("ana", "PUT", f"{room}/joining/{eve}"))[0] == 204
    status, brought = await call("ana", "POST", f"{room}/members", {"user_ids": [eve]})
    assert (status, brought) == (200, {"people": [{"user_id": eve, "outcome": "member", "code": None}]})

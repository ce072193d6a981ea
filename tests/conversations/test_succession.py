"""No room loses its owner: deputies follow, then the organisation, and nobody comes in by that."""

import random
from collections.abc import Awaitable, Callable, Mapping

import pytest

from amana.conversations.errors import (
    ConversationNotFound,
    MemberNotFound,
    OwnerHasRole,
    OwnerMustTransfer,
)
from amana.conversations.membership.leaving import Leaving, Left
from amana.conversations.model import Kind, MemberRole
from amana.kernel.actor import Role
from amana.kernel.errors import Refusal
from amana.kernel.ids import ConversationId
from amana.people import queries as people
from amana.people.errors import NotPermitted
from tests.conversations import ruling
from tests.conversations.world import World


async def erase(world: World, room: ConversationId, who: str) -> Left:
    """What the erasure of a person does to a room; the account has no role by then."""
    async with world.database.write(world.org_id) as tx:
        await people.update_role(tx, world[who].user_id, Role.GUEST)
        return await Leaving(world.desk).leave(tx, world["ana"], room, world[who].user_id)


async def owner_of(world: World, room: ConversationId) -> tuple[str, bool]:
    """Name of the owner, and whether they are in the room with that standing."""
    names = {actor.user_id: name for name, actor in world.people.items()}
    async with world.database.read(world.org_id) as tx:
        owner = await tx.value("SELECT owner_id FROM conversation WHERE conversation_id = :room", room=room)
        roles = await tx.all("SELECT user_id, role FROM member WHERE conversation_id = :room", room=room)
    owners = [row["user_id"] for row in roles if row["role"] == MemberRole.OWNER]
    assert owners in ([], [owner])
    return names[owner], owners == [owner]  # type: ignore[index]  # a value of unknown type


async def test_an_owner_who_leaves_is_followed_by_the_deputy(world: World) -> None:
    await world.person("kim")
    room = await world.room("eve", "kim", owner="bo")
    with pytest.raises(OwnerMustTransfer):
        await world.take_out("bo", room, "bo")
    await ruling.make_role(world, "bo", room, "kim", MemberRole.DEPUTY)

    await world.take_out("bo", room, "bo")

    assert await owner_of(world, room) == ("kim", True)
    assert (await world.line("kim", room))["my_role"] == "owner"
    assert (await world.line("eve", room))["my_role"] == "member"


async def test_of_an_erased_owner_the_deputy_follows_and_else_an_owner_of_the_organisation(
    world: World,
) -> None:
    await world.person("kim")
    with_deputy = await world.room("eve", "kim", owner="bo")
    await ruling.make_role(world, "bo", with_deputy, "kim", MemberRole.DEPUTY)
    with_ana = await world.room("eve", "ana", owner="bo")
    without = await world.room("eve", owner="bo")
    alone = await world.room(owner="bo")

    for room in (with_deputy, with_ana, without):
        assert await erase(world, room, "bo") == Left(handed_over=True)
    assert await erase(world, alone, "bo") == Left(closed=True)

    assert await owner_of(world, with_deputy) == ("kim", True)
    assert await owner_of(world, with_ana) == ("ana", True)
    assert await owner_of(world, without) == ("ana", False)
    async with world.database.read(world.org_id) as tx:
        assert (
            await tx.value("SELECT closed_reason FROM conversation WHERE conversation_id = :a", a=alone) == 1
        )


async def test_a_room_in_custody_is_seen_by_administrators_who_appoint_and_never_read(world: World) -> None:
    await world.person("kim", Role.ADMIN)
    room = await world.room("eve", owner="bo")
    await world.say("eve", room, "secret")
    await erase(world, room, "bo")

    async with world.database.read(world.org_id) as tx:
        (held,) = await world.domain.custody.held(tx, world["kim"])
        with pytest.raises(NotPermitted):
            await world.domain.custody.held(tx, world["eve"])
    for name in ("ana", "kim"):
        with pytest.raises(ConversationNotFound):
            await world.page(name, room)
        with pytest.raises(ConversationNotFound):
            await world.add(name, room, name)
    with pytest.raises(MemberNotFound):
        await world.hand_over("kim", room, "kim")
    await world.hand_over("kim", room, "eve")

    assert (held.conversation_id, held.title, held.members) == (
        room,
        "Bridge works",
        [(world["eve"].user_id, "Eve")],
    )
    assert await owner_of(world, room) == ("eve", True)
    async with world.database.read(world.org_id) as tx:
        assert await world.domain.custody.held(tx, world["kim"]) == []
        entries = await world.evidence.entries(tx, world.org_id)
    handed = [one.detail for one in entries if one.action == "owner.changed"]
    assert {one["in_custody"] for one in handed if isinstance(one, Mapping)} == {0, 1}


async def test_whoever_holds_a_room_hands_it_on_when_they_are_erased(world: World) -> None:
    await world.person("olga", Role.OWNER)
    room = await world.room("eve", owner="bo")
    await erase(world, room, "bo")
    holder, inside = await owner_of(world, room)
    other = "olga" if holder == "ana" else "ana"
    assert not inside

    async with world.database.write(world.org_id) as tx:
        assert await Leaving(world.desk).next_room(tx, world[holder].user_id, None) == room
    await erase(world, room, holder)

    assert await owner_of(world, room) == (other, False)


async def test_deputies_act_for_the_owner_and_do_not_replace_them(world: World) -> None:
    await world.person("kim")
    room = await world.room("eve", "kim", owner="bo")
    for name in ("eve", "kim"):
        await ruling.make_role(world, "bo", room, name, MemberRole.DEPUTY)

    await world.rename("eve", room, "Other name")
    await world.add("eve", room, "ana")
    await world.take_out("eve", room, "ana")
    for act in (
        lambda: world.take_out("eve", room, "kim"),
        lambda: ruling.make_role(world, "eve", room, "kim", MemberRole.MEMBER),
        lambda: world.hand_over("eve", room, "eve"),
        lambda: ruling.close(world, "eve", room),
    ):
        with pytest.raises(NotPermitted):
            await act()
    with pytest.raises(OwnerMustTransfer):
        await world.take_out("eve", room, "bo")
    with pytest.raises(OwnerHasRole):
        await ruling.make_role(world, "bo", room, "bo", MemberRole.MEMBER)


async def test_a_new_standing_is_one_event_and_one_entry(world: World) -> None:
    room = await ruling.make(world, Kind.ANNOUNCEMENT, "bo")
    for _ in range(2):
        await ruling.make_role(world, "ana", room, "bo", MemberRole.POSTER)

    changed = [event["content"] for event in await world.events("bo", room)][1:]
    bo, ana = str(world["bo"].user_id), str(world["ana"].user_id)
    assert changed == [{"user_id": bo, "by": ana, "role": "poster", "previous": "member"}]
    async with world.database.read(world.org_id) as tx:
        entries = await world.evidence.entries(tx, world.org_id)
    assert [one.action for one in entries].count("member.role_changed") == 1


def acts(
    world: World, room: ConversationId, name: str, other: str, role: MemberRole
) -> list[Callable[[], Awaitable[object]]]:
    """What may happen next."""
    return [
        lambda: world.add(name, room, other),
        lambda: world.take_out(name, room, other),
        lambda: world.take_out(other, room, other),
        lambda: world.hand_over(name, room, other),
        lambda: ruling.make_role(world, name, room, other, role),
        lambda: erase(world, room, other),
    ]


async def test_whatever_happens_a_room_with_people_in_it_has_one_owner(world: World, own_seed: int) -> None:
    """Random lives of a room: its owner is always one person, in it or of the organisation's owners."""
    chance = random.Random(own_seed)
    await world.person("kim", Role.ADMIN)
    for name in ("lea", "mo"):
        await world.person(name)
    names = ("bo", "eve", "kim", "lea", "mo")
    room = await world.room("eve", "kim", "lea", owner="bo")
    for _ in range(80):
        name, other = chance.choice((*names, "ana")), chance.choice(names)
        role = chance.choice((MemberRole.MEMBER, MemberRole.DEPUTY, MemberRole.POSTER))
        act = chance.choice(acts(world, room, name, other, role))
        try:
            await act()
        except Refusal:
            continue
        async with world.database.read(world.org_id) as tx:
            held = await tx.value("SELECT in_custody FROM conversation WHERE conversation_id = :a", a=room)
            members = await tx.value("SELECT count(*) FROM member WHERE conversation_id = :a", a=room)
        if not members:
            break
        owner, inside = await owner_of(world, room)
        assert inside or owner == "ana"
        assert held is not inside

"""Creating, naming and owning conversations."""

import asyncio

import pytest

from amana.conversations.errors import (
    ConversationNotFound,
    DirectIsFixed,
    DirectWithSelf,
    HistoryDaysInvalid,
    MemberNotFound,
    OwnerMustTransfer,
    PurposeRequired,
    TextInvalid,
    TextTooLong,
    TitleRequired,
)
from amana.conversations.model import History, HistoryPolicy, direct_id
from amana.conversations.service import NewGroup
from amana.events.errors import ClientIdReused
from amana.kernel.actor import Role
from amana.kernel.ids import ConversationId
from amana.people.errors import NotPermitted, UnknownPerson
from tests.conversations.world import EVERYTHING, World


def group(world: World, **changes: object) -> NewGroup:
    wanted: dict[str, object] = {
        "client_id": world.client_id(),
        "title": "Bridge",
        "purpose": "Build it",
        "member_ids": (world["bo"].user_id,),
        "history": EVERYTHING,
    }
    return NewGroup(**{**wanted, **changes})  # type: ignore[arg-type]  # the test says which field


async def create(world: World, wanted: NewGroup, name: str = "ana") -> ConversationId:
    async with world.database.write(world.org_id) as tx:
        return await world.conversations.create_group(tx, world[name], wanted)


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"purpose": "  "}, PurposeRequired),
        ({"title": ""}, TitleRequired),
        ({"title": "x" * 121}, TextTooLong),
        ({"purpose": "a\x00b"}, TextInvalid),
        ({"history": HistoryPolicy(History.DAYS, 0)}, HistoryDaysInvalid),
    ],
)
async def test_a_group_needs_name_purpose_and_sensible_history(
    world: World, changes: dict[str, object], refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        await create(world, group(world, **changes))

    assert await world.list_of("ana") == []


async def test_creating_twice_with_one_client_id_makes_one_group(world: World) -> None:
    wanted = group(world)

    first, second = await create(world, wanted), await create(world, wanted)

    assert first == second
    assert len(await world.list_of("bo")) == 1


async def test_a_client_id_does_not_stand_for_two_groups(world: World) -> None:
    wanted = group(world)
    await create(world, wanted)

    with pytest.raises(ClientIdReused):
        await create(world, group(world, client_id=wanted.client_id, title="Other"))


async def test_guests_create_no_groups(world: World) -> None:
    await world.person("gus", Role.GUEST)

    with pytest.raises(NotPermitted):
        await create(world, group(world), "gus")


async def test_unknown_people_cannot_be_added(world: World) -> None:
    stranger = world.ids.new()

    with pytest.raises(UnknownPerson):
        await create(world, group(world, member_ids=(stranger,)))


async def test_both_who_begin_a_direct_conversation_meet_in_one(world: World) -> None:
    first, second = await asyncio.gather(world.direct("ana", "bo"), world.direct("bo", "ana"))

    assert first == second == direct_id(world.org_id, world["bo"].user_id, world["ana"].user_id)
    line = await world.line("ana", first)
    assert (line["kind"], line["peer_id"], line["members_count"]) == ("direct", str(world["bo"].user_id), 2)
    assert line["title"] is None
    await world.say("bo", first)
    assert (await world.line("ana", first))["msg_no"] == 1


async def test_a_direct_conversation_stays_as_it_is(world: World) -> None:
    room = await world.direct("ana", "bo")

    for act in (
        lambda: world.add("ana", room, "eve"),
        lambda: world.take_out("ana", room, "ana"),
        lambda: world.rename("ana", room, "Us"),
        lambda: world.hand_over("ana", room, "bo"),
    ):
        with pytest.raises(DirectIsFixed):
            await act()
    with pytest.raises(DirectWithSelf):
        await world.direct("ana", "ana")


async def test_guests_find_only_those_they_share_a_conversation_with(world: World) -> None:
    await world.person("gus", Role.GUEST)
    await world.room("gus")

    await world.direct("gus", "ana")
    with pytest.raises(UnknownPerson):
        await world.direct("gus", "eve")


async def test_the_owner_renames_and_members_do_not(world: World) -> None:
    room = await world.room("bo")

    await world.rename("ana", room, "  New \n name ")
    with pytest.raises(NotPermitted):
        await world.rename("bo", room, "Mine")
    with pytest.raises(ConversationNotFound):
        await world.rename("eve", room, "Mine")

    line = await world.line("bo", room)
    assert (line["title"], line["purpose"]) == ("New name", "Plan the new bridge")


async def test_renaming_to_the_same_is_no_event(world: World) -> None:
    room = await world.room("bo")
    before = await world.line("ana", room)

    await world.rename("ana", room, before["title"])

    assert await world.line("ana", room) == before


async def test_a_group_never_loses_its_owner(world: World) -> None:
    room = await world.room("bo")

    with pytest.raises(OwnerMustTransfer):
        await world.take_out("ana", room, "ana")
    with pytest.raises(MemberNotFound):
        await world.hand_over("ana", room, "eve")
    await world.hand_over("ana", room, "bo")
    await world.take_out("ana", room, "ana")

    line = await world.line("bo", room)
    assert (line["owner_id"], line["my_role"], line["members_count"]) == (
        str(world["bo"].user_id),
        "owner",
        1,
    )


async def test_an_administrator_outside_appoints_an_owner_and_reads_nothing(world: World) -> None:
    room = await world.room("bo", "eve", owner="bo")

    await world.hand_over("ana", room, "eve")

    assert (await world.line("eve", room))["my_role"] == "owner"
    assert (await world.line("bo", room))["my_role"] == "member"
    with pytest.raises(ConversationNotFound):
        await world.page("ana", room)
    with pytest.raises(ConversationNotFound):
        await world.add("ana", room, "ana")


async def test_changes_are_written_into_the_evidence(world: World) -> None:
    room = await world.room("bo")
    await world.add("ana", room, "eve")
    await world.rename("ana", room, "Secret name")
    await world.hand_over("ana", room, "bo")
    await world.take_out("bo", room, "eve")

    async with world.database.read(world.org_id) as tx:
        entries = await world.evidence.entries(tx, world.org_id)

    assert {entry.action for entry in entries} == {
        "conversation.created",
        "member.added",
        "conversation.changed",
        "owner.changed",
        "member.removed",
        "key.rotated",
    }
    assert "Secret name" not in str(entries)


async def test_titles_are_nowhere_in_clear(world: World) -> None:
    await create(world, group(world, title="Quellwolke", purpose="Zweckmond"))

    async with world.database.read(world.org_id) as tx:
        row = await tx.one("SELECT string_agg(c::text, '') AS all FROM conversation c")

    assert row is not None
    assert b"Quellwolke".hex() not in row["all"]
    assert "Quellwolke" not in row["all"]

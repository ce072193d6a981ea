"""What the people domain asks about a conversation that an invitation leads into."""

import pytest

from amana.app.rooms import Rooms
from amana.kernel.actor import Role
from tests.conversations.world import World


@pytest.mark.parametrize("change", ["nothing", "taken out", "became a member"])
async def test_whoever_may_not_add_people_any_more_does_not_do_it_by_an_old_link(
    world: World, change: str
) -> None:
    ada = await world.person("ada", Role.ADMIN)
    room = await world.room("bo", "ada")
    rooms = Rooms(world.conversations, world.members)
    role = Role.MEMBER if change == "became a member" else ada.role

    if change == "taken out":
        await world.take_out("ana", room, "ada")
    async with world.database.read(world.org_id) as tx:
        may = await rooms.may_still_invite(tx, ada.user_id, role, room)

    assert may is (change == "nothing")


async def test_nobody_is_invited_into_a_direct_conversation(world: World) -> None:
    room = await world.direct("ana", "bo")
    rooms = Rooms(world.conversations, world.members)

    async with world.database.read(world.org_id) as tx:
        may = await rooms.may_still_invite(tx, world["ana"].user_id, Role.OWNER, room)

    assert not may

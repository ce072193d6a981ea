"""How far each person has read."""

import pytest

from amana.conversations.errors import ConversationNotFound
from tests.conversations.world import World


async def unread(world: World, name: str, room: object) -> int:
    line = await world.line(name, room)  # type: ignore[arg-type]  # any room
    return int(line["msg_no"] - line["read_no"])


async def test_unread_counts_messages_of_others_only(world: World) -> None:
    room = await world.room("bo")
    await world.say("ana", room)
    sent = await world.say("ana", room)
    await world.edit("ana", room, sent.seq, "again")

    assert (await unread(world, "bo", room), await unread(world, "ana", room)) == (2, 0)

    await world.say("bo", room)
    assert (await unread(world, "bo", room), await unread(world, "ana", room)) == (0, 1)


async def test_a_marker_only_moves_forward(world: World) -> None:
    room = await world.room("bo")
    first = await world.say("ana", room)
    second = await world.say("ana", room)

    await world.read("bo", room, second.seq)
    await world.read("bo", room, first.seq)
    await world.read("bo", room, 10_000)

    line = await world.line("bo", room)
    assert (line["read_seq"], line["read_no"]) == (second.seq, 2)


async def test_a_moved_marker_reaches_the_own_devices_and_the_room_once(world: World) -> None:
    room = await world.room("bo")
    sent = await world.say("ana", room)

    for _ in range(2):
        await world.read("bo", room, sent.seq)

    moved = [event for event in world.heard.users[world["bo"].user_id] if event["kind"] == "read.moved"]
    assert [(event["c"], event["seq"], event["detail"]) for event in moved] == [
        (str(room), sent.seq, {"read_no": 1})
    ]
    assert world.heard.markers == [(room, world["bo"].user_id, sent.seq)]


async def test_outsiders_have_no_marker(world: World) -> None:
    room = await world.room("bo")

    with pytest.raises(ConversationNotFound):
        await world.read("eve", room, 1)

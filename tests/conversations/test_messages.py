"""Sending, editing, removing, quoting."""

from tests.conversations.world import World, texts


async def test_what_one_member_sends_the_other_reads(world: World) -> None:
    room = await world.room("bo")

    sent = await world.say("ana", room, "Hello *Bo*")

    page = await world.page("bo", room)
    assert texts(page) == ["Hello *Bo*"]
    assert page["entries"][-1]["seq"] == sent.seq
    assert [entry["kind"] for entry in page["entries"]] == ["conversation.created", "message.created"]

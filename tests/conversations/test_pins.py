"""Pins: for everybody in the room, as far as they see the message, and gone with it."""

import asyncio

import pytest

from amana.conversations.errors import (
    ConversationNotFound,
    MessageErased,
    MessageNotFound,
    MessageRemoved,
)
from amana.conversations.model import Kind, MemberRole
from amana.conversations.pins import service
from amana.conversations.pins.errors import TooManyPins
from amana.conversations.pins.model import may_pin
from amana.conversations.rules import Posting, RoomRules
from amana.kernel.errors import Refusal
from tests.conversations.marking import pin, pinned, unpin
from tests.conversations.world import SINCE_JOINING, World


async def test_a_pinned_message_is_found_by_everybody(world: World) -> None:
    room = await world.room("bo")
    one, two = await world.say("ana", room, "plan"), await world.say("bo", room, "map")

    await pin(world, "bo", room, one.seq)
    await pin(world, "ana", room, two.seq)
    await pin(world, "ana", room, one.seq)  # again: nothing changes

    found = await pinned(world, "ana", room)
    assert [entry["content"]["text"] for entry in found] == ["map", "plan"]
    assert found[1]["pinned"]["by"] == str(world["bo"].user_id)
    assert (await world.page("bo", room))["entries"][-1]["pinned"] == found[0]["pinned"]
    kinds = [event["kind"] for event in await world.events("ana", room)]
    assert kinds.count("message.pinned") == 2

    await unpin(world, "ana", room, one.seq)
    await unpin(world, "ana", room, one.seq)
    assert [entry["seq"] for entry in await pinned(world, "bo", room)] == [two.seq]
    assert "pinned" not in await world.entry("bo", room, one.seq)


async def test_a_pin_shows_the_newest_wording_and_goes_with_its_message(world: World) -> None:
    room = await world.room("bo")
    one, two = await world.say("ana", room, "plan"), await world.say("ana", room, "map")
    await pin(world, "bo", room, one.seq)
    await pin(world, "bo", room, two.seq)

    await world.edit("ana", room, one.seq, "new plan")
    assert [entry["content"]["text"] for entry in await pinned(world, "bo", room)] == ["map", "new plan"]
    await world.remove("ana", room, two.seq)
    assert [entry["seq"] for entry in await pinned(world, "bo", room)] == [one.seq]
    with pytest.raises(MessageRemoved):
        await pin(world, "bo", room, two.seq)
    await world.erase_older(room, hours=0)

    assert await pinned(world, "bo", room) == []
    assert "pinned" not in await world.entry("bo", room, one.seq)
    with pytest.raises(MessageErased):
        await pin(world, "bo", room, one.seq)


async def test_who_may_not_see_a_message_does_not_see_its_pin(world: World) -> None:
    room = await world.room("bo", history=SINCE_JOINING)
    hidden = await world.say("ana", room)
    await pin(world, "bo", room, hidden.seq)
    await world.add("ana", room, "eve")

    assert await pinned(world, "eve", room) == []
    for act in (pin, unpin):
        with pytest.raises(MessageNotFound):
            await act(world, "eve", room, hidden.seq)
    other = await world.room()
    with pytest.raises(ConversationNotFound):
        await pinned(world, "eve", other)


async def test_two_pinners_cannot_share_the_last_slot(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "MAX_PINS", 3)
    room = await world.room("bo")
    sent = [await world.say("ana", room) for _ in range(4)]
    for one in sent[:2]:
        await pin(world, "ana", room, one.seq)

    outcomes = await asyncio.gather(
        pin(world, "ana", room, sent[2].seq), pin(world, "bo", room, sent[3].seq), return_exceptions=True
    )

    refused = [outcome for outcome in outcomes if isinstance(outcome, Refusal)]
    assert [type(refusal) for refusal in refused] == [TooManyPins]
    assert len(await pinned(world, "bo", room)) == 3


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("standing", MemberRole)
@pytest.mark.parametrize("posting", Posting)
def test_who_pins_is_who_writes_or_looks_after_the_room(
    kind: Kind, standing: MemberRole, posting: Posting
) -> None:
    looks_after = standing is not MemberRole.MEMBER
    open_to_all = kind in (Kind.DIRECT, Kind.GROUP) and posting is Posting.ALL

    assert may_pin(kind, RoomRules(posting=posting), standing) == (looks_after or open_to_all)

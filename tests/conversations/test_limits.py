"""How fast people change messages, and how many markers they move at once."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from amana.conversations.errors import ConversationNotFound, SendingTooFast
from amana.conversations.model import CHANGE_BURST
from amana.conversations.socket import EditFrame, ReadFrame, RemoveFrame, SocketOperations
from amana.events.model import Appended
from amana.kernel.actor import Actor
from amana.kernel.errors import Refusal
from amana.kernel.ids import ConversationId
from tests.conversations.test_hot_path import counted
from tests.conversations.test_http import call
from tests.conversations.world import World, texts

__all__ = ["call"]


class Wire:
    """A socket as operations see it."""

    def __init__(self, actor: Actor) -> None:
        self.actor = actor

    def settle(self, _conversation_id: ConversationId, _client_id: object) -> Any:
        def done(outcome: Appended | Refusal) -> None:
            assert isinstance(outcome, Appended)

        return done


def operations_of(world: World) -> SocketOperations:
    return SocketOperations(
        world.database, world.sending, world.messages, world.reading, holding=world.domain.holding
    )


async def test_edits_and_removals_share_a_pace_of_their_own(world: World, call: Any) -> None:
    room = await world.room("bo")
    first, second = await world.say("ana", room, "one"), await world.say("ana", room, "two")
    operations, wire = operations_of(world), Wire(world["ana"])
    for number in range(CHANGE_BURST):
        await operations.edit(wire, EditFrame(room, world.client_id(), first.seq, f"{number}"))

    with pytest.raises(SendingTooFast):
        await operations.edit(wire, EditFrame(room, world.client_id(), first.seq, "one too many"))
    with pytest.raises(SendingTooFast):
        await operations.remove(wire, RemoveFrame(room, world.client_id(), second.seq))
    body = {"client_id": str(world.client_id())}
    place = f"/v1/conversations/{room}/messages/{second.seq}"
    edited = await call("ana", "PUT", place, {**body, "text": "again"})
    removed = await call("ana", "POST", f"{place}/removal", body)
    await world.say("ana", room, "messages go on")
    world.clock.advance(timedelta(seconds=10))
    await operations.remove(wire, RemoveFrame(room, world.client_id(), second.seq))

    assert [(status, answer["error"]["code"]) for status, answer in (edited, removed)] == [
        (429, "sending_too_fast"),
        (429, "sending_too_fast"),
    ]
    assert texts(await world.page("bo", room)) == [f"{CHANGE_BURST - 1}", None, "messages go on"]


async def test_markers_of_one_socket_are_moved_one_at_a_time(world: World) -> None:
    room = await world.room("bo")
    seqs = [(await world.say("ana", room)).seq for _ in range(20)]
    operations, wire = operations_of(world), Wire(world["bo"])

    with counted() as one:
        await operations.read(wire, ReadFrame(room, seqs[0]))
    with counted() as many:
        await asyncio.gather(*(operations.read(wire, ReadFrame(room, seq)) for seq in seqs[1:]))

    assert len(many) <= 2 * len(one)
    assert (await world.line("bo", room))["read_seq"] == seqs[-1]


async def test_a_marker_that_failed_does_not_hold_back_the_next(world: World) -> None:
    room = await world.room()
    operations, wire = operations_of(world), Wire(world["bo"])

    for _ in range(2):
        with pytest.raises(ConversationNotFound):
            await operations.read(wire, ReadFrame(room, 1))

"""What a message costs: statements per message, counted on the real database."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

from amana.conversations.messages.draft import Draft
from amana.conversations.socket import SendFrame, SocketOperations
from amana.events.model import Appended
from amana.kernel.actor import Actor
from amana.kernel.errors import Refusal
from amana.kernel.ids import ConversationId
from amana.storage.database import Database, Tx
from tests.conversations.world import World


@contextmanager
def counted() -> Iterator[list[str]]:
    """Collect every statement that goes to the database, by whatever way."""
    said: list[str] = []

    def spy(owner: Any, name: str, place: int) -> Any:
        real = getattr(owner, name)

        async def call(self: Any, *args: Any, **params: Any) -> Any:
            said.append(args[place])
            return await real(self, *args, **params)

        return patch.object(owner, name, call)

    with ExitStack() as spies:
        spies.enter_context(spy(Database, "call", 1))
        for name in ("one", "all", "value", "run", "fetch"):
            spies.enter_context(spy(Tx, name, 0))
        yield said


async def test_a_message_of_a_known_member_is_one_statement(world: World) -> None:
    room = await world.room("bo")
    await world.say("ana", room)

    with counted() as said:
        await world.say("ana", room)

    assert len(said) == 1


async def test_what_arrives_during_a_commit_shares_the_next(world: World) -> None:
    room = await world.room("bo")
    await world.say("ana", room)

    with counted() as said:
        drafts = [Draft(room, world.client_id(), f"{number}") for number in range(100)]
        await asyncio.gather(*(world.sending.send(world["ana"], draft) for draft in drafts))

    assert len(said) <= 2


async def test_a_page_costs_the_same_whatever_its_length(world: World) -> None:
    room = await world.room("bo")
    for number in range(30):
        sent = await world.say("ana", room, f"{number}")
        if number % 3 == 0:
            await world.edit("ana", room, sent.seq, "again")
    await world.page("bo", room, limit=30)

    with counted() as short:
        await world.page("bo", room, limit=2)
    with counted() as long:
        await world.page("bo", room, limit=30)

    # Member, head, events, states, current revisions, wraps; the key is remembered. Then one look-up for each
    # kind of thing that stands beside messages: reactions with their wraps, pins, threads.
    assert len(short) <= 11
    assert len(long) <= len(short) + 2


class Wire:
    """A socket as operations see it."""

    def __init__(self, actor: Actor) -> None:
        self.actor = actor
        self.outcomes: list[Appended | Refusal] = []

    def settle(self, _conversation_id: ConversationId, _client_id: object) -> Any:
        return self.outcomes.append


async def test_a_frame_from_a_socket_is_queued_without_waiting(world: World) -> None:
    room = await world.room("bo")
    await world.say("ana", room)
    operations = SocketOperations(
        world.database, world.sending, world.messages, world.reading, holding=world.domain.holding
    )
    wire = Wire(world["ana"])

    for number in range(5):
        operations.send(wire, SendFrame(room, world.client_id(), f"{number}"))
    assert wire.outcomes == []
    await world.say("ana", room)

    assert [outcome.seq for outcome in wire.outcomes if isinstance(outcome, Appended)] == [3, 4, 5, 6, 7]


async def test_the_frame_on_the_doorbell_is_the_one_that_is_read_back(world: World) -> None:
    room = await world.room("bo")
    await world.say("ana", room, "Grüße *مرحبا*")

    assert world.heard.events(room) == await world.events("ana", room)
    assert (
        json.dumps(world.heard.events(room)[-1]["content"]["text"], ensure_ascii=False) == '"Grüße *مرحبا*"'
    )


async def test_a_list_costs_the_same_whatever_its_length(world: World) -> None:
    async def fill(count: int) -> None:
        for number in range(count):
            room = await world.room("bo")
            sent = await world.say("ana", room, f"{number}")
            if number % 3 == 1:
                await world.edit("ana", room, sent.seq, f"{number} again")
            if number % 3 == 2:
                await world.remove("ana", room, sent.seq)

    await fill(3)
    await world.list_of("bo")
    with counted() as short:
        await world.list_of("bo")
    await fill(27)
    await world.list_of("bo")

    with counted() as long:
        lines = await world.list_of("bo")

    assert len(lines) == 30
    # Eight of the conversations themselves; one for unread names, two for what is one's own (places and
    # drafts), two for how far others have read (who keeps that to themselves, and the marks).
    assert len(long) == len(short) <= 13

"""Who is writing: told where it may be, kept nowhere."""

from datetime import timedelta
from uuid import UUID

import pytest

from amana.conversations.errors import ConversationNotFound
from amana.conversations.model import Kind
from amana.conversations.private.preferences.service import Choice
from amana.conversations.receipts.socket import ReceiptOperations, TypingFrame
from amana.conversations.receipts.typing import Typing
from amana.kernel.ids import ConversationId
from tests.conversations.ruling import close, make
from tests.conversations.world import World


class Writing:
    """What people type, and whom the doorbell names."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.operations = ReceiptOperations(world.domain.deliveries, Typing(world.database, world.desk))
        self.told: list[tuple[UUID | None, UUID]] = []
        world.desk.doorbell.on("typing", lambda notice: self.told.append((notice.place, notice.subject)))

    async def type(self, name: str, room: ConversationId) -> None:
        class Device:
            actor = self.world[name]

        answer = self.operations.typing(Device(), TypingFrame(c=room))  # type: ignore[arg-type]
        if answer is not None:
            await answer


@pytest.fixture
def writing(world: World) -> Writing:
    return Writing(world)


async def test_a_writer_is_named_once_in_two_seconds(world: World, writing: Writing) -> None:
    room = await world.room("bo")
    for _ in range(5):
        await writing.type("bo", room)
    assert writing.told == [(room, world["bo"].user_id)]

    world.clock.advance(timedelta(seconds=3))
    await writing.type("bo", room)
    assert len(writing.told) == 2


async def test_whoever_does_not_want_it_and_whoever_may_not_write_is_never_named(
    world: World, writing: Writing
) -> None:
    room, news = await world.room("bo"), await make(world, Kind.ANNOUNCEMENT, "bo")
    over = await make(world, Kind.GROUP, "bo")
    await close(world, "ana", over)
    async with world.database.write(world.org_id) as tx:
        await world.domain.private.preferences.choose(tx, world["bo"], Choice(typing=False))
    await writing.type("bo", room)
    await writing.type("ana", over)
    async with world.database.write(world.org_id) as tx:
        await world.domain.private.preferences.choose(tx, world["bo"], Choice(typing=True))
    await writing.type("bo", news)
    with pytest.raises(ConversationNotFound):
        await writing.type("eve", room)

    assert writing.told == []
    await writing.type("ana", news)
    assert writing.told == [(news, world["ana"].user_id)]

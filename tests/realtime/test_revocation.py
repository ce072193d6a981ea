"""Somebody is removed while an answer about their membership is still on its way."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest

from amana.events.following import Subscription
from amana.kernel.actor import Actor
from amana.kernel.entropy import SeededEntropy
from amana.kernel.ids import ConversationId
from amana.realtime.ws import Gateway
from tests.realtime.world import Client, Memory, World

JOINED, LEFT = 1, 2


class SlowMemory(Memory):
    """Answers what was true when it was asked; while ``held`` only after ``let_go``."""

    held = False

    def hold(self) -> None:
        self.held, self.asked, self.go = True, asyncio.Event(), asyncio.Event()

    def let_go(self) -> None:
        self.held = False
        self.go.set()

    async def subscriptions(self, actor: Actor) -> Sequence[Subscription]:
        found = [await super(SlowMemory, self).subscription(actor, room) for room in self.heads]
        await self._pause()
        return [subscription for subscription in found if subscription is not None]

    async def subscription(self, actor: Actor, conversation_id: ConversationId) -> Subscription | None:
        found = await super().subscription(actor, conversation_id)
        await self._pause()
        return found

    async def _pause(self) -> None:
        if self.held:
            self.asked.set()
            await self.go.wait()


class SlowWorld(World):
    """A gateway over a slow memory."""

    def __init__(self, memory: SlowMemory) -> None:
        super().__init__()
        self.memory = memory
        self.gateway = Gateway(memory, [], hub=self.hub, clock=self.clock, entropy=SeededEntropy(1))


@pytest.fixture
async def memory() -> SlowMemory:
    return SlowMemory()


@pytest.fixture
async def world(memory: SlowMemory) -> AsyncIterator[World]:
    world = SlowWorld(memory)
    yield world
    await world.close()


def remove(world: World, client: Client, room: ConversationId) -> None:
    """What the commit of a removal does: the database knows, then the sockets are cut."""
    user_id = world.memory.actors[client.who].user_id
    del world.memory.visible_from[user_id, room]
    world.hub.revoke_reader(room, user_id)


async def hears(world: World, client: Client, room: ConversationId) -> bool:
    """Whether the next event reaches this device."""
    before = len(client.of("event"))
    world.commit(room)
    await world.quiet()
    return len(client.of("event")) > before


async def test_a_greeting_asked_before_a_removal_does_not_follow(world: World, memory: SlowMemory) -> None:
    room, other = world.room(), world.room()
    ana = world.client("ana", room, other)

    memory.hold()
    connecting = asyncio.create_task(ana.connect())
    await memory.asked.wait()
    remove(world, ana, room)
    memory.let_go()
    await connecting

    assert [head["c"] for head in ana.of("welcome")[0]["heads"]] == [str(other)]
    assert not await hears(world, ana, room)
    assert await hears(world, ana, other)


async def test_an_opening_asked_before_a_removal_does_not_follow(world: World, memory: SlowMemory) -> None:
    room = world.room()
    ana = world.client("ana")
    await ana.connect()
    world.memory.visible_from[world.memory.actors["ana"].user_id, room] = 1

    memory.hold()
    ana.watch(room)
    await memory.asked.wait()
    remove(world, ana, room)
    memory.let_go()
    await world.quiet()

    assert [refused["error"]["code"] for refused in ana.of("refused")] == ["unknown_conversation"]
    assert not await hears(world, ana, room)


async def test_a_joining_looked_up_before_a_removal_does_not_follow(world: World, memory: SlowMemory) -> None:
    room = world.room()
    ana = world.client("ana")
    await ana.connect()
    user_id = world.memory.actors["ana"].user_id
    world.memory.visible_from[user_id, room] = 1

    memory.hold()
    world.hub.user_moved(user_id, 1, JOINED, room, b'{"t":"user","pos":1}')
    await memory.asked.wait()
    remove(world, ana, room)
    memory.let_go()
    await world.quiet()

    assert ana.of("head") == []
    assert not await hears(world, ana, room)


async def test_the_reads_of_others_do_not_reach_somebody_removed_meanwhile(world: World) -> None:
    room = world.room()
    ana, bo = world.client("ana", room), world.client("bo", room)
    await ana.connect()
    await bo.connect()
    world.commit(room, 3, ring=False)

    world.hub.conversation_moved(room, 1, 3, 3, None)
    while not world.memory.range_reads:
        await asyncio.sleep(0)
    remove(world, bo, room)
    await world.quiet()

    assert (len(ana.of("event")), bo.of("event")) == (3, [])


async def test_a_removal_looked_up_before_somebody_came_back_does_not_cut_them(
    world: World, memory: SlowMemory
) -> None:
    room = world.room()
    ana = world.client("ana", room)
    await ana.connect()
    user_id = world.memory.actors["ana"].user_id
    remove(world, ana, room)

    memory.hold()
    world.hub.user_moved(user_id, 1, LEFT, room, b'{"t":"user","pos":1}')
    await memory.asked.wait()
    memory.held = False  # only the first answer is late
    world.memory.visible_from[user_id, room] = 1
    world.hub.user_moved(user_id, 2, JOINED, room, b'{"t":"user","pos":2}')
    await world.quiet()
    memory.let_go()
    await world.quiet()

    assert [head["c"] for head in ana.of("head")] == [str(room)]
    assert await hears(world, ana, room)

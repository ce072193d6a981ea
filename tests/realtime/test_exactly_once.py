"""Whatever the doorbell, the network and the clients do: applied list = log."""

import asyncio
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.realtime.world import Client, World

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("commit"), st.integers(0, 1), st.integers(1, 3)),
        st.tuples(st.just("lose"), st.integers(0, 1), st.integers(1, 2)),
        st.tuples(st.just("hold"), st.integers(0, 1), st.integers(1, 2)),
        st.tuples(st.just("release"), st.integers(0, 9), st.booleans()),
        st.tuples(st.just("drop"), st.integers(0, 2), st.just(0)),
        st.tuples(st.just("resume"), st.integers(0, 2), st.just(0)),
        st.tuples(st.just("stall"), st.integers(0, 2), st.just(0)),
        st.tuples(st.just("turn"), st.integers(1, 6), st.just(0)),
        st.tuples(st.just("digest"), st.just(0), st.just(0)),
    ),
    max_size=40,
)


async def _play(steps: list[tuple[str, int, Any]], members: int) -> None:
    world = World(members=members)
    rooms = [world.room(), world.room()]
    clients = [world.client(name, *rooms) for name in ("ana", "bo", "eve")]
    held: list[tuple[Any, int, int]] = []
    for client in clients:
        await client.connect()
        for room in rooms:
            client.watch(room)
    for step, which, how in steps:
        await _step(world, rooms, clients, held, (step, which, how))
    for client in clients:
        client.reads.set()
        if client.task is None or client.task.done():
            await client.connect()
    await world.quiet()
    for _ in range(2):
        await world.gateway.pump.send_digest()
        await world.quiet()
    for client in clients:
        for room in rooms:
            assert client.applied[room] == list(range(1, world.memory.heads[room] + 1))
        assert client.jumps == 0  # the server itself never skips; the client's rule is the second line
    await world.close()


async def _step(
    world: World, rooms: list[Any], clients: list[Client], held: list[Any], move: tuple[str, int, Any]
) -> None:
    step, which, how = move
    if step in ("commit", "lose"):
        world.commit(rooms[which], how, ring=step == "commit")
    elif step == "hold":
        held.append((rooms[which], *world.commit(rooms[which], how, ring=False)))
    elif step == "release" and held:
        bell = held[which % len(held)]
        if not how:
            held.remove(bell)
        world.ring(*bell)
    elif step == "turn":
        for _ in range(which):
            await asyncio.sleep(0)
    elif step == "digest":
        await world.gateway.pump.send_digest()
    elif step in ("drop", "resume", "stall"):
        await _disturb(clients[which], step)


async def _disturb(client: Client, step: str) -> None:
    if step == "stall":
        client.reads.clear()
        return
    client.reads.set()
    await client.disconnect()
    if step == "resume":
        await client.connect()


@settings(max_examples=150, deadline=None, print_blob=True)
@given(steps=STEPS, members=st.sampled_from([2, 1000]))
def test_every_interleaving_ends_with_the_log_on_every_screen(
    steps: list[tuple[str, int, Any]], members: int
) -> None:
    asyncio.run(_play(steps, members))

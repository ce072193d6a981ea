"""A process dies between its commit and telling anybody: the digest heals every screen within ten seconds."""

import asyncio
import os
import random
import signal
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest
import pytest_asyncio

from tests.faults.device import Device
from tests.support.client import join_many, new_client_id, set_up
from tests.support.server import ServerProcess

WITHOUT_DIGEST = (sys.executable, str(Path(__file__).with_name("without_digest.py")))
HEAL_S = 10.0
CI_DEATHS = 2
FULL_DEATHS = 50


class World:
    """One server, a room with one message in it, and a screen that shows it."""

    def __init__(self, server: ServerProcess, room: UUID, screen: Device) -> None:
        self.server, self.room, self.screen = server, room, screen
        self.like = ""

    async def die_after_commit(self) -> UUID:
        """Commit one message in a process that dies at once; gives its client id."""
        client_id = new_client_id()
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.faults.cut_off"),
            env={
                **os.environ,
                "TEST_DSN": self.server.superuser_dsn(),
                "TEST_KEY": str(self.server.data_dir / "keys" / "root.key"),
                "TEST_LIKE": f"{self.like} {client_id} nobody was told",
            },
        )
        assert await process.wait() == -signal.SIGKILL
        return client_id

    async def seconds_until_shown(self, client_id: UUID) -> float:
        begun = time.monotonic()
        while all(shown != client_id for _, shown in self.screen.screens[self.room]):
            if time.monotonic() - begun > HEAL_S:
                return float("inf")
            await asyncio.sleep(0.05)
        return time.monotonic() - begun


@pytest_asyncio.fixture
async def world(request: pytest.FixtureRequest) -> AsyncIterator[World]:
    """A parameter is a program that starts the server."""
    server = ServerProcess()
    server.prefix = list(getattr(request, "param", ()))
    screen = None
    try:
        ana = await set_up(await server.start(), server.setup_secret())
        (bo,) = await join_many(ana, ["Bo"])
        room = await ana.create_group("Room", [bo])
        screen = Device(bo, [room], random.Random(1))
        screen.start()
        world = World(server, room, screen)
        first = new_client_id()
        await ana.post(room, "everybody hears this", first)
        assert await world.seconds_until_shown(first) < HEAL_S
        world.like = await place_of(server, room)
        yield world
    finally:
        if screen is not None:
            await screen.stop()
        await server.remove()


async def place_of(server: ServerProcess, room: UUID) -> str:
    """Organisation, conversation, sender and device of a message, for one more like it."""
    connection = await asyncpg.connect(server.superuser_dsn())
    try:
        row = await connection.fetchrow(
            "SELECT org_id, conversation_id, sender_id, device_id FROM amana.event "
            "WHERE conversation_id = $1 AND kind = 10",
            room,
        )
    finally:
        await connection.close()
    assert row is not None
    return " ".join(str(value) for value in row)


async def heal(world: World, deaths: int) -> None:
    waits = []
    for _ in range(deaths):
        client_id = await world.die_after_commit()
        waits.append(await world.seconds_until_shown(client_id))

    print(f"shown after {sorted(round(wait, 1) for wait in waits)} s")
    assert max(waits) <= HEAL_S
    assert world.screen.wrong == []


async def test_the_digest_heals_what_a_dead_process_never_told(world: World) -> None:
    await heal(world, CI_DEATHS)


@pytest.mark.full
@pytest.mark.timeout(1200)
async def test_the_digest_heals_fifty_deaths(world: World) -> None:
    await heal(world, FULL_DEATHS)


@pytest.mark.parametrize(
    "world", [(sys.executable, str(Path(__file__).with_name("without_digest.py")))], indirect=True
)
async def test_a_server_without_the_digest_is_caught(world: World) -> None:
    client_id = await world.die_after_commit()

    assert await world.seconds_until_shown(client_id) > HEAL_S

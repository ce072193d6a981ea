"""A stop under load: whoever was acknowledged is stored, and every socket hears that the server goes."""

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID

import asyncpg
import pytest_asyncio
from websockets.exceptions import ConnectionClosed

from tests.support.client import Person, Socket, join_many, set_up
from tests.support.server import ServerProcess

WRITERS, PEOPLE = 20, 5
DRAINING = 4503  # as docs/api/realtime.md says
BEFORE_THE_STOP = 200


@pytest_asyncio.fixture
async def server() -> AsyncIterator[ServerProcess]:
    process = ServerProcess()
    yield process
    await process.remove()


class Writer:
    """Sends the next message when the last one is acknowledged, until it is cut off.

    Attributes:
        acked: client id → seq, as told.
        code: how the socket was closed.
    """

    def __init__(self, person: Person, room: UUID) -> None:
        self._person = person
        self._room = room
        self.acked: dict[UUID, int] = {}
        self.code: int | None = None

    async def write(self) -> None:
        socket = await Socket.open(self._person)
        try:
            while True:
                client_id = await socket.post(self._room, "still here")
                answer = await socket.acknowledged(client_id, timeout_s=30)
                if answer["t"] == "ack":
                    self.acked[client_id] = answer["seq"]
        except ConnectionClosed as closed:
            self.code = closed.rcvd.code if closed.rcvd else None


async def stored(server: ServerProcess) -> dict[UUID, int]:
    connection = await asyncpg.connect(server.superuser_dsn())
    try:
        return {
            row["client_id"]: row["seq"]
            for row in await connection.fetch("SELECT client_id, seq FROM amana.event")
        }
    finally:
        await connection.close()


async def test_twenty_writers_lose_nothing_when_the_server_stops(server: ServerProcess) -> None:
    await server.start()
    ana = await set_up(server.base_url, server.setup_secret())
    people = [ana, *await join_many(ana, [f"Person {number}" for number in range(2, PEOPLE + 1)])]
    room = await ana.create_group("Room", people[1:])
    writers = [Writer(people[number % PEOPLE], room) for number in range(WRITERS)]
    writing = [asyncio.create_task(writer.write()) for writer in writers]
    while sum(len(writer.acked) for writer in writers) < BEFORE_THE_STOP:
        await asyncio.sleep(0.01)

    code = await server.stop()
    await asyncio.wait_for(asyncio.gather(*writing), 30)
    await server.start()

    assert code == 0
    assert {writer.code for writer in writers} == {DRAINING}, "every socket hears a goodbye"
    there = await stored(server)
    acked = {client_id: seq for writer in writers for client_id, seq in writer.acked.items()}
    assert len(acked) >= BEFORE_THE_STOP
    assert {client_id: there.get(client_id) for client_id in acked} == acked

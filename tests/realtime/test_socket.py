"""The same gateway behind uvicorn on a real TCP connection."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import msgspec
import pytest
import uvicorn
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.frames import Opcode

from amana.realtime import session as bounds
from amana.realtime.session import CloseCode
from amana.realtime.ws import TRANSPORT_MAX_BYTES
from tests.realtime.world import World


class Edge:
    """uvicorn in this loop, with the settings of the product."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"ws://127.0.0.1:{self.listening.getsockname()[1]}/v1/socket"
        config = uvicorn.Config(
            self.app,
            ws="websockets-sansio",
            ws_max_size=TRANSPORT_MAX_BYTES,
            ws_per_message_deflate=False,
            lifespan="off",
            interface="asgi3",
            proxy_headers=False,
            log_config=None,
        )
        self.server = uvicorn.Server(config)
        self.task: asyncio.Task[None] | None = None

    async def app(self, scope: Any, receive: Any, send: Any) -> None:
        who = scope["query_string"].decode()
        await self.world.gateway.asgi({**scope, "who": who}, receive, send)

    @asynccontextmanager
    async def device(self, who: str) -> AsyncIterator[ClientConnection]:
        async with connect(f"{self.url}?{who}", compression=None, max_size=None) as device:
            await device.send('{"t":"hello","v":1}')
            assert '"welcome"' in await device.recv()
            yield device


@pytest.fixture
async def edge() -> AsyncIterator[Edge]:
    edge = Edge(World())
    edge.task = asyncio.create_task(edge.server.serve(sockets=[edge.listening]))
    while not edge.server.started:
        await asyncio.sleep(0.005)
    yield edge
    edge.server.should_exit = True
    await edge.task
    await edge.world.close()


async def close_code(device: ClientConnection) -> int:
    """Read to the end and give the server's close code."""
    async with asyncio.timeout(10):
        with suppress(ConnectionClosed):
            while True:
                await device.recv()
        await device.wait_closed()
    return device.close_code or 0


async def test_events_travel_in_one_frame_per_commit(edge: Edge) -> None:
    room = edge.world.room()
    edge.world.client("ana", room)

    async with edge.device("ana") as device:
        edge.world.commit(room, 3)
        frame = msgspec.json.decode(await device.recv())

    assert [element["seq"] for element in frame] == [1, 2, 3]


async def test_a_frame_of_one_megabyte_closes_its_socket_and_no_other(edge: Edge) -> None:
    room = edge.world.room()
    edge.world.client("ana", room)
    edge.world.client("bo", room)

    async with edge.device("ana") as bad, edge.device("bo") as good:
        await bad.send("x" * 1_000_000)
        assert await close_code(bad) == CloseCode.TOO_LARGE
        edge.world.commit(room)
        assert '"seq":1' in str(await good.recv())


async def test_invalid_utf8_closes_the_socket(edge: Edge) -> None:
    edge.world.client("ana")

    async with edge.device("ana") as device:
        async with device.send_context():
            device.protocol.send_text(b"\xff\xfe")
        assert await close_code(device) == 1007  # the WebSocket protocol's own code


async def test_a_revoked_session_sees_its_close_code(edge: Edge) -> None:
    edge.world.client("ana")

    async with edge.device("ana") as device:
        edge.world.hub.revoke_session(edge.world.memory.actors["ana"].session_id)
        assert await close_code(device) == CloseCode.NOT_SIGNED_IN


async def test_strangers_see_their_close_code(edge: Edge) -> None:
    async with connect(f"{edge.url}?nobody") as device:
        assert await close_code(device) == CloseCode.NOT_SIGNED_IN


async def test_a_device_that_stops_reading_costs_bounded_memory_and_is_cut(
    edge: Edge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("amana.realtime.ws.CLOSE_GRACE_S", 0.1)
    edge.world.client("slow")
    reader, writer = await asyncio.open_connection("127.0.0.1", edge.listening.getsockname()[1], limit=1024)
    writer.write(
        b"GET /v1/socket?slow HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    await reader.readuntil(b"\r\n\r\n")
    hello = b'{"t":"hello","v":1}'
    writer.write(bytes([0x80 | Opcode.TEXT, 0x80 | len(hello)]) + bytes(4) + hello)
    while not edge.world.hub.sockets:
        await asyncio.sleep(0.01)
    (device,) = edge.world.hub.sockets
    big = "x" * 100_000
    largest = 0

    for _ in range(400):
        device.put(f'"{big}"')  # type: ignore[attr-defined]
        await asyncio.sleep(0)
        largest = max(largest, device.session.queue_bytes)
        if device.session.closed:
            break
    await asyncio.sleep(0.3)

    assert device.session.closed
    assert largest <= bounds.MAX_QUEUE_BYTES + 100_003
    assert edge.world.hub.sockets == []
    assert edge.server.server_state.connections == set()
    writer.close()


async def test_sockets_learn_that_the_server_stops(edge: Edge) -> None:
    edge.world.client("ana")

    async with edge.device("ana") as device:
        draining = asyncio.create_task(edge.world.gateway.drain())
        assert '"drain"' in str(await device.recv())
        assert await close_code(device) == CloseCode.DRAINING
        await draining

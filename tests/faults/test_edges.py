"""Small faults, each alone: a lost acknowledgement, a reader that does not read, a frame that is too
large, a flood, nonsense. The server says what is wrong, and everybody else goes on.
"""

import asyncio
import contextlib
import json
import socket as sockets
from collections.abc import AsyncIterator
from uuid import UUID

import psutil  # type: ignore[import-untyped]  # has no types of its own
import pytest
import pytest_asyncio
from websockets.exceptions import ConnectionClosed

from tests.support.client import Person, Socket, connected, join_many, new_client_id, set_up
from tests.support.server import ServerProcess

MEGABYTE = 2**20
# What one stalled reader may cost the server: its queue, the transport's buffer, some garbage.
STALLED_READER_BYTES = 40 * MEGABYTE


class World:
    """One server with ana (owner), bo and cy in one room."""

    def __init__(self, server: ServerProcess, people: list[Person], room: UUID) -> None:
        self.server = server
        self.ana, self.bo, self.cy = people
        self.room = room

    def memory_bytes(self) -> int:
        return int(psutil.Process(self.server.pid).memory_info().rss)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def world() -> AsyncIterator[World]:
    server = ServerProcess()
    try:
        await server.start()
        ana = await set_up(server.base_url, server.setup_secret())
        others = await join_many(ana, ["Bo", "Cy"])
        yield World(server, [ana, *others], await ana.create_group("Room", others))
    finally:
        await server.remove()


async def test_a_message_whose_ack_got_lost_keeps_its_place(world: World) -> None:
    client_id = new_client_id()
    async with connected(world.bo, {world.room: 0}) as first:
        await first.post(world.room, "once", client_id)
        place = await first.acknowledged(client_id)
    async with connected(world.bo, {world.room: 0}) as second:
        await second.post(world.room, "after it")
        await second.post(world.room, "once", client_id)

        again = await second.acknowledged(client_id)

    assert (again["t"], again["seq"], again["ts"]) == ("ack", place["seq"], place["ts"])
    by_http = await world.bo.post(world.room, "once", client_id)
    assert by_http["seq"] == place["seq"]


async def test_a_retry_with_other_words_is_refused_and_changes_nothing(world: World) -> None:
    client_id = new_client_id()
    async with connected(world.bo, {world.room: 0}) as socket:
        await socket.post(world.room, "the first words", client_id)
        place = await socket.acknowledged(client_id)
        await socket.post(world.room, "other words", client_id)

        refused = await socket.acknowledged(client_id)

    assert refused["t"] == "refused"
    assert refused["error"]["code"] == "client_id_reused"
    entry = await world.bo.call("GET", f"/v1/conversations/{world.room}/messages/{place['seq']}")
    assert entry["content"]["text"] == "the first words"


async def test_a_frame_of_one_megabyte_closes_only_that_socket(world: World) -> None:
    async with connected(world.cy, {world.room: 0}) as bystander:
        await bystander.until(lambda element: element["t"] == "welcome")
        async with connected(world.bo, {world.room: 0}) as large:
            await large.until(lambda element: element["t"] == "welcome")
            before = world.memory_bytes()
            with contextlib.suppress(ConnectionClosed):
                await large.post(world.room, "x" * MEGABYTE)

            assert await large.close_code() in {1009, 4413}
        answer = await bystander.acknowledged(await bystander.post(world.room, "still here"))

    assert answer["t"] == "ack"
    assert world.memory_bytes() - before < 10 * MEGABYTE


async def test_a_text_that_is_too_long_is_refused_with_its_limit(world: World) -> None:
    async with connected(world.bo, {world.room: 0}) as socket:
        answer = await socket.acknowledged(await socket.post(world.room, "x" * 10_000))

    assert answer["t"] == "refused"
    assert answer["error"]["code"] == "text_too_long"


@pytest.mark.parametrize(
    "nonsense", [b"\xff\xfe\xfd", b"{", b'{"t":"sing"}', b"[]", b"\x00" * 100, b'{"t":"send"}']
)
async def test_nonsense_is_answered_and_the_server_goes_on(world: World, nonsense: bytes) -> None:
    async with connected(world.bo, {world.room: 0}) as socket:
        await socket.until(lambda element: element["t"] == "welcome")
        await socket.connection.send(nonsense, text=True)
        try:
            answer = await socket.until(lambda element: element["t"] == "refused", 5)
        except ConnectionClosed as closed:
            assert closed.rcvd is not None
            assert closed.rcvd.code in {1007, 4400}
        else:
            assert answer["error"]["code"]

    assert (await world.bo.post(world.room, "sense"))["seq"] > 0


async def test_a_flood_is_refused_then_cut_and_loses_nothing_acknowledged(world: World) -> None:
    answers: dict[str, str] = {}
    socket = await Socket.open(world.cy, {world.room: 0})

    async def listen() -> int | None:
        try:
            while True:
                element = await socket.receive()
                if element["t"] in {"ack", "refused"}:
                    answers[str(element["client_id"])] = element["t"]
        except ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd else None

    listening = asyncio.create_task(listen())
    with contextlib.suppress(ConnectionClosed):
        for number in range(600):
            await socket.post(world.room, f"flood {number}")
            for _ in range(100):
                await socket.connection.send('{"t":"ping"}')
    await socket.close()
    code = await listening

    acked = {client_id for client_id, kind in answers.items() if kind == "ack"}
    assert "refused" in answers.values(), "nothing slowed the flood down"
    assert code == 4429
    assert acked <= await stored_client_ids(world)
    assert (await world.bo.post(world.room, "after the flood"))["seq"] > 0


async def test_a_reader_that_stalls_costs_little_and_learns_what_it_missed(world: World) -> None:
    stalled = await stalled_reader(world)
    before = world.memory_bytes()
    await write_much(world)
    grown = world.memory_bytes() - before

    tail = await read_to_the_end(stalled)

    assert grown < STALLED_READER_BYTES, f"the server grew by {grown / MEGABYTE:.0f} MB"
    bump = f'{{"t":"head","c":"{world.room}","seq":{await newest(world)},'
    assert bump.encode() in tail or close_code(tail) == 4408
    stalled.close()


async def test_a_reader_that_asks_and_does_not_read_is_cut(world: World) -> None:
    await write_much(world)
    stalled = await stalled_reader(world)
    before = world.memory_bytes()
    asking = json.dumps({"t": "open", "c": str(world.room), "seq": 0, "fence": 0}).encode()
    stalled.settimeout(10)
    with contextlib.suppress(OSError):
        for _ in range(600):
            await asyncio.to_thread(stalled.sendall, masked(asking))
            await asyncio.sleep(0.005)
    grown = world.memory_bytes() - before

    tail = await read_to_the_end(stalled)

    assert grown < STALLED_READER_BYTES, f"the server grew by {grown / MEGABYTE:.0f} MB"
    assert close_code(tail) == 4408
    stalled.close()


async def write_much(world: World) -> None:
    """Twenty megabytes of text, as fast as they are taken."""
    async with connected(world.ana, {}) as writer:
        await writer.until(lambda element: element["t"] == "welcome")
        for _ in range(30):
            keys = [await writer.post(world.room, "x" * 7_000) for _ in range(100)]
            answer = await writer.acknowledged(keys[-1], 20)
            if answer["t"] == "refused":
                await asyncio.sleep(float(answer["error"]["fields"].get("retry_after_s", 1)))


async def stalled_reader(world: World) -> sockets.socket:
    """A reader with the room open and a tiny receive buffer, that never reads."""
    raw = sockets.socket()
    raw.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 4096)
    raw.connect(("127.0.0.1", world.server.port))
    request = (
        f"GET /v1/socket HTTP/1.1\r\nHost: localhost:{world.server.port}\r\n"
        "Upgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        f"Authorization: Bearer {world.bo.token}\r\n\r\n"
    )
    raw.sendall(request.encode())
    assert b" 101 " in await asyncio.to_thread(raw.recv, 2048)
    place = {"c": str(world.room), "seq": await newest(world), "fence": 0}
    hello = json.dumps({"t": "hello", "v": 1, "user_pos": 0, "open": [place]}).encode()
    raw.sendall(masked(hello))
    return raw


def masked(text: bytes) -> bytes:
    """A text frame of a client, masked with zeroes; 126 to 65,535 bytes, or padded to that."""
    text = text.ljust(126)
    return bytes([0x81, 0x80 | 126]) + len(text).to_bytes(2, "big") + bytes(4) + text


async def read_to_the_end(raw: sockets.socket, quiet_s: float = 4) -> bytes:
    """Read until the server closes or says nothing more; give the end of it."""

    def read_all() -> bytes:
        raw.settimeout(quiet_s)
        tail = b""
        with contextlib.suppress(OSError):
            while data := raw.recv(65536):
                tail = (tail + data)[-65536:]
        return tail

    return await asyncio.to_thread(read_all)


def close_code(tail: bytes) -> int | None:
    """The code of the close frame at the end of what was read."""
    start = tail.rfind(b"\x88")
    return int.from_bytes(tail[start + 2 : start + 4], "big") if start >= 0 else None


async def newest(world: World) -> int:
    return int((await world.bo.call("GET", f"/v1/conversations/{world.room}"))["head_seq"])


async def stored_client_ids(world: World) -> set[str]:
    found: set[str] = set()
    after = 0
    while True:
        path = f"/v1/conversations/{world.room}/events?after={after}&limit=200"
        page = await world.ana.call("GET", path)
        found |= {event["client_id"] for event in page["events"]}
        if not page["limited"] or not page["events"]:
            return found
        after = page["events"][-1]["seq"]

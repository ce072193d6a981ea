"""What one socket may ask for at once, and which numbers a frame may hold."""

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID

import msgspec
import pytest

from amana.kernel.entropy import SeededEntropy
from amana.realtime.operations import SocketContext, SocketOperation
from amana.realtime.session import MAX_UNDER_WAY, CloseCode
from amana.realtime.ws import Gateway
from tests.realtime.world import IDS, Client, World


class Work(msgspec.Struct, tag_field="t", tag="work"):
    """Something that takes its time."""

    c: UUID
    client_id: UUID


class Workshop(World):
    """A gateway whose only operation waits until ``go``."""

    def __init__(self) -> None:
        super().__init__()
        self.go = asyncio.Event()
        self.begun = 0
        self.gateway = Gateway(
            self.memory,
            [SocketOperation(Work, self.work)],
            hub=self.hub,
            clock=self.clock,
            entropy=SeededEntropy(1),
        )

    async def work(self, _context: SocketContext, frame: Work) -> bytes:
        self.begun += 1
        await self.go.wait()
        return b'{"t":"done","client_id":"%s"}' % str(frame.client_id).encode()


@pytest.fixture
async def world() -> AsyncIterator[Workshop]:
    world = Workshop()
    yield world
    world.go.set()
    await world.close()


def ask(client: Client, room: UUID) -> str:
    client_id = str(IDS.new())
    client.say({"t": "work", "c": str(room), "client_id": client_id})
    return client_id


async def test_a_socket_has_only_so_many_operations_under_way(world: Workshop) -> None:
    room = world.room()
    ana = world.client("ana", room)
    await ana.connect()

    asked = [ask(ana, room) for _ in range(MAX_UNDER_WAY + 2)]
    await world.quiet()
    begun = world.begun
    world.go.set()
    await world.quiet()
    again = ask(ana, room)
    await world.quiet()

    assert begun == MAX_UNDER_WAY
    assert [(refused["client_id"], refused["error"]["code"]) for refused in ana.of("refused")] == [
        (client_id, "too_many_frames") for client_id in asked[MAX_UNDER_WAY:]
    ]
    assert ana.of("refused")[0]["error"]["fields"]["retry_after_s"] == 1.0
    assert [done["client_id"] for done in ana.of("done")] == [*asked[:MAX_UNDER_WAY], again]


@pytest.mark.parametrize("number", [-1, 2**53, 2**63, 2**64, 10**400])
async def test_a_number_that_no_place_can_have_is_refused(world: Workshop, number: int) -> None:
    room = world.room()
    ana = world.client("ana", room)
    await ana.connect()

    for name in ("seq", "fence"):
        text = f'{{"t":"open","c":"{room}","{name}":{number}}}'
        ana.incoming.put_nowait({"type": "websocket.receive", "text": text})
    await world.quiet()

    assert [refused["error"]["code"] for refused in ana.of("refused")] == ["frame_invalid"] * 2
    assert ana.closed is None


async def test_a_greeting_with_such_a_number_closes_the_socket(world: Workshop) -> None:
    ana = world.client("ana")
    await ana.connect(hello=False)

    ana.say({"t": "hello", "v": 1, "user_pos": 2**53})
    await world.quiet()

    assert ana.closed == CloseCode.MALFORMED

"""Two processes' doorbells over a real NATS: who is told what, and what never crosses."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import pytest_asyncio

from amana.app.nats_server import NatsServer
from amana.events.bridge import MAX_ENTRIES, NatsBridge, NatsPlace
from amana.events.doorbell import Doorbell, Notice
from amana.kernel.entropy import SystemEntropy
from amana.kernel.ids import ConversationId, UserId

ROOM, ANA = ConversationId(UUID(int=1)), UserId(UUID(int=2))
WITHIN_S = 20.0


@dataclass
class Ear:
    """Hears everything of one process."""

    doorbell: Doorbell = field(default_factory=Doorbell)
    moves: list[tuple[object, ...]] = field(default_factory=list)
    users: list[tuple[object, ...]] = field(default_factory=list)
    markers: list[tuple[object, ...]] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)

    def conversation_moved(self, *what: object) -> None:
        self.moves.append(what)

    def user_moved(self, *what: object) -> None:
        self.users.append(what)

    def marker_moved(self, *what: object) -> None:
        self.markers.append(what)


class Process:
    def __init__(self, server: NatsServer, *, subject: str = "amana.test") -> None:
        self.ear = Ear()
        self.doorbell = self.ear.doorbell
        self.doorbell.subscribe(self.ear)
        self.doorbell.on("word", self.ear.notices.append)
        self.bridge = NatsBridge(self.doorbell, NatsPlace([server.url], subject))
        self.task = asyncio.create_task(self.bridge.run())

    async def connected(self) -> None:
        async with asyncio.timeout(WITHIN_S):
            while not self.bridge.is_connected:
                await asyncio.sleep(0.01)
            await self.bridge.first_connected()

    async def end(self) -> None:
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)


@pytest_asyncio.fixture
async def server(tmp_path: Path) -> AsyncIterator[NatsServer]:
    server = NatsServer(tmp_path / "doorbell", SystemEntropy())
    await server.start()
    yield server
    await server.stop()


@pytest_asyncio.fixture
async def pair(server: NatsServer) -> AsyncIterator[tuple[Process, Process]]:
    pair = Process(server), Process(server)
    for process in pair:
        await process.connected()
    yield pair
    for process in pair:
        await process.end()


async def until_true(condition: object) -> None:
    async with asyncio.timeout(WITHIN_S):
        while not condition():  # type: ignore[operator]
            await asyncio.sleep(0.01)


async def test_the_other_process_hears_where_and_never_what(pair: tuple[Process, Process]) -> None:
    here, there = pair

    here.doorbell.ring(ROOM, 5, 7, msg_no=3, blob=b'{"t":"event"}')
    here.doorbell.ring_user(ANA, 9, kind=2, conversation_id=ROOM, blob=b'{"t":"user"}')
    here.doorbell.ring_marker(ROOM, ANA, 6)
    here.doorbell.tell(Notice("word", ANA, ROOM, 4, "name"))
    await until_true(lambda: there.ear.notices and there.ear.users)

    assert here.ear.moves == [(ROOM, 5, 7, 3, b'{"t":"event"}')]
    assert there.ear.moves == [(ROOM, 5, 7, 3, None)]
    assert there.ear.users == [(ANA, 9, 2, ROOM, None)]
    assert there.ear.markers == here.ear.markers == [(ROOM, ANA, 6)]
    assert there.ear.notices == here.ear.notices == [Notice("word", ANA, ROOM, 4, "name")]


async def test_a_great_commit_goes_in_several_letters(pair: tuple[Process, Process]) -> None:
    here, there = pair
    count = 3 * MAX_ENTRIES + 1

    for number in range(count):
        here.doorbell.ring(ConversationId(UUID(int=number)), 1, 1, msg_no=1)
    await until_true(lambda: len(there.ear.moves) == count)

    assert [what[0] for what in there.ear.moves] == [UUID(int=number) for number in range(count)]


async def test_another_installation_on_the_same_server_hears_nothing(
    server: NatsServer, pair: tuple[Process, Process]
) -> None:
    here, there = pair
    stranger = Process(server, subject="amana.other")
    await stranger.connected()

    here.doorbell.ring(ROOM, 1, 1, msg_no=1)
    await until_true(lambda: there.ear.moves)
    stranger.doorbell.ring(ROOM, 2, 2, msg_no=2)
    here.doorbell.ring(ROOM, 3, 3, msg_no=3)
    await until_true(lambda: len(there.ear.moves) == 2)

    assert stranger.ear.moves == [(ROOM, 2, 2, 2, None)]
    assert [what[1] for what in there.ear.moves] == [1, 3]
    await stranger.end()


async def test_a_server_that_dies_loses_what_is_said_meanwhile_and_is_found_again(
    server: NatsServer, pair: tuple[Process, Process]
) -> None:
    here, there = pair
    await server.stop()
    await until_true(lambda: not here.bridge.is_connected and not there.bridge.is_connected)

    here.doorbell.ring(ROOM, 1, 1, msg_no=1, blob=b"x")
    await server.start()
    for process in pair:
        await process.connected()
    here.doorbell.ring(ROOM, 2, 2, msg_no=2)
    await until_true(lambda: there.ear.moves)

    assert there.ear.moves == [(ROOM, 2, 2, 2, None)], "at most once: the first is the digest's business"
    assert len(here.ear.moves) == 2


async def test_letters_that_nobody_understands_are_ignored(
    server: NatsServer, pair: tuple[Process, Process]
) -> None:
    from nats.aio.client import Client

    here, there = pair
    client = Client()
    await client.connect(servers=[server.url])
    for letter in (b"", b"nonsense", b"\x94\x90\x90\x90\x63", b"\xc1"):
        await client.publish("amana.test.ev", letter)
    await client.flush()
    await client.close()

    here.doorbell.ring(ROOM, 1, 1, msg_no=1)
    await until_true(lambda: there.ear.moves)

    assert there.ear.moves == [(ROOM, 1, 1, 1, None)]

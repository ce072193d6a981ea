"""Amana under test: a real `amana serve` with default settings, people who joined by invitation and
are signed in, rooms they are members of, and a client that speaks docs/api/realtime.md.
"""

import asyncio
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import picows

from bench.peers import Running
from bench.work import OnMessage, Scenario
from tests.support.client import Api, Person, join_many, new_client_id, set_up
from tests.support.server import ServerProcess

decode = msgspec.json.Decoder().decode
encode = msgspec.json.Encoder().encode
TEXT = picows.WSMsgType.TEXT
MAX_FRAME_BYTES = 64 * 2**20
START_LIMIT_S = 900


class AmanaProcess:
    """A server with enough people on it."""

    def __init__(self, server: ServerProcess, people_file: Path) -> None:
        self.server = server
        self.people_file = people_file

    @classmethod
    def start(cls, scratch: Path, members: int) -> "AmanaProcess":
        folder = scratch / "amana"
        folder.mkdir()
        process = cls(ServerProcess(folder), folder / "people.json")
        try:
            asyncio.run(asyncio.wait_for(process._prepare(members), START_LIMIT_S))
        except BaseException:  # an interrupted start must not leave a server behind
            asyncio.run(process.server.remove())
            raise
        return process

    async def _prepare(self, members: int) -> None:
        base_url = await self.server.start()
        owner = await set_up(base_url, self.server.setup_secret())
        others = await join_many(owner, [f"Person {number}" for number in range(1, members)])
        people = [{"user_id": str(one.user_id), "token": one.token} for one in (owner, *others)]
        self.people_file.write_text(json.dumps({"base_url": base_url, "people": people}))
        for one in (owner, *others):
            await one.api.close()

    def running(self) -> "AmanaRunning":
        database = self.server.postmaster_pid()
        process_ids = [self.server.pid, *([database] if database else [])]
        return AmanaRunning(process_ids, {"people": str(self.people_file)}, server=self.server)


class AmanaRunning(Running):
    """Ends through Amana's own orderly stop."""

    def __init__(self, process_ids: list[int], options: dict[str, str], *, server: ServerProcess) -> None:
        super().__init__(process_ids, options)
        self.server = server

    def stop(self) -> None:
        asyncio.run(self.server.remove())


def members_needed(scenarios: Sequence[Scenario]) -> int:
    return max(scenario.rooms * scenario.size for scenario in scenarios)


class AmanaServer:
    """Options: ``people``, the file with everybody's token."""

    echo = True

    def __init__(self, options: dict[str, str]) -> None:
        known = json.loads(Path(options["people"]).read_text())
        self.base_url: str = known["base_url"]
        self.people = [
            Person(str(number), UUID(one["user_id"]), one["token"], Api(self.base_url, one["token"]))
            for number, one in enumerate(known["people"])
        ]
        self.rooms: list[UUID] = []

    async def prepare(self, rooms: list[list[int]]) -> None:
        for number, members in enumerate(rooms):
            owner, *others = [self.people[member] for member in members]
            if len(members) == 2:
                self.rooms.append(await owner.open_direct(others[0]))
                continue
            room = await owner.create_group(f"Room {number}", others[:400])
            for other in others[400:]:
                await owner.call("PUT", f"/v1/conversations/{room}/members/{other.user_id}")
            self.rooms.append(room)

    def client(self, member: int) -> "AmanaClient":
        return AmanaClient(self, self.people[member])


class AmanaClient(picows.WSListener):  # type: ignore[misc]  # picows has no types
    def __init__(self, server: AmanaServer, person: Person) -> None:
        self.server = server
        self.person = person
        self.acks: dict[str, asyncio.Future[None]] = {}
        self.heads: dict[str, int] = {}
        self.room = ""
        self.number = 0
        self.last = 0

    async def connect(self, on_message: OnMessage) -> None:
        self.on_message = on_message
        self.welcome: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        url = self.server.base_url.replace("http", "ws", 1) + "/v1/socket"
        token = {"Authorization": f"Bearer {self.person.token}"}
        self.transport, _ = await picows.ws_connect(
            lambda: self, url, extra_headers=token, max_frame_size=MAX_FRAME_BYTES
        )
        self.say({"t": "hello", "v": 1, "user_pos": 0, "open": []})
        await asyncio.wait_for(self.welcome, 20)

    async def join(self, room: int) -> None:
        self.number = room
        self.room = str(self.server.rooms[room])
        self.last = self.heads[self.room]
        self.say({"t": "open", "c": self.room, "seq": self.last, "fence": 0})

    def say(self, frame: dict[str, Any]) -> None:
        self.transport.send(TEXT, encode(frame))

    def on_ws_frame(self, transport: picows.WSTransport, frame: picows.WSFrame) -> None:
        if frame.msg_type == picows.WSMsgType.CLOSE:
            self.fail(ConnectionError(f"closed with {frame.get_close_code()}"))
            transport.disconnect()
        elif frame.msg_type == TEXT:
            for element in decode(frame.get_payload_as_memoryview()):
                self.take(element)
        elif frame.msg_type == picows.WSMsgType.PING:
            transport.send_pong(frame.get_payload_as_bytes())

    def take(self, element: dict[str, Any]) -> None:
        kind = element["t"]
        if kind == "event":
            self.show(element)
        elif kind == "ack":
            self.acks.pop(element["client_id"]).set_result(None)
        elif kind == "refused":
            future = self.acks.pop(element["client_id"])
            future.set_exception(RuntimeError(element["error"]["code"]))
        elif kind == "welcome":
            self.heads = {head["c"]: head["seq"] for head in element["heads"]}
            self.welcome.set_result(None)
        elif (kind == "head" and element["c"] == self.room and element["seq"] > self.last) or kind == "gap":
            self.say({"t": "open", "c": self.room, "seq": self.last, "fence": 0})

    def show(self, event: dict[str, Any]) -> None:
        """The rule that makes it exact: next is shown, older is dropped, newer is asked for."""
        seq = event["seq"]
        if event["c"] != self.room or seq <= self.last:
            return
        if seq != self.last + 1:
            self.say({"t": "open", "c": self.room, "seq": self.last, "fence": 0})
            return
        self.last = seq
        if event["kind"] == "message.created":
            self.on_message(self.number, event["content"]["text"])

    def fail(self, error: Exception) -> None:
        for future in [*self.acks.values(), self.welcome]:
            if not future.done():
                future.set_exception(error)
        self.acks.clear()

    def on_ws_disconnected(self, transport: picows.WSTransport) -> None:
        self.fail(ConnectionError("disconnected"))

    async def send(self, room: int, body: str) -> None:
        key = str(new_client_id(time.time()))
        future = self.acks[key] = asyncio.get_running_loop().create_future()
        self.say({"t": "send", "c": self.room, "client_id": key, "text": body})
        await future

    async def close(self) -> None:
        self.transport.disconnect()

"""A device with a durable outbox that never gives up: what a good client does when everything fails."""

import asyncio
import contextlib
import random
import time
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from websockets.exceptions import WebSocketException

from tests.support.client import Person, Socket
from tests.support.history import Operation

RESEND_AFTER_S = 3.0
RETRY_LATER = {"busy", "storage_unavailable", "outcome_unknown", "sending_too_fast", "too_many_requests"}
LOST = (OSError, WebSocketException, TimeoutError)


@dataclass
class Pending:
    """A message in the outbox."""

    operation: Operation
    text: str
    settled: asyncio.Future[None]
    answered_at: int | None = None  # the seq of an acknowledgement that was thrown away


@dataclass
class Device:
    """Sends, is cut off, comes back, resends, and shows what it gets.

    Attributes:
        drop: share of acknowledgements that get lost on the way; the message is sent again.
        screens: conversation → what it shows, in order.
        wrong: what must never happen, in words.
    """

    person: Person
    rooms: list[UUID]
    chance: random.Random
    drop: float = 0.0
    screens: dict[UUID, list[tuple[int, UUID]]] = field(default_factory=dict)
    last: dict[UUID, int] = field(default_factory=dict)
    outbox: dict[UUID, Pending] = field(default_factory=dict)
    operations: list[Operation] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    acked: int = 0
    dropped: int = 0
    resent: int = 0
    reconnects: int = 0
    _socket: Socket | None = None
    _task: asyncio.Task[None] | None = None
    _sending: set[asyncio.Future[None]] = field(default_factory=set)

    def start(self) -> None:
        for room in self.rooms:
            self.screens[room] = []
            self.last[room] = 0
        self._task = asyncio.create_task(self._live())

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def cut(self) -> None:
        """Lose the connection, as on a train; the device comes back by itself."""
        if self._socket is not None:
            with contextlib.suppress(*LOST):
                await self._socket.close()

    async def post(self, room: UUID, text: str, client_id: UUID) -> None:
        """Put a message in the outbox; returns when its acknowledgement came through."""
        operation = Operation(room, client_id, time.monotonic())
        self.operations.append(operation)
        pending = Pending(operation, text, asyncio.get_running_loop().create_future())
        self.outbox[client_id] = pending
        await self._send(pending)
        while not pending.settled.done():
            await asyncio.wait([pending.settled], timeout=RESEND_AFTER_S)
            if not pending.settled.done():
                self.resent += 1
                await self._send(pending)

    async def _send(self, pending: Pending) -> None:
        if self._socket is not None:
            with contextlib.suppress(*LOST):
                await self._socket.post(
                    pending.operation.conversation, pending.text, pending.operation.client_id
                )

    async def _live(self) -> None:
        while True:
            try:
                socket = await Socket.open(self.person, dict(self.last))
            except LOST:
                await asyncio.sleep(self.chance.uniform(0.05, 0.3))
                continue
            try:
                await self._use(socket)
            except LOST:
                self.reconnects += 1
            finally:
                self._socket = None
                with contextlib.suppress(*LOST):
                    await asyncio.wait_for(socket.close(), 1)

    async def _use(self, socket: Socket) -> None:
        await socket.until(lambda element: element["t"] == "welcome")
        self._socket = socket
        for pending in list(self.outbox.values()):
            await self._send(pending)
        while True:
            await self._take(socket, await socket.receive())

    async def _take(self, socket: Socket, element: dict[str, Any]) -> None:
        kind = element["t"]
        if kind == "event":
            await self._show(socket, element)
        elif kind == "ack":
            self._acknowledged(element)
        elif kind == "refused":
            self._refused(element)
        elif kind == "digest":
            for room, seq in element["heads"]:
                await self._open_if_behind(socket, UUID(room), seq)
        elif kind == "head":
            await self._open_if_behind(socket, UUID(element["c"]), element["seq"])
        elif kind == "gap" and element["c"] is not None:
            await self._page(UUID(element["c"]), element["to"])

    async def _show(self, socket: Socket, event: dict[str, Any]) -> None:
        room, seq = UUID(event["c"]), event["seq"]
        if room not in self.last or seq <= self.last[room]:
            return
        if seq != self.last[room] + 1:
            await self._open_if_behind(socket, room, seq)
            return
        self.last[room] = seq
        self.screens[room].append((seq, UUID(event["client_id"])))

    async def _open_if_behind(self, socket: Socket, room: UUID, seq: int) -> None:
        if room in self.last and seq > self.last[room]:
            await socket.send({"t": "open", "c": str(room), "seq": self.last[room], "fence": 0})

    async def _page(self, room: UUID, upto: int) -> None:
        """Too much to push: read the hole page by page."""
        while self.last[room] < upto:
            path = f"/v1/conversations/{room}/events?after={self.last[room]}&limit=200"
            page = await self.person.call("GET", path)
            for event in page["events"]:
                if event["seq"] == self.last[room] + 1:
                    self.last[room] = event["seq"]
                    self.screens[room].append((event["seq"], UUID(event["client_id"])))
            if not page["events"]:
                return

    def _acknowledged(self, ack: dict[str, Any]) -> None:
        pending = self.outbox.get(UUID(ack["client_id"]))
        if pending is None:
            return
        if pending.answered_at is not None and pending.answered_at != ack["seq"]:
            self.wrong.append(f"{ack['client_id']}: first {pending.answered_at}, then {ack['seq']}")
        if self.chance.random() < self.drop and pending.answered_at is None:
            pending.answered_at = ack["seq"]
            self.dropped += 1
            asyncio.get_running_loop().call_later(self.chance.uniform(0, 0.2), self._again, pending)
            return
        del self.outbox[pending.operation.client_id]
        pending.operation.acked_s = time.monotonic()
        pending.operation.seq = ack["seq"]
        self.acked += 1
        pending.settled.set_result(None)

    def _refused(self, refused: dict[str, Any]) -> None:
        error = refused["error"]
        pending = self.outbox.get(UUID(refused["client_id"])) if refused["client_id"] else None
        if pending is None:
            return
        retry_after_s = error["fields"].get("retry_after_s")
        if retry_after_s is None and error["code"] not in RETRY_LATER:
            self.wrong.append(f"refused: {error}")
            del self.outbox[pending.operation.client_id]
            pending.settled.set_result(None)
            return
        asyncio.get_running_loop().call_later(float(retry_after_s or 0.5), self._again, pending)

    def _again(self, pending: Pending) -> None:
        if not pending.settled.done():
            self.resent += 1
            task = asyncio.ensure_future(self._send(pending))
            self._sending.add(task)
            task.add_done_callback(self._sending.discard)

"""Thousands of devices in one process: each follows the rule of docs/api/realtime.md for the rooms it holds."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
import picows

from tests.support.client import new_client_id

TEXT = picows.WSMsgType.TEXT
MAX_FRAME_BYTES = 64 * 2**20
CONNECTING_AT_ONCE = 64
# As the web client: full jitter, from one second up to a minute.
FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 60.0
encode = msgspec.json.Encoder().encode
now = time.perf_counter


class Element(msgspec.Struct):
    """As much of any element as a device needs."""

    t: str
    c: str | None = None
    seq: int = 0
    to: int = 0
    user_pos: int = 0
    client_id: str | None = None
    reconnect_after_ms: int = 0
    heads: list[Any] = msgspec.field(default_factory=list)
    error: dict[str, Any] = msgspec.field(default_factory=dict)
    at: int = 0


decode = msgspec.json.Decoder(list[Element]).decode


class Device(picows.WSListener):  # type: ignore[misc]  # picows has no types
    """One socket.

    Attributes:
        last: room → the last event applied, of the rooms it holds.
        heads: room → the newest place heard of, of all others.
        since: what the last hello was told (see ``welcome.at``); 0 asks for all heads.
        on_event: called with room and ``seq`` for each event applied.
    """

    def __init__(self, token: str, places: dict[str, int] | None = None) -> None:
        self.token = token
        self.last = dict(places or {})
        self.heads: dict[str, int] = {}
        self.user_pos = 0
        self.since: int | None = None
        self.acks: dict[str, asyncio.Future[float]] = {}
        self.kinds: Counter[str] = Counter()
        self.refusals: Counter[str] = Counter()
        self.closes: Counter[str] = Counter()
        self.bytes_in = 0
        self.frames_in = 0
        self.transport: picows.WSTransport | None = None
        self.return_after_s: float | None = None
        self.on_event: Callable[[str, int], None] | None = None
        self.welcomed: asyncio.Event = asyncio.Event()
        self.gone: asyncio.Event = asyncio.Event()

    async def connect(self, base_url: str) -> None:
        """Connect and say hello; the welcome comes later. Raises what picows raises."""
        self.welcomed.clear()
        self.gone.clear()
        self.return_after_s = None
        await picows.ws_connect(
            lambda: self,
            base_url.replace("http", "ws", 1) + "/v1/socket",
            extra_headers={"Authorization": f"Bearer {self.token}"},
            max_frame_size=MAX_FRAME_BYTES,
            websocket_handshake_timeout=60,
        )
        hello: dict[str, Any] = {"t": "hello", "v": 1, "user_pos": self.user_pos, "open": self.places()}
        if self.since is not None:
            hello["since"] = self.since
        self.say(hello)

    def places(self) -> list[dict[str, Any]]:
        return [{"c": room, "seq": seq, "fence": 0} for room, seq in self.last.items()]

    def say(self, frame: dict[str, Any]) -> None:
        if self.transport is not None:
            self.transport.send(TEXT, encode(frame))

    def open(self, room: str, seq: int) -> None:
        """Hold a room from a place on."""
        self.last[room] = seq
        self.say({"t": "open", "c": room, "seq": seq, "fence": 0})

    async def post(self, room: str, text: str) -> float:
        """Send a message; give the seconds until it was acknowledged. Raises when it was refused."""
        key = str(new_client_id(time.time()))
        future = self.acks[key] = asyncio.get_running_loop().create_future()
        begun = now()
        self.say({"t": "send", "c": room, "client_id": key, "text": text})
        return await future - begun

    # -- what comes --------------------------------------------------------------------------

    def on_ws_connected(self, transport: picows.WSTransport) -> None:
        self.transport = transport

    def on_ws_frame(self, transport: picows.WSTransport, frame: picows.WSFrame) -> None:
        if frame.msg_type == TEXT:
            payload = frame.get_payload_as_memoryview()
            self.bytes_in += len(payload)
            self.frames_in += 1
            for element in decode(payload):
                self.take(element)
        elif frame.msg_type == picows.WSMsgType.PING:
            transport.send_pong(frame.get_payload_as_bytes())
        elif frame.msg_type == picows.WSMsgType.CLOSE:
            self.closes[str(frame.get_close_code())] += 1
            transport.disconnect()

    def on_ws_disconnected(self, transport: picows.WSTransport) -> None:
        self.closes["lost"] += 1
        self.transport = None
        for future in self.acks.values():
            if not future.done():
                future.set_exception(ConnectionError("disconnected"))
        self.acks.clear()
        self.gone.set()

    def take(self, element: Element) -> None:
        kind = element.t
        self.kinds[kind] += 1
        self._rooms(kind, element)
        if kind in ("ack", "refused"):
            self._answered(element)
        elif kind == "welcome":
            for head in element.heads:
                self._lacks(head["c"], head["seq"])
            self.user_pos = element.user_pos
            self.since = element.at or None
            self.welcomed.set()
        elif kind == "drain":
            self.return_after_s = element.reconnect_after_ms / 1000

    def _rooms(self, kind: str, element: Element) -> None:
        if kind == "event":
            self._event(element)
        elif kind == "head":
            self._lacks(element.c or "", element.seq)
        elif kind == "digest":
            for room, seq in element.heads:
                self._lacks(room, seq)
        elif kind == "gap":
            self._gap(element)

    def _event(self, element: Element) -> None:
        room = element.c or ""
        last = self.last.get(room)
        if last is None:
            self.heads[room] = max(self.heads.get(room, 0), element.seq)
        elif element.seq == last + 1:
            self.last[room] = element.seq
            if self.on_event is not None:
                self.on_event(room, element.seq)
        else:
            self._lacks(room, element.seq)

    def _lacks(self, room: str, seq: int) -> None:
        last = self.last.get(room)
        if last is None:
            self.heads[room] = max(self.heads.get(room, 0), seq)
        elif seq > last:
            self.say({"t": "open", "c": room, "seq": last, "fence": 0})

    def _gap(self, element: Element) -> None:
        last = self.last.get(element.c or "")
        if last is not None and element.c is not None:
            self.last[element.c] = max(last, element.to)

    def _answered(self, element: Element) -> None:
        if element.t == "refused":
            self.refusals[element.error.get("code", "?")] += 1
        future = self.acks.pop(element.client_id or "", None)
        if future is None or future.done():
            return
        if element.t == "ack":
            future.set_result(now())
        else:
            future.set_exception(RuntimeError(element.error.get("code", "?")))

    def close(self) -> None:
        if self.transport is not None:
            self.transport.disconnect()


@dataclass
class Crowd:
    """Many devices of one server.

    Attributes:
        attempts: connections tried so far, those that were refused or sent away with them.
    """

    base_url: str
    devices: Sequence[Device]
    attempts: int = 0
    tasks: set[asyncio.Task[Any]] = field(default_factory=set)

    async def connect(self) -> None:
        """Bring all in, a few at a time, and wait for every welcome."""
        limit = asyncio.Semaphore(CONNECTING_AT_ONCE)

        async def one(device: Device) -> None:
            async with limit:
                await self.come(device)

        await asyncio.gather(*map(one, self.devices))

    async def come(self, device: Device, *, first_wait_s: float = 0.0) -> None:
        """Connect one device until it is welcomed, waiting between attempts as the web client does."""
        attempt = 0
        wait_s = first_wait_s
        while not device.welcomed.is_set():
            if wait_s:
                await asyncio.sleep(wait_s)
            self.attempts += 1
            try:
                await device.connect(self.base_url)
                await _first(device.welcomed.wait(), device.gone.wait())
            except Exception:
                device.transport = None
            if device.welcomed.is_set() and not device.gone.is_set():
                return
            asked_s = device.return_after_s
            wait_s = (
                asked_s
                if asked_s is not None
                else random.random() * min(LONGEST_WAIT_S, FIRST_WAIT_S * 2**attempt)
            )
            attempt += 1
            device.welcomed.clear()

    def close(self) -> None:
        for device in self.devices:
            device.close()

    def total(self, kind: str) -> int:
        """How many elements of a kind have come to all devices."""
        return sum(device.kinds[kind] for device in self.devices)


async def _first(*waiting: Coroutine[Any, Any, Any]) -> None:
    tasks = [asyncio.ensure_future(one) for one in waiting]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()


async def until(condition: Callable[[], bool], *, timeout_s: float, every_s: float = 0.01) -> float:
    """Wait for a condition; give the seconds that took. Raises TimeoutError."""
    begun = now()
    async with asyncio.timeout(timeout_s):
        while not condition():
            await asyncio.sleep(every_s)
    return now() - begun


def quantile(values: Iterable[float], part: float) -> float:
    """The value below which ``part`` of all lie; 0 of none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))] if ordered else 0.0

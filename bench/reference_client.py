"""Client of the reference server."""

import asyncio

import msgspec
import picows

from bench.work import ID_DIGITS, OnMessage

decode = msgspec.json.Decoder().decode
encode = msgspec.json.Encoder().encode
TEXT = picows.WSMsgType.TEXT


class ReferenceServer:
    """Options: ``port``."""

    echo = False

    def __init__(self, options: dict[str, str]) -> None:
        self.port = int(options["port"])

    async def prepare(self, rooms: list[list[int]]) -> None:
        """Rooms come into being when they are joined."""

    def client(self, member: int) -> "ReferenceClient":
        return ReferenceClient(self.port, member)


class ReferenceClient(picows.WSListener):  # type: ignore[misc]  # picows has no types
    def __init__(self, port: int, member: int) -> None:
        self.port = port
        self.member = member
        self.acks: dict[str, asyncio.Future[None]] = {}

    async def connect(self, on_message: OnMessage) -> None:
        self.on_message = on_message
        url = f"ws://127.0.0.1:{self.port}/?u={self.member}"
        self.transport, _ = await picows.ws_connect(lambda: self, url)

    def on_ws_frame(self, transport: picows.WSTransport, frame: picows.WSFrame) -> None:
        if frame.msg_type != TEXT:
            return
        message = decode(frame.get_payload_as_memoryview())
        kind = message["t"]
        if kind == "msg":
            self.on_message(message["room"], message["body"])
        elif kind == "ack":
            self.acks.pop(message["cid"]).set_result(None)
        else:
            self.joined.set_result(None)

    async def join(self, room: int) -> None:
        self.joined: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.transport.send(TEXT, encode({"t": "join", "room": room}))
        await self.joined

    async def send(self, room: int, body: str) -> None:
        key = body[:ID_DIGITS]
        future = self.acks[key] = asyncio.get_running_loop().create_future()
        self.transport.send(TEXT, encode({"t": "send", "room": room, "cid": key, "body": body}))
        await future

    async def close(self) -> None:
        self.transport.disconnect()

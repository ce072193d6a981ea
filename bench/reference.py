"""The limit: WebSocket, JSON, AES-GCM, a number per room, group commit, fan-out after the commit.

Nothing else: no sign-in, no membership, no retry key, no evidence. A complete messenger cannot be
faster than this on the same stack; the report shows how near Amana comes.

    python -m bench.reference PORT DSN
"""

import asyncio
import gc
import os
import sys
import time
from collections import defaultdict

import asyncpg
import msgspec
import picows
import uvloop
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

TABLE = """
DROP TABLE IF EXISTS reference_message;
CREATE TABLE reference_message (
  room bigint, seq bigint, sender bigint, ts bigint, body bytea, PRIMARY KEY (room, seq)
)"""
INSERT = """
INSERT INTO reference_message
SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bytea[])"""


class Request(msgspec.Struct):
    t: str
    room: int = 0
    cid: str = ""
    body: str = ""


class Message(msgspec.Struct, tag_field="t", tag="msg"):
    room: int
    seq: int
    sender: int
    ts: float
    body: str


class Ack(msgspec.Struct, tag_field="t", tag="ack"):
    cid: str
    seq: int


decode = msgspec.json.Decoder(Request).decode
encode = msgspec.json.Encoder().encode


def text_frame(payload: bytes) -> bytes:
    size = len(payload)
    if size < 126:
        return b"\x81" + bytes([size]) + payload
    return b"\x81\x7e" + size.to_bytes(2, "big") + payload


class Reference:
    def __init__(self, connection: asyncpg.Connection) -> None:
        self.connection = connection
        self.cipher = AESGCM(os.urandom(32))
        self.counter = int.from_bytes(os.urandom(4), "big") << 64
        self.rooms: dict[int, dict[Session, None]] = defaultdict(dict)
        self.seqs: dict[int, int] = defaultdict(int)
        self.pending: list[tuple[tuple[object, ...], Session, Request, float]] = []
        self.wake = asyncio.Event()

    def take(self, session: "Session", request: Request) -> None:
        seq = self.seqs[request.room] = self.seqs[request.room] + 1
        self.counter += 1
        nonce = self.counter.to_bytes(12, "big")
        sent_at = time.time()
        sealed = nonce + self.cipher.encrypt(nonce, request.body.encode(), b"%d:%d" % (request.room, seq))
        row = (request.room, seq, session.user, int(sent_at * 1000), sealed)
        self.pending.append((row, session, request, sent_at))
        self.wake.set()

    async def commit_for_ever(self) -> None:
        """What arrives during a commit forms the next one; no timer."""
        statement = await self.connection.prepare(INSERT)
        while True:
            await self.wake.wait()
            self.wake.clear()
            batch, self.pending = self.pending, []
            if batch:
                await statement.fetch(*map(list, zip(*(row for row, *_ in batch), strict=True)))
                self.publish(batch)

    def publish(self, batch: list[tuple[tuple[object, ...], "Session", Request, float]]) -> None:
        out: dict[Session, list[bytes]] = defaultdict(list)
        for row, sender, request, sent_at in batch:
            seq = int(str(row[1]))
            frame = text_frame(encode(Message(request.room, seq, sender.user, sent_at, request.body)))
            for session in self.rooms[request.room]:
                if session is not sender:
                    out[session].append(frame)
            out[sender].append(text_frame(encode(Ack(request.cid, seq))))
        for session, frames in out.items():
            session.write(b"".join(frames))


class Session(picows.WSListener):  # type: ignore[misc]  # picows has no types
    def __init__(self, reference: Reference, user: int) -> None:
        self.reference = reference
        self.user = user
        self.joined: list[int] = []

    def on_ws_connected(self, transport: picows.WSTransport) -> None:
        self.write = transport.underlying_transport.write

    def on_ws_frame(self, transport: picows.WSTransport, frame: picows.WSFrame) -> None:
        if frame.msg_type == picows.WSMsgType.CLOSE:
            transport.disconnect()
        elif frame.msg_type == picows.WSMsgType.TEXT:
            request = decode(frame.get_payload_as_memoryview())
            if request.t == "send":
                self.reference.take(self, request)
                return
            self.reference.rooms[request.room][self] = None
            self.joined.append(request.room)
            self.write(text_frame(b'{"t":"joined"}'))

    def on_ws_disconnected(self, transport: picows.WSTransport) -> None:
        for room in self.joined:
            self.reference.rooms[room].pop(self, None)


async def serve(port: int, dsn: str) -> None:
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    connection = await asyncpg.connect(dsn)
    await connection.execute(TABLE)
    reference = Reference(connection)
    committing = asyncio.create_task(reference.commit_for_ever())

    def accept(request: picows.WSUpgradeRequest) -> Session:
        return Session(reference, int(request.path.split(b"u=")[1]))

    server = await picows.ws_create_server(accept, "127.0.0.1", port, backlog=4096)
    async with server:
        await asyncio.gather(server.serve_forever(), committing)


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1]), sys.argv[2]))

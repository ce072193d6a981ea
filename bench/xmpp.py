"""Client for Prosody and ejabberd: raw XML over TCP, no library in the way of the measurement.

In pairs the acknowledgement is stream management (XEP-0198); in rooms it is the room's echo,
which both servers send after the message went to the archive.
"""

import asyncio
import base64
import re
from collections import deque
from typing import cast

from bench.work import ID_DIGITS, OnMessage

HANDSHAKE_TIMEOUT_S = 10
HEADER = (
    b"<?xml version='1.0'?><stream:stream to='localhost' xmlns='jabber:client' "
    b"xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>"
)
REGISTER = (
    b"<iq type='set' id='reg'><query xmlns='jabber:iq:register'>"
    b"<username>%s</username><password>pw</password></query></iq>"
)
AUTH = b"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>%s</auth>"
BIND = (
    b"<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>r</resource></bind></iq>"
)
SESSION = b"<iq type='set' id='s'><session xmlns='urn:ietf:params:xml:ns:xmpp-session'/></iq>"
JOIN = (
    b"<presence to='%s@conference.localhost/%s'><x xmlns='http://jabber.org/protocol/muc'>"
    b"<history maxstanzas='0'/></x></presence>"
)
ACK = re.compile(rb"<a [^>]*?\bh=['\"](\d+)['\"][^>]*/>")
ASKED = re.compile(rb"<r [^>]*/>")
MANAGEMENT = re.compile(rb"<[ar] [^>]*?sm:3[^>]*?/>")
FROM_ROOM = re.compile(rb"from=['\"]r\d*x(\d+)@[^/'\"]*/([^'\"]+)['\"]")


class XmppServer:
    """Options: ``port``, ``rooms`` (prefix that keeps scenarios apart), ``pairs`` = 1 for one-to-one."""

    def __init__(self, options: dict[str, str]) -> None:
        self.port = int(options["port"])
        self.pairs = options.get("pairs") == "1"
        self.prefix = options.get("rooms", "0")
        self.echo = not self.pairs
        self.peer: dict[int, int] = {}

    async def prepare(self, rooms: list[list[int]]) -> None:
        if self.pairs:
            for first, second in rooms:
                self.peer[first], self.peer[second] = second, first

    def client(self, member: int) -> "XmppClient":
        return XmppClient(self, member)

    def room_name(self, room: int) -> bytes:
        return b"r%sx%d" % (self.prefix.encode(), room)


class XmppClient(asyncio.Protocol):
    def __init__(self, server: XmppServer, member: int) -> None:
        self.server = server
        self.name = b"u%d" % member
        self.member = member
        self.buffer = b""
        self.live = False
        self.room = 0
        self.stanzas_in = 0
        self.stanzas_out = 0
        self.awaited: tuple[re.Pattern[bytes], asyncio.Future[None]] | None = None
        self.acks: deque[tuple[int, asyncio.Future[None]]] = deque()
        self.echoes: dict[str, asyncio.Future[None]] = {}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's own class: no isinstance

    def connection_lost(self, error: Exception | None) -> None:
        waiting = [future for _, future in self.acks] + list(self.echoes.values())
        if self.awaited is not None:
            waiting.append(self.awaited[1])
        for future in waiting:
            if not future.done():
                future.set_exception(ConnectionError(f"connection lost: {error}"))

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        if not self.live:
            self.shake_hands()
            return
        *stanzas, rest = self.buffer.split(b"</message>")
        for stanza in stanzas:
            self.stanzas_in += 1
            self.take(stanza)
        if b"<message" not in rest:
            rest = self.manage(rest)
            if rest.endswith(b">"):
                rest = b""  # presence and the like
        self.buffer = rest

    def shake_hands(self) -> None:
        if self.awaited is None:
            return
        pattern, future = self.awaited
        if (found := pattern.search(self.buffer)) and not future.done():
            self.buffer = self.buffer[found.end() :]
            future.set_result(None)

    def take(self, stanza: bytes) -> None:
        start = stanza.find(b"<message")
        if start > 0:
            self.manage(stanza[:start])
        begin = stanza.find(b"<body>")
        if begin < 0:
            return
        body = stanza[begin + 6 : stanza.index(b"</body>", begin)].decode()
        if self.server.pairs:
            self.on_message(self.room, body)
            return
        sender = FROM_ROOM.search(stanza, start)
        assert sender is not None, stanza
        if sender[2] == self.name and (future := self.echoes.pop(body[:ID_DIGITS], None)) is not None:
            future.set_result(None)
        self.on_message(int(sender[1]), body)

    def manage(self, data: bytes) -> bytes:
        """Stream management: take acknowledgements, answer requests, give back the rest."""
        if b"sm:3" not in data:
            return data
        for found in ACK.finditer(data):
            handled = int(found[1])
            while self.acks and self.acks[0][0] <= handled:
                self.acks.popleft()[1].set_result(None)
        if ASKED.search(data):
            self.transport.write(b"<a xmlns='urn:xmpp:sm:3' h='%d'/>" % self.stanzas_in)
        return MANAGEMENT.sub(b"", data)

    async def ask(self, data: bytes, pattern: bytes) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.awaited = re.compile(pattern, re.DOTALL), future
        self.transport.write(data)
        try:
            await asyncio.wait_for(future, HANDSHAKE_TIMEOUT_S)
        except TimeoutError:
            raise RuntimeError(f"no answer to {data!r}: {self.buffer[-300:]!r}") from None
        self.awaited = None

    async def connect(self, on_message: OnMessage) -> None:
        self.on_message = on_message
        loop = asyncio.get_running_loop()
        await loop.create_connection(lambda: self, "127.0.0.1", self.server.port)
        any_iq = rb"<iq [^>]*(?:/>|>.*?</iq>)"
        await self.ask(HEADER, rb"</stream:features>")
        await self.ask(REGISTER % self.name, any_iq)  # a conflict says it exists: fine
        secret = base64.b64encode(b"\0" + self.name + b"\0pw")
        await self.ask(AUTH % secret, rb"<success[^>]*(/>|>)")
        await self.ask(HEADER, rb"</stream:features>")
        await self.ask(BIND, rb"</iq>")
        await self.ask(SESSION, any_iq)
        if self.server.pairs:
            await self.ask(b"<enable xmlns='urn:xmpp:sm:3'/>", rb"<enabled[^>]*/>")
        self.transport.write(b"<presence/>")
        self.stanzas_out = 1

    async def join(self, room: int) -> None:
        self.room = room
        if self.server.pairs:
            await asyncio.sleep(0.05)
        else:
            await self.ask(JOIN % (self.server.room_name(room), self.name), rb"110['\"]")
        self.live = True
        self.buffer = b""

    async def send(self, room: int, body: str) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        key = body[:ID_DIGITS]
        if self.server.pairs:
            self.stanzas_out += 1
            self.acks.append((self.stanzas_out, future))
            to = b"u%d@localhost" % self.server.peer[self.member]
            kind, request = b"chat", b"<r xmlns='urn:xmpp:sm:3'/>"
        else:
            self.echoes[key] = future
            to = self.server.room_name(room) + b"@conference.localhost"
            kind, request = b"groupchat", b""
        self.transport.write(
            b"<message type='%s' to='%s' id='%s'><body>%s</body></message>%s"
            % (kind, to, key.encode(), body.encode(), request)
        )
        await future

    async def close(self) -> None:
        self.transport.write(b"</stream:stream>")
        self.transport.close()

"""A gateway over a log in memory, and clients that follow the rule of the protocol."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import msgspec

from amana.events.following import Missed, RangeBlob, Subscription
from amana.events.model import Appended, Head
from amana.kernel.actor import Actor, Role
from amana.kernel.entropy import SeededEntropy
from amana.kernel.errors import Refusal
from amana.kernel.ids import ConversationId, DeviceId, Ids, OrgId, Seq, SessionId, UserId
from amana.realtime.hooks import AsgiScope, UserRange
from amana.realtime.hub import Hub
from amana.realtime.operations import SocketContext, SocketOperation
from amana.realtime.ws import Gateway
from tests.support.clock import FakeClock

SNAPSHOT = 5
CLOCK = FakeClock()
IDS = Ids(CLOCK, SeededEntropy(2))
ORG = OrgId(IDS.new())


class Send(msgspec.Struct, tag_field="t", tag="send"):
    """A message, as a domain would declare it."""

    c: UUID
    client_id: UUID
    text: str


def frame_of(conversation_id: UUID, seq: int) -> bytes:
    return b'{"t":"event","c":"%s","seq":%d}' % (str(conversation_id).encode(), seq)


@dataclass
class Memory:
    """The truth: what the database would know. Fills the gateway's hooks."""

    members: int = 2
    heads: dict[ConversationId, int] = field(default_factory=dict)
    fences: dict[ConversationId, int] = field(default_factory=dict)
    visible_from: dict[tuple[UserId, ConversationId], int] = field(default_factory=dict)
    private: dict[UserId, list[bytes]] = field(default_factory=dict)
    actors: dict[str, Actor] = field(default_factory=dict)
    range_reads: list[int] = field(default_factory=list)
    times: dict[ConversationId, int] = field(default_factory=dict)
    broken: ConversationId | None = None
    busy: Refusal | None = None
    answers: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        """It answers until a test holds it back."""
        self.answers.set()

    async def authenticate(self, scope: AsgiScope) -> Actor | None:
        return self.actors.get(scope["who"])

    def origin_allowed(self, scope: AsgiScope) -> bool:
        return bool(scope.get("own_origin", True))

    async def subscriptions(self, actor: Actor) -> Sequence[Subscription]:
        found = [await self.subscription(actor, conversation_id) for conversation_id in self.heads]
        await asyncio.sleep(0)
        return [subscription for subscription in found if subscription is not None]

    async def subscription(self, actor: Actor, conversation_id: ConversationId) -> Subscription | None:
        visible_from = self.visible_from.get((actor.user_id, conversation_id))
        await self.answers.wait()
        if visible_from is None:
            return None
        head = Seq(self.heads[conversation_id])
        fence = self.fences.get(conversation_id, 0)
        time_ms = self.times.get(conversation_id, 0)
        return Subscription(conversation_id, head, head, fence, self.members, Seq(visible_from), time_ms)

    async def read_ranges(
        self, org_id: OrgId, wanted: Sequence[tuple[UserId, Missed]], *, limit: int
    ) -> Sequence[RangeBlob | None]:
        self.range_reads += [missed.after for _, missed in wanted]
        if self.busy is not None:
            raise self.busy
        if self.broken in [missed.conversation_id for _, missed in wanted]:
            raise ValueError("this room cannot be read")
        now = [(user, *missed, self.heads[missed.conversation_id]) for user, missed in wanted]
        await asyncio.sleep(0)
        return [self._range(*one, limit=limit) for one in now]

    def _range(
        self, user: UserId, conversation_id: ConversationId, after: Seq, head: int, *, limit: int
    ) -> RangeBlob | None:
        visible_from = self.visible_from.get((user, conversation_id))
        if visible_from is None:
            return None
        limited = head - after > limit
        first = max(head - SNAPSHOT + 1 if limited else after + 1, visible_from)
        frames = [frame_of(conversation_id, seq) for seq in range(first, head + 1)]
        return RangeBlob(Seq(first), Seq(max(head, after)), frames, limited)

    async def user_position(self, actor: Actor) -> int:
        await self.answers.wait()
        return len(self.private.get(actor.user_id, []))

    async def read_user(self, actor: Actor, *, after: int) -> UserRange:
        events = self.private.get(actor.user_id, [])
        await asyncio.sleep(0)
        return UserRange(len(events), events[after:], limited=False)

    async def recent_heads(self, org_id: OrgId, *, since_ms: int) -> Sequence[Head]:
        return [
            Head(room, Seq(head), head, 0, self.fences.get(room, 0), b"") for room, head in self.heads.items()
        ]


@dataclass
class Client:
    """One device. Applies an event only at its place and asks for what it lacks."""

    world: "World"
    who: str
    incoming: asyncio.Queue[dict[str, Any]] = field(default_factory=asyncio.Queue)
    applied: dict[UUID, list[int]] = field(default_factory=dict)
    last: dict[UUID, int] = field(default_factory=dict)
    fence: dict[UUID, int] = field(default_factory=dict)
    seen: list[dict[str, Any]] = field(default_factory=list)
    frames: list[str] = field(default_factory=list)
    user_pos: int = 0
    jumps: int = 0
    closed: int | None = None
    reads: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None

    async def connect(self, *, own_origin: bool = True, hello: bool = True) -> None:
        self.incoming = asyncio.Queue()
        self.closed = None
        self.reads.set()
        self.incoming.put_nowait({"type": "websocket.connect"})
        scope = {"type": "websocket", "who": self.who, "own_origin": own_origin}
        self.task = asyncio.create_task(self.world.gateway.asgi(scope, self.incoming.get, self.take))
        if hello:
            places = [self.place(room) for room in self.last]
            self.say({"t": "hello", "v": 1, "user_pos": self.user_pos, "open": places})
            await self.world.quiet()

    async def disconnect(self) -> None:
        self.incoming.put_nowait({"type": "websocket.disconnect", "code": 1006})
        if self.task is not None:
            await self.task

    def say(self, frame: object) -> None:
        self.incoming.put_nowait({"type": "websocket.receive", "text": msgspec.json.encode(frame).decode()})

    def place(self, room: UUID) -> dict[str, object]:
        return {"c": str(room), "seq": self.last[room], "fence": self.fence.get(room, 0)}

    def watch(self, room: UUID, *, seq: int = 0) -> None:
        self.last[room] = seq
        self.applied.setdefault(room, [])
        self.say({"t": "open", "c": str(room), "seq": seq, "fence": 0})

    async def take(self, message: Any) -> None:
        """What the server sends; waits while the device does not read."""
        if not self.reads.is_set():
            await self.reads.wait()
        if message["type"] == "websocket.close":
            self.closed = message["code"]
            self.incoming.put_nowait({"type": "websocket.disconnect", "code": message["code"]})
        elif message["type"] == "websocket.send":
            self.frames.append(message["text"])
            for element in msgspec.json.decode(message["text"]):
                self.seen.append(element)
                self.apply(element)

    def apply(self, element: dict[str, Any]) -> None:
        kind = element["t"]
        if kind == "digest":
            for room, seq in element["heads"]:
                self.lacks(UUID(room), seq)
        elif kind == "user":
            assert element["pos"] == self.user_pos + 1
            self.user_pos = element["pos"]
        elif kind in ("event", "gap", "reset", "head") and UUID(element["c"]) in self.last:
            self.apply_to(UUID(element["c"]), element)

    def apply_to(self, room: UUID, element: dict[str, Any]) -> None:
        kind = element["t"]
        if kind == "head":
            self.lacks(room, element["seq"])
        elif kind == "reset":
            self.applied[room], self.last[room], self.fence[room] = [], 0, element["fence"]
        elif kind == "gap":
            if element["from"] <= self.last[room] + 1:
                self.last[room] = max(self.last[room], element["to"])
        elif element["seq"] == self.last[room] + 1:
            self.applied[room].append(element["seq"])
            self.last[room] = element["seq"]
        elif element["seq"] > self.last[room]:
            self.jumps += 1
            self.lacks(room, element["seq"])

    def lacks(self, room: UUID, seq: int) -> None:
        if room in self.last and seq > self.last[room]:
            self.say({"t": "open", **self.place(room)})

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [element for element in self.seen if element["t"] == kind]


class World:
    """One gateway, its log and its clients."""

    def __init__(self, *, members: int = 2) -> None:
        self.memory = Memory(members=members)
        self.clients: list[Client] = []
        self.clock = FakeClock()
        self.hub = Hub(membership_kinds=(1, 2))
        self.waiting: list[tuple[Send, Callable[[Appended | Refusal], None]]] = []
        operation = SocketOperation(Send, self.accept)
        self.gateway = Gateway(
            self.memory, [operation], hub=self.hub, clock=self.clock, entropy=SeededEntropy(1)
        )

    def accept(self, context: SocketContext, frame: Send) -> None:
        """What a domain does with ``send``: keep it until the next commit."""
        self.waiting.append((frame, context.settle(ConversationId(frame.c), frame.client_id)))

    def room(self) -> ConversationId:
        conversation_id = ConversationId(IDS.new())
        self.memory.heads[conversation_id] = 0
        return conversation_id

    def client(self, who: str, *rooms: ConversationId, visible_from: int = 1) -> Client:
        actor = self.memory.actors.get(who) or Actor(
            ORG, UserId(IDS.new()), DeviceId(IDS.new()), SessionId(IDS.new()), Role.MEMBER, "en"
        )
        self.memory.actors[who] = actor
        for room in rooms:
            self.memory.visible_from[actor.user_id, room] = visible_from
        client = Client(self, who)
        self.clients.append(client)
        return client

    async def close(self) -> None:
        """Hang up whatever is still connected."""
        for client in self.clients:
            client.reads.set()
            if client.task is not None and not client.task.done():
                await client.disconnect()
        await self.gateway.pump.stop()

    def commit(self, room: ConversationId, count: int = 1, *, ring: bool = True) -> tuple[int, int]:
        """Store events; ring unless the doorbell loses it."""
        first = self.memory.heads[room] + 1
        last = self.memory.heads[room] = first + count - 1
        if ring:
            self.ring(room, first, last)
        return first, last

    def ring(self, room: ConversationId, first: int, last: int) -> None:
        blob = b",".join(frame_of(room, seq) for seq in range(first, last + 1))
        self.hub.conversation_moved(room, first, last, last, blob)

    async def quiet(self) -> None:
        """Let everything that is under way come to its end."""
        for _ in range(60):
            await asyncio.sleep(0)

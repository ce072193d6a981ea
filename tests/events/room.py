"""A conversation with a log, and a listener that writes down what it heard."""

from dataclasses import dataclass, field

from amana.events.batcher import Batcher
from amana.events.doorbell import Doorbell
from amana.events.log import Log
from amana.events.model import Head, NewEvent, StoredEvent
from amana.evidence import chain
from amana.kernel.ids import NO_DEVICE, ClientId, ConversationId, Ids, OrgId, Seq, UserId
from amana.storage.database import Database
from amana.vault.service import Vault
from tests.support.clock import FakeClock

KINDS = {3: "member.added", 10: "message.created"}
USER_KINDS = {1: "conversation.joined"}


@dataclass
class Heard:
    """A listener's notes."""

    moves: list[tuple[ConversationId, int, int, int, bytes | None]] = field(default_factory=list)
    users: list[tuple[UserId, int, bytes | None]] = field(default_factory=list)

    def conversation_moved(
        self, conversation_id: ConversationId, first: int, last: int, msg_no: int, blob: bytes | None
    ) -> None:
        self.moves.append((conversation_id, first, last, msg_no, blob))

    def user_moved(
        self, user_id: UserId, pos: int, kind: int, conversation_id: ConversationId | None, blob: bytes | None
    ) -> None:
        self.users.append((user_id, pos, blob))

    def marker_moved(self, conversation_id: ConversationId, user_id: UserId, seq: int) -> None: ...


@dataclass
class Office:
    """One organisation with everything that writes its log."""

    database: Database
    vault: Vault
    log: Log
    doorbell: Doorbell
    heard: Heard
    clock: FakeClock
    ids: Ids
    org_id: OrgId

    async def room(self) -> ConversationId:
        conversation_id = ConversationId(self.ids.new())
        async with self.database.write(self.org_id) as tx:
            await self.vault.create_conversation_key(tx, self.org_id, conversation_id)
            await self.log.create_head(tx, conversation_id)
        return conversation_id

    def batcher(self, **options: object) -> Batcher:
        return Batcher(
            self.database,
            self.vault,
            self.doorbell,
            self.clock,
            kinds=KINDS,
            **options,  # type: ignore[arg-type]
        )

    def message(
        self,
        room: ConversationId,
        *,
        text: str = "hello",
        sender: UserId | None = None,
        client_id: ClientId | None = None,
        kind: int = 10,
    ) -> NewEvent:
        return NewEvent(
            conversation_id=room,
            kind=kind,
            countable=kind == 10,
            sender_id=sender or UserId(self.org_id),
            device_id=NO_DEVICE,
            client_id=client_id or ClientId(self.ids.new()),
            content=b'{"text":"%s"}' % text.encode(),
        )

    async def everything(self, room: ConversationId) -> list[StoredEvent]:
        async with self.database.read(self.org_id) as tx:
            return await self.log.read(tx, room, after=Seq(0), upto=None, limit=100_000)

    async def head(self, room: ConversationId) -> Head:
        async with self.database.read(self.org_id) as tx:
            return (await self.log.heads(tx, [room]))[room]

    async def assert_sound(self, room: ConversationId) -> None:
        """Dense, monotone, counted and chained."""
        events = await self.everything(room)
        head = await self.head(room)
        assert [event.seq for event in events] == list(range(1, head.seq + 1))
        assert [event.ts_ms for event in events] == sorted(event.ts_ms for event in events)
        counted = [event.msg_no for event in events if event.kind == 10]
        assert counted == list(range(1, head.msg_no + 1))
        value = chain.CHAIN_START
        for event in events:
            leaf = chain.Leaf(event.kind, event.seq, event.ts_ms // 60_000, event.commitment)
            value = chain.fold(value, leaf)
        assert value == head.chain

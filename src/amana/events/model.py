"""What goes into the log and what comes out of it. Content is sealed before it reaches SQL."""

from collections.abc import Mapping
from dataclasses import dataclass

from amana.kernel.ids import Bucket, ClientId, ConversationId, DeviceId, OrgId, Seq, UserId
from amana.vault import Address, Stored

CHAIN_START = bytes(32)


@dataclass(frozen=True, slots=True)
class NewEvent:
    """One durable change of a conversation, before it has a place.

    Attributes:
        kind: number of a declared ``EventKind``.
        countable: whether it counts as unread (raises ``msg_no``).
        client_id: the retry key; its month is the partition the event lives in.
        content: UTF-8 JSON exactly as clients will get it; sealed by the log.
        target_seq: the event that this one changes or stands under: edits, removals, answers in a thread.
        revision: 0 for the first wording, 1, 2 … for edits; part of the seal's associated data.
    """

    conversation_id: ConversationId
    kind: int
    countable: bool
    sender_id: UserId
    device_id: DeviceId
    client_id: ClientId
    content: bytes
    target_seq: Seq | None = None
    revision: int = 0


@dataclass(frozen=True, slots=True)
class Appended:
    """The place of a committed event.

    Attributes:
        ts_ms: server time in Unix milliseconds, never smaller than that of the event before.
        fresh: False for a replay: ``seq``, ``msg_no`` and ``ts_ms`` are the original's.
    """

    conversation_id: ConversationId
    seq: Seq
    msg_no: int
    ts_ms: int
    fresh: bool


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """A row of the log; ``body`` is sealed and only the vault opens it."""

    org_id: OrgId
    conversation_id: ConversationId
    seq: Seq
    bucket: Bucket
    msg_no: int
    kind: int
    sender_id: UserId
    device_id: DeviceId
    client_id: ClientId
    target_seq: Seq | None
    revision: int
    ts_ms: int
    commitment: bytes
    body: bytes

    @property
    def sealed(self) -> Stored:
        """The row as the vault wants it."""
        address = Address(
            self.org_id,
            self.conversation_id,
            self.sender_id,
            self.device_id,
            self.client_id,
            self.revision,
        )
        return Stored(self.seq, self.bucket, address, self.body, self.commitment)


@dataclass(frozen=True, slots=True)
class Outline:
    """What is clear of a row of the log: enough to decide what is to be erased, without the sealed part."""

    seq: Seq
    kind: int
    sender_id: UserId
    ts_ms: int


@dataclass(frozen=True, slots=True)
class Head:
    """The newest state of a conversation's log.

    Attributes:
        fence: epoch, raised after a restore; a client with another fence loads everything again.
        chain: SHA-256 chain over all events so far, ``CHAIN_START`` for none.
    """

    conversation_id: ConversationId
    seq: Seq
    msg_no: int
    last_ts_ms: int
    fence: int
    chain: bytes


@dataclass(frozen=True, slots=True)
class NewUserEvent:
    """One private event: ids and numbers only, never content."""

    user_id: UserId
    kind: int
    conversation_id: ConversationId | None
    seq: Seq | None
    detail: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class UserEvent:
    """One committed private event of a person; ``pos`` is dense like ``seq``."""

    user_id: UserId
    pos: int
    kind: int
    conversation_id: ConversationId | None
    seq: Seq | None
    detail: Mapping[str, object]

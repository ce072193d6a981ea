"""What comes out of ``Client.events()``."""

from typing import Any
from uuid import UUID

import msgspec


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One event of a conversation: each exactly once, in order.

    Attributes:
        no: how many messages there are up to here.
        ts: Unix milliseconds.
        target: the ``seq`` it changes, for events that change another one.
        content: None with ``why`` (``superseded``, ``erased``, ``damaged``) when it can not be read.
    """

    c: UUID
    seq: int
    no: int
    kind: str
    sender: UUID
    ts: int
    client_id: UUID
    target: int | None
    rev: int
    content: Any
    why: str | None = None


class UserEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One private event of the token's person, in order; ids, numbers and times only."""

    pos: int
    kind: str
    c: UUID | None
    seq: int | None
    detail: dict[str, Any]


class Hole(msgspec.Struct, frozen=True, kw_only=True):
    """Events ``first`` to ``last`` are not given: the person may not see them, or holes are not filled."""

    c: UUID
    first: int
    last: int


class Reset(msgspec.Struct, frozen=True, kw_only=True):
    """The conversation was restored from a backup: forget what you hold of it, its events come again."""

    c: UUID
    fence: int


class Behind(msgspec.Struct, frozen=True, kw_only=True):
    """Private events were missed for good: read ``GET /v1/sync`` and what else you keep of the person."""

    user_pos: int


class Left(msgspec.Struct, frozen=True, kw_only=True):
    """The person is not in this conversation any more; nothing more comes from it."""

    c: UUID


class Acknowledged(msgspec.Struct, frozen=True, kw_only=True):
    """Something from the outbox is stored, at this place."""

    c: UUID
    client_id: UUID
    seq: int
    ts: int


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """Something that was sent with ``undo_s`` is stored and nobody has it yet; its event comes later.

    Attributes:
        undo_until: Unix milliseconds; until then ``undo_send`` takes it back.
    """

    c: UUID
    client_id: UUID
    undo_until: int


class Failed(msgspec.Struct, frozen=True, kw_only=True):
    """Something from the outbox was refused for good and is out of it."""

    c: UUID | None
    client_id: UUID
    code: str
    message: str
    fields: dict[str, Any]


class Signal(msgspec.Struct, frozen=True, kw_only=True):
    """Anything else the server says: receipts, typing, presence, and what newer servers may add."""

    kind: str
    element: dict[str, Any]


Item = Event | UserEvent | Hole | Reset | Behind | Left | Acknowledged | Held | Failed | Signal


class Place(msgspec.Struct):
    """How far a conversation was applied; keep it to go on after a restart."""

    seq: int = 0
    fence: int = 0

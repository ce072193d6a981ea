"""The shape of everything the server says on a socket, beside events: for the description and its test.

The hot ones are written by hand in ``wire.py``; these structs say what comes out. Every element that a
server of the test-suite sends is held against them, so one that is missing here is noticed.
"""

from typing import Final
from uuid import UUID

import msgspec


class HeadOf(msgspec.Struct):
    """Where one conversation stands."""

    c: UUID
    seq: int
    msg_no: int
    fence: int


class Welcome(msgspec.Struct, tag_field="t", tag="welcome"):
    """Subscribed; what follows is live. A head larger than what the client holds means: fetch or ``open``.

    ``at`` (Unix milliseconds): said as ``since`` in the next ``hello``, only the heads that moved come.
    """

    v: int
    session: UUID
    user_pos: int
    at: int
    heads: list[HeadOf]


class Ack(msgspec.Struct, tag_field="t", tag="ack"):
    """Committed. A retry with the same ``client_id`` gets the same answer. ``ts`` in Unix milliseconds."""

    c: UUID
    client_id: UUID
    seq: int
    ts: int


class Held(msgspec.Struct, tag_field="t", tag="held"):
    """A message with ``undo_s`` waits: until then (Unix milliseconds) nobody gets it and it can be undone."""

    c: UUID
    client_id: UUID
    undo_until: int


class Error(msgspec.Struct):
    """``code`` for programs, ``message`` for people, ``fields`` for both; may hold ``retry_after_s``."""

    code: str
    message: str
    fields: dict[str, str | int | float | bool | list[str] | None]


class Refused(msgspec.Struct, tag_field="t", tag="refused"):
    """Not done."""

    c: UUID | None
    client_id: UUID | None
    error: Error


class Head(msgspec.Struct, tag_field="t", tag="head"):
    """Something happened in a conversation this socket follows passively."""

    c: UUID
    seq: int
    msg_no: int


class Digest(msgspec.Struct, tag_field="t", tag="digest"):
    """Heads that moved lately, each as conversation and ``seq``: one the client lacks means ``open``."""

    heads: list[tuple[UUID, int]]


class Gap(msgspec.Struct, tag_field="t", tag="gap"):
    """An explicit hole: move to ``to`` and page what is wanted. ``c`` null: of the private events."""

    c: UUID | None
    from_: int = msgspec.field(name="from")
    to: int


class Reset(msgspec.Struct, tag_field="t", tag="reset"):
    """The log was restored: forget what is held of this conversation and keep the new fence."""

    c: UUID
    fence: int


class Receipt(msgspec.Struct, tag_field="t", tag="receipt"):
    """Somebody read up to ``seq``; only the largest matters."""

    c: UUID
    user: UUID
    seq: int


class Delivered(msgspec.Struct, tag_field="t", tag="delivered"):
    """Everything up to ``seq`` has reached a device of somebody; only the largest matters."""

    c: UUID
    user: UUID
    seq: int


class Typing(msgspec.Struct, tag_field="t", tag="typing"):
    """Somebody is writing in a conversation that is open here: over after six seconds without another."""

    c: UUID
    user: UUID


class Resync(msgspec.Struct, tag_field="t", tag="resync"):
    """This socket fell too far behind: reconnect with ``hello``. Close 4408 follows."""


class Drain(msgspec.Struct, tag_field="t", tag="drain"):
    """The server stops, or too many come at once: return after that time. Close 4503 follows."""

    reconnect_after_ms: int


class Pong(msgspec.Struct, tag_field="t", tag="pong"):
    """The answer to ``ping``."""


ELEMENTS: Final[tuple[type[msgspec.Struct], ...]] = (
    Welcome,
    Ack,
    Held,
    Refused,
    Head,
    Digest,
    Gap,
    Reset,
    Receipt,
    Delivered,
    Typing,
    Resync,
    Drain,
    Pong,
)

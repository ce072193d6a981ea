"""The one JSON shape of an event, for sockets and for HTTP. Encoded once per event, then shared."""

from collections.abc import Mapping
from uuid import UUID

import msgspec

from amana.events.model import UserEvent

_encode = msgspec.json.Encoder().encode


class _Event(msgspec.Struct, tag_field="t", tag="event"):
    c: UUID
    seq: int
    no: int
    kind: str
    sender: UUID
    ts: int
    client_id: UUID
    target: int | None
    rev: int
    content: msgspec.Raw


class _Unreadable(msgspec.Struct, tag_field="t", tag="event"):
    c: UUID
    seq: int
    no: int
    kind: str
    sender: UUID
    ts: int
    client_id: UUID
    target: int | None
    rev: int
    content: None
    why: str


class _User(msgspec.Struct, tag_field="t", tag="user"):
    pos: int
    kind: str
    c: UUID | None
    seq: int | None
    detail: Mapping[str, object]


def encode_event(
    conversation_id: UUID,
    seq: int,
    msg_no: int,
    kind: str,
    sender_id: UUID,
    ts_ms: int,
    client_id: UUID,
    target_seq: int | None,
    revision: int,
    content: bytes,
) -> bytes:
    """Encode an event whose content may be read.

    Positional on purpose: this runs once per message.

    Args:
        kind: the name, ``message.created``.
        content: JSON of the content, spliced in as it is.
    """
    return _encode(
        _Event(
            conversation_id, seq, msg_no, kind, sender_id, ts_ms, client_id,
            target_seq, revision, msgspec.Raw(content),
        )
    )  # fmt: skip


def encode_unreadable(
    conversation_id: UUID,
    seq: int,
    msg_no: int,
    kind: str,
    sender_id: UUID,
    ts_ms: int,
    client_id: UUID,
    target_seq: int | None,
    revision: int,
    why: str,
) -> bytes:
    """Encode an event without its content; ``why`` is ``superseded``, ``erased`` or ``damaged``."""
    return _encode(
        _Unreadable(
            conversation_id, seq, msg_no, kind, sender_id, ts_ms, client_id, target_seq, revision, None, why
        )
    )


def encode_user_event(event: UserEvent, kind: str) -> bytes:
    """Encode a private event; ``detail`` holds ids and numbers only."""
    return _encode(_User(event.pos, kind, event.conversation_id, event.seq, event.detail))

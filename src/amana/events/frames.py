"""The one JSON shape of an event, for sockets and for HTTP. Encoded once per event, then shared."""

from collections.abc import Mapping
from uuid import UUID

import msgspec

from amana.events.model import Appended, NewEvent, StoredEvent, UserEvent

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
    why: str | msgspec.UnsetType = msgspec.UNSET


class _User(msgspec.Struct, tag_field="t", tag="user"):
    pos: int
    kind: str
    c: UUID | None
    seq: int | None
    detail: Mapping[str, object]


def encode_event(event: NewEvent, place: Appended, kind: str) -> bytes:
    """Encode an event that was just committed. ``kind`` is the name, ``message.created``."""
    return _encode(
        _Event(
            event.conversation_id,
            place.seq,
            place.msg_no,
            kind,
            event.sender_id,
            place.ts_ms,
            event.client_id,
            event.target_seq,
            event.revision,
            msgspec.Raw(event.content),
        )
    )


def encode_stored(event: StoredEvent, kind: str, content: bytes) -> bytes:
    """Encode an event that was read back; ``content`` is its opened JSON, spliced in as it is."""
    return _encode(_row(event, kind, content))


def encode_unreadable(event: StoredEvent, kind: str, why: str) -> bytes:
    """Encode an event without its content; ``why`` is ``superseded``, ``erased`` or ``damaged``."""
    return _encode(_row(event, kind, b"null", why))


def _row(
    event: StoredEvent, kind: str, content: bytes, why: str | msgspec.UnsetType = msgspec.UNSET
) -> _Event:
    return _Event(
        event.conversation_id,
        event.seq,
        event.msg_no,
        kind,
        event.sender_id,
        event.ts_ms,
        event.client_id,
        event.target_seq,
        event.revision,
        msgspec.Raw(content),
        why,
    )


def encode_user_event(event: UserEvent, kind: str) -> bytes:
    """Encode a private event; ``detail`` holds ids and numbers only."""
    return _encode(_User(event.pos, kind, event.conversation_id, event.seq, event.detail))

"""What the leaves of an organisation's log hold, and what they commit to. Pure.

A leaf is canonical JSON: keys sorted, no spaces, ``v`` = 1, times in minutes since 1970, binary
values as base64url without padding::

    {"at":…,"n":…,"root":…,"t":"rooms","v":1}           the conversations that moved, all in one leaf
    {"at":…,"c":…,"t":"<action>","v":1}                 one entry of the administrative record
    {"at":…,"prior":…,"reason":…,"t":"log.succeeded","v":1}     leaf 0 of every log but the first

``root`` is the RFC 6962 root over the sorted 56 bytes ``pseudonym 16 ‖ seq u64 ‖ chain 32`` of each
conversation. ``c`` is HMAC-SHA256(blind, "amana/record/v1" 0x00 ‖ row) over the stored row::

    organisation 16 ‖ id 16 ‖ at i64 (µs since 1970) ‖ actor ‖ subject ‖ action u16 length, UTF-8 ‖ detail

Actor and subject are 0x00 for none, else 0x01 and the 16 bytes of the id; ``detail`` is sealed. All
numbers are big-endian. The blind is 32 random bytes kept beside the row: without it, and once the
row is gone, ``c`` tells nobody anything.
"""

import base64
import hmac
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from struct import Struct
from uuid import UUID

from amana.evidence.tlog import merkle

ROOMS = "rooms"
SUCCEEDED = "log.succeeded"
PSEUDONYM_BYTES = 16
BLIND_BYTES = 32

_RECORD = b"amana/record/v1\0"
_ROOM = Struct(">16sQ32s")
_AT = Struct(">q")
_LENGTH = Struct(">H")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class RoomHead:
    """How far one conversation had got, under its pseudonym."""

    pseudonym: bytes
    seq: int
    chain: bytes

    def to_bytes(self) -> bytes:
        """The 56 bytes that the leaf commits to."""
        if len(self.pseudonym) != PSEUDONYM_BYTES or len(self.chain) != merkle.HASH_BYTES:
            raise ValueError("A pseudonym has 16 bytes and a chain 32.")
        return _ROOM.pack(self.pseudonym, self.seq, self.chain)


@dataclass(frozen=True, slots=True)
class RecordRow:
    """One row of the administrative record as it is stored; ``detail`` is sealed."""

    org_id: UUID
    id: UUID
    at: datetime
    actor_id: UUID | None
    action: str
    subject: UUID | None
    detail: bytes
    blind: bytes

    def to_bytes(self) -> bytes:
        """The bytes that the leaf commits to."""
        action = self.action.encode()
        at = _AT.pack((self.at - _EPOCH) // timedelta(microseconds=1))
        whose = self.org_id.bytes + self.id.bytes + at + _optional(self.actor_id) + _optional(self.subject)
        return whose + _LENGTH.pack(len(action)) + action + self.detail

    @property
    def commitment(self) -> bytes:
        """What the log publishes of it; 32 bytes."""
        return hmac.digest(self.blind, _RECORD + self.to_bytes(), "sha256")


def minute_of(at: datetime) -> int:
    """Minutes since 1970, rounded down."""
    return (at - _EPOCH) // timedelta(minutes=1)


def rooms_leaf(heads: Iterable[RoomHead], at: datetime) -> bytes:
    """The one leaf of all conversations that moved."""
    hashes = room_hashes(heads)
    root = base64url(merkle.root(hashes))
    return canonical({"at": minute_of(at), "n": len(hashes), "root": root, "t": ROOMS, "v": 1})


def room_hashes(heads: Iterable[RoomHead]) -> list[bytes]:
    """The leaf hashes of the tree inside a rooms leaf, in its order."""
    return [merkle.leaf_hash(data) for data in sorted(head.to_bytes() for head in heads)]


def entry_leaf(row: RecordRow) -> bytes:
    """The leaf of one entry."""
    fields = {"at": minute_of(row.at), "c": base64url(row.commitment), "t": row.action, "v": 1}
    return canonical(fields)


def succession_leaf(prior: str | None, reason: str, at: datetime) -> bytes:
    """Leaf 0 of a log that follows another one.

    Args:
        prior: the last checkpoint of the log before, a whole signed note; None when it never had one.
        reason: a dotted or plain code such as ``restore``; never a text of people.
    """
    fields = {"at": minute_of(at), "prior": prior, "reason": reason, "t": SUCCEEDED, "v": 1}
    return canonical(fields)


def parse_leaf(data: bytes) -> dict[str, object]:
    """The fields of a leaf. Raises ``ValueError`` when it is not canonical JSON of an object."""
    fields = json.loads(data)
    if not isinstance(fields, dict) or canonical(fields) != data:
        raise ValueError("A leaf is one JSON object in its canonical form.")
    return fields


def canonical(fields: Mapping[str, object]) -> bytes:
    """The one JSON form of these fields."""
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def base64url(raw: bytes) -> str:
    """RFC 4648 §5 without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _optional(value: UUID | None) -> bytes:
    return b"\0" if value is None else b"\1" + value.bytes

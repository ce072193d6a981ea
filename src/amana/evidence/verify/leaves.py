"""What a leaf says, and whether the rows behind it still say the same. Pure."""

import base64
import binascii
import hmac
import struct
from collections.abc import Iterable
from dataclasses import dataclass

from amana.evidence.tlog import leaves
from amana.evidence.tlog.merkle import HASH_BYTES, root
from amana.evidence.verify.source import RecordRow, RoomRow


@dataclass(frozen=True, slots=True)
class RoomsLeaf:
    """The chain values of some rooms at once. ``minute`` counts from 1970, here and below."""

    minute: int
    rooms: int
    root: bytes


@dataclass(frozen=True, slots=True)
class RecordLeaf:
    """One entry of the administrative record."""

    minute: int
    action: str
    commitment: bytes


@dataclass(frozen=True, slots=True)
class PriorLeaf:
    """The first leaf after a recovery. ``prior``: the final checkpoint of the log before, if it had one."""

    minute: int
    prior: str | None


AnyLeaf = RoomsLeaf | RecordLeaf | PriorLeaf


def parse_leaf(data: bytes) -> AnyLeaf:
    """Read a leaf. Raises ``ValueError`` on every form but the three that exist."""
    try:
        fields = leaves.parse_leaf(data)
    except (ValueError, RecursionError):
        raise ValueError("it is no JSON in the one right spelling") from None
    minute, kind = fields.get("at"), fields.get("t")
    if fields.get("v") != 1 or type(minute) is not int or not isinstance(kind, str):
        raise ValueError("it has no known form")
    if kind == leaves.ROOMS:
        number = fields.get("n")
        if type(number) is not int:
            raise ValueError("it counts no rooms")
        return RoomsLeaf(minute, number, _hash(fields.get("root")))
    if kind == leaves.SUCCEEDED:
        prior = fields.get("prior")
        return PriorLeaf(minute, prior if isinstance(prior, str) else None)
    return RecordLeaf(minute, kind, _hash(fields.get("c")))


def _hash(text: object) -> bytes:
    try:
        raw = base64.urlsafe_b64decode(str(text) + "=" * (-len(str(text)) % 4))
    except (binascii.Error, ValueError):
        raise ValueError("a hash in it is not base64") from None
    if len(raw) != HASH_BYTES:
        raise ValueError("a hash in it has not 32 bytes")
    return raw


def rooms_root(rows: Iterable[RoomRow]) -> bytes | None:
    """The root that a leaf over these heads holds; None when one of them has no valid form."""
    try:
        return root(leaves.room_hashes(leaves.RoomHead(row.pseudonym, row.seq, row.chain) for row in rows))
    except (ValueError, struct.error):
        return None


def commits_to(leaf: RecordLeaf, record: RecordRow) -> bool:
    """Whether the leaf was made for exactly this entry."""
    try:
        return hmac.compare_digest(record.row.commitment, leaf.commitment)
    except (ValueError, TypeError, OverflowError, struct.error):  # a time without end, an action without end
        return False

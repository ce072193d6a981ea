"""Shapes that cross the vault's border: sealed bytes and addresses, never a key byte."""

from dataclasses import dataclass
from enum import Enum

from amana.kernel.ids import Bucket, ClientId, ConversationId, DeviceId, OrgId, Seq, UserId
from amana.vault.grounds import Ground


@dataclass(frozen=True, slots=True)
class Address:
    """What a sealed body is bound to. Any other value, even in one field, fails to open.

    ``revision`` is 0 for the first text and counts the edits; at most 2³² − 1.
    """

    org_id: OrgId
    conversation_id: ConversationId
    sender_id: UserId
    device_id: DeviceId
    client_id: ClientId
    revision: int


@dataclass(frozen=True, slots=True)
class SealRequest:
    """One thing to seal. ``content`` is UTF-8 JSON exactly as clients will get it."""

    address: Address
    content: bytes


@dataclass(frozen=True, slots=True)
class Sealed:
    """What is stored: ``body`` and ``commitment`` in the log, ``wrap`` and ``key_ref`` in the keyring."""

    body: bytes
    commitment: bytes
    wrap: bytes
    key_ref: int


@dataclass(frozen=True, slots=True)
class Stored:
    """A row of the log as the vault needs it to open the content again."""

    seq: Seq
    bucket: Bucket
    address: Address
    body: bytes
    commitment: bytes


class Unreadable(Enum):
    """Why there is no content."""

    ERASED = "erased"
    """No wrap whose ground the reader may use: erased, ended, or never meant for this reader."""
    DAMAGED = "damaged"
    """Something was changed since it was sealed; it has been reported."""


class DamagedPart(Enum):
    """Which piece failed its authentication."""

    KEY = "key"
    WRAP = "wrap"
    BODY = "body"
    COMMITMENT = "commitment"


@dataclass(frozen=True, slots=True)
class Damage:
    """One refused row, for the operator: places only, never content or keys."""

    org_id: OrgId
    conversation_id: ConversationId
    seq: Seq
    bucket: Bucket
    ground: Ground
    part: DamagedPart

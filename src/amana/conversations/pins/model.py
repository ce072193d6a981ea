"""What a pin is, and who may set one. Pure."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

import msgspec

from amana.conversations.model import Kind, MemberRole
from amana.conversations.rules import POSTERS, RoomRules, may_post
from amana.kernel.ids import Seq, UserId
from amana.kernel.limits import Limit

MAX_PINS: Final = 50

LIMITS = (Limit("pins.messages", MAX_PINS, "pinned messages in a room", "All of them are one answer."),)


class Pinned(msgspec.Struct, frozen=True):
    """Who pinned a message, and when (Unix milliseconds)."""

    by: UUID
    at: int


@dataclass(frozen=True, slots=True)
class Pin:
    """A pin as stored."""

    seq: Seq
    by: UserId
    ts_ms: int


def may_pin(kind: Kind, rules: RoomRules, standing: MemberRole) -> bool:
    """Whether a member of this standing pins here: whoever writes, in channels whoever looks after them."""
    if kind in (Kind.CHANNEL, Kind.ANNOUNCEMENT):
        return standing in POSTERS
    return may_post(rules, standing)

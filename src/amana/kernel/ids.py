"""Ids: UUIDv7 everywhere (RFC 9562 §5.7), each kind with its own type."""

from datetime import UTC, datetime
from typing import NewType
from uuid import UUID

from amana.kernel.clock import Clock, unix_ms
from amana.kernel.entropy import Entropy

OrgId = NewType("OrgId", UUID)
UserId = NewType("UserId", UUID)
DeviceId = NewType("DeviceId", UUID)
SessionId = NewType("SessionId", UUID)
ConversationId = NewType("ConversationId", UUID)
InvitationId = NewType("InvitationId", UUID)
# The retry key of one change: made once by the client and kept until the server acknowledged it.
ClientId = NewType("ClientId", UUID)
# Place of an event in its conversation: 1, 2, 3 … without holes.
Seq = NewType("Seq", int)
# Month of a client id as yyyymm: the partition in which a retry always meets its original.
Bucket = NewType("Bucket", int)

NO_DEVICE = DeviceId(UUID(int=0))
# Nobody did it by hand: the server's own id in the logs.
SERVER = UserId(UUID(int=0))

_VERSION_7 = 0x7 << 76
_VARIANT = 0b10 << 62


class Ids:
    """Makes UUIDv7 from an injected clock and entropy."""

    def __init__(self, clock: Clock, entropy: Entropy) -> None:
        self._clock = clock
        self._entropy = entropy

    def new(self) -> UUID:
        return uuid7(unix_ms(self._clock.now()), self._entropy.token_bytes(10))


def uuid7(time_ms: int, random_bytes: bytes) -> UUID:
    """Build a UUIDv7 from a Unix time in milliseconds and ten random bytes."""
    noise = int.from_bytes(random_bytes, "big")
    rand_a = (noise >> 62) & 0xFFF
    rand_b = noise & ((1 << 62) - 1)
    return UUID(int=(time_ms & (1 << 48) - 1) << 80 | _VERSION_7 | rand_a << 64 | _VARIANT | rand_b)


def is_uuid7(value: UUID) -> bool:
    """Whether version and variant bits say UUIDv7."""
    number = value.int
    return (number >> 76) & 0xF == 7 and (number >> 62) & 0b11 == 0b10


def time_ms_of(value: UUID) -> int:
    """The Unix time in milliseconds inside a UUIDv7."""
    return value.int >> 80


def bucket_at(time_ms: int) -> Bucket:
    """The month of a Unix time in milliseconds, as yyyymm in UTC."""
    day = datetime.fromtimestamp(time_ms / 1000, UTC)
    return Bucket(day.year * 100 + day.month)


def next_bucket(bucket: Bucket) -> Bucket:
    """The month after ``bucket``."""
    year, month = divmod(bucket, 100)
    return Bucket((year + 1) * 100 + 1) if month == 12 else Bucket(bucket + 1)

"""The retry key of everything that is sent."""

import os
import time
from uuid import UUID


def new_client_id(at_s: float | None = None) -> UUID:
    """A UUIDv7: made once for each message and kept until it is acknowledged.

    Args:
        at_s: Unix time in seconds; now when left out. The server refuses ids from more than five minutes
            ahead or 180 days back.
    """
    time_ms = int((time.time() if at_s is None else at_s) * 1000)
    noise = int.from_bytes(os.urandom(10), "big")
    number = time_ms << 80 | 0x7 << 76 | (noise >> 62 & 0xFFF) << 64 | 0b10 << 62 | noise & ((1 << 62) - 1)
    return UUID(int=number)

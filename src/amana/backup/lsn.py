"""Places in the write-ahead log and the names of its segments, as PostgreSQL writes them."""

import re

_SEGMENT = re.compile(r"([0-9A-F]{8})([0-9A-F]{8})([0-9A-F]{8})")


def parse(text: str) -> int:
    """``0/3000028`` → byte position."""
    high, _, low = text.partition("/")
    return int(high, 16) << 32 | int(low, 16)


def written(position: int) -> str:
    """The inverse of ``parse``."""
    return f"{position >> 32:X}/{position & 0xFFFFFFFF:X}"


def segment_name(timeline: int, number: int, segment_bytes: int) -> str:
    """Name of the ``number``-th segment."""
    per_name = 0x1_0000_0000 // segment_bytes
    return f"{timeline:08X}{number // per_name:08X}{number % per_name:08X}"


def segment_place(name: str, segment_bytes: int) -> tuple[int, int]:
    """(timeline, number) of a segment's name."""
    match = _SEGMENT.fullmatch(name)
    if match is None:
        raise ValueError(f"{name!r} is no name of a segment")
    timeline, high, low = (int(part, 16) for part in match.groups())
    return timeline, high * (0x1_0000_0000 // segment_bytes) + low

"""Times and places as people read them."""

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def day_and_minute(minute: int) -> str:
    """``2026-11-22 12:04 UTC``; a number that is no time is given as it is."""
    try:
        return f"{_EPOCH + timedelta(minutes=minute):%Y-%m-%d %H:%M} UTC"
    except OverflowError:
        return f"minute {minute}"


def counted(number: int, one: str, many: str) -> str:
    """``1 room``, ``2 rooms``."""
    return f"{number:,} {one if number == 1 else many}"

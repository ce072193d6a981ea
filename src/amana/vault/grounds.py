"""Grounds: why content may still exist. One wrapped data key per ground, and nothing else keeps content."""

from enum import IntEnum


class Ground(IntEnum):
    """The reason a wrap exists. Numbers are stored and bound into every wrap: final once released."""

    LIVE = 1
    """Members read it."""
    TRACE = 2
    """An older revision or a removed message; ends with the room's trace period."""
    RESTRICTED = 3
    """Kept but not processed (GDPR Article 18)."""
    HOLD = 4
    """A legal hold keeps it."""
    RECORD = 5
    """A statutory retention rule keeps it."""

"""Limits in one shape: default, unit and reason. ``docs/limits.md`` is made from the features' tables."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limit:
    """One number the product refuses to exceed.

    Attributes:
        name: dotted, starts with the domain: ``messages.text_characters``.
        default: the number.
        unit: what is counted, in plain words.
        reason: why it exists and why it is this large.
        per: of a pace (``…_burst`` with ``…_rate``, ``…_per_s`` or ``…_per_second``): whose it is.
    """

    name: str
    default: int
    unit: str
    reason: str
    per: str = ""

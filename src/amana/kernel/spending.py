"""Token buckets that several processes fill from one spring: what was taken here is told to the others.

Each process keeps levels of its own and answers at once. What it took in a while it tells, and what the
others took it takes from its own: so somebody who comes through many workers gets what one would give
them, and for as long as the telling takes a little more.
"""

from collections.abc import Callable
from typing import Generic, TypeVar

Key = TypeVar("Key")

# Whoever takes less than this part of what refills is no matter, on however many workers they do it.
NO_MATTER = 64


class Spending(Generic[Key]):
    """What was taken from some buckets since it was last told.

    Args:
        per_s: how many tokens come back each second.
        take: takes tokens that were spent elsewhere.
    """

    def __init__(self, per_s: float, take: Callable[[Key, int], None]) -> None:
        self._least = max(1.0, per_s / NO_MATTER)
        self._taken: dict[Key, int] = {}
        self.take = take

    def note(self, key: Key, count: int = 1) -> None:
        """Tokens were taken here."""
        self._taken[key] = self._taken.get(key, 0) + count

    def settle(self, passed_s: float) -> dict[Key, int]:
        """Give what must be told of the last ``passed_s`` seconds, and begin anew."""
        taken, self._taken = self._taken, {}
        return {key: count for key, count in taken.items() if count >= self._least * passed_s}

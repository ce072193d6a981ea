"""How a long verification tells how far it is."""

from typing import Protocol


class Steps(Protocol):
    """Told after every piece of work."""

    def advance(self, number: int) -> None:
        """``number`` more rows were looked at."""


class Silent:
    """Tells nobody."""

    def advance(self, number: int) -> None:
        pass

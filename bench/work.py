"""What is done with every server: the scenarios, and how a client hands over what it was delivered."""

from collections.abc import Callable

import msgspec

OnMessage = Callable[[int, str], None]
ID_DIGITS = 10


class Scenario(msgspec.Struct, frozen=True):
    name: str
    title: str
    rooms: int
    size: int
    senders: int = 1
    inflight: int = 1
    rate: float = 0.0  # messages a second over all; 0 = closed loop

    @property
    def members(self) -> list[list[int]]:
        return [list(range(room * self.size, (room + 1) * self.size)) for room in range(self.rooms)]

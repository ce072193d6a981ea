"""Some places, and a line of those who wait for one: the machine gives the pace, not a number of ours."""

import asyncio
from collections import deque

from amana.kernel.clock import Clock

# Until it is measured: what a small machine does.
FIRST_GUESS_S = 1 / 200
# How much of the estimate the newest one is.
SHARE = 0.05


class Line:
    """Who finds no place waits, in the order of arrival, and as many as can be served in time.

    Whoever would wait too long is sent away until there will be room, one after the other, so that those who
    return do not all return together.

    Attributes:
        longest_wait_s: whoever would wait longer is sent away.
        longest_away_s: nobody is sent away for longer: the first ones after a start are slow, and so would
            the guess be.
    """

    def __init__(self, clock: Clock, *, places: int, longest_wait_s: float, longest_away_s: float) -> None:
        self.longest_wait_s = longest_wait_s
        self.longest_away_s = longest_away_s
        self._clock = clock
        self._free = places
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._each_s = FIRST_GUESS_S
        self._last_s = clock.monotonic_s()
        self._booked_s = self._last_s

    @property
    def waiting(self) -> int:
        """How many wait for a place."""
        return len(self._waiting)

    async def enter(self) -> float:
        """Take a place, after waiting for it, and give 0.0; or give the seconds after which to come back.

        Whoever got a place calls ``leave``.
        """
        if self._free:
            self._free -= 1
            self._last_s = self._clock.monotonic_s()
            return 0.0
        if len(self._waiting) * self._each_s > self.longest_wait_s:
            return self._away_s()
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.leave()  # it had its turn in the same moment
            raise
        return 0.0

    def leave(self) -> None:
        """Give the place to the next one."""
        now_s = self._clock.monotonic_s()
        self._each_s += (now_s - self._last_s - self._each_s) * SHARE
        self._last_s = now_s
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1

    def _away_s(self) -> float:
        now_s = self._clock.monotonic_s()
        soon_s = now_s + self.longest_wait_s / 2
        self._booked_s = max(self._booked_s, soon_s) + self._each_s
        if self._booked_s > now_s + self.longest_away_s:
            self._booked_s = soon_s
        return self._booked_s - now_s

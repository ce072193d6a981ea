"""How many sockets are greeted at a time, so that a reconnect storm cannot starve the connected."""

import asyncio
from collections import deque

from amana.kernel.clock import Clock
from amana.kernel.limits import Limit

GREETED_AT_ONCE = 4
LONGEST_WAIT_S = 8
# Nobody is sent away for longer: the first greetings after a start are slow, and so would the guess be.
LONGEST_AWAY_S = 10.0
# Until it is measured: what a small machine does.
FIRST_GUESS_S = 1 / 200
# How much of the estimate the newest greeting is.
SHARE = 0.05

LIMITS = (
    Limit(
        "realtime.greeted_at_once",
        GREETED_AT_ONCE,
        "sockets",
        "When everybody comes back at once, half of the connections to the database are left for the others.",
    ),
    Limit(
        "realtime.greeting_wait",
        LONGEST_WAIT_S,
        "seconds",
        "Whoever would wait longer for the welcome is told when there will be room.",
    ),
)


class Admission:
    """Some places; who finds none waits, in the order of arrival, and as many as can be served in time.

    Whoever would wait too long is sent away until there will be room, one after the other, so that those who
    return do not all return together.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._free = GREETED_AT_ONCE
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
        if len(self._waiting) * self._each_s > LONGEST_WAIT_S:
            now_s = self._clock.monotonic_s()
            self._booked_s = max(self._booked_s, now_s + LONGEST_WAIT_S / 2) + self._each_s
            if self._booked_s > now_s + LONGEST_AWAY_S:
                self._booked_s = now_s + LONGEST_WAIT_S / 2
            return self._booked_s - now_s
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

"""How many sockets may resume per second, so that a reconnect storm cannot starve the connected."""

import asyncio

from amana.kernel.clock import Clock
from amana.kernel.limits import Limit

HELLOS_PER_SECOND = 150  # about a quarter of what one PostgreSQL core reads
HELLO_BURST = 300
LONGEST_WAIT_S = 8.0  # shorter than the hello timeout

LIMITS = (
    Limit(
        "realtime.hellos_per_second",
        HELLOS_PER_SECOND,
        "sockets",
        "When everybody comes back at once, those who are connected must not starve.",
    ),
    Limit("realtime.hellos_burst", HELLO_BURST, "sockets", "An office that opens its laptops does not wait."),
)


class Admission:
    """A token bucket whose debtors wait, in order of arrival."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._tokens = float(HELLO_BURST)
        self._at_s = clock.monotonic_s()

    async def enter(self) -> bool:
        """Wait for a place; False when that would take too long and the client should come back."""
        now_s = self._clock.monotonic_s()
        self._tokens = min(HELLO_BURST, self._tokens + (now_s - self._at_s) * HELLOS_PER_SECOND)
        self._at_s = now_s
        wait_s = (1 - self._tokens) / HELLOS_PER_SECOND
        if wait_s > LONGEST_WAIT_S:
            return False
        self._tokens -= 1
        if wait_s > 0:
            await asyncio.sleep(wait_s)
        return True

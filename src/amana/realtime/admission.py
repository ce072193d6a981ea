"""How many sockets are greeted at a time, so that a reconnect storm cannot starve the connected."""

from amana.kernel.clock import Clock
from amana.kernel.limits import Limit
from amana.kernel.line import Line

GREETED_AT_ONCE = 4
LONGEST_WAIT_S = 8
LONGEST_AWAY_S = 10.0

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


class Admission(Line):
    """The line in front of the greeting."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(
            clock, places=GREETED_AT_ONCE, longest_wait_s=LONGEST_WAIT_S, longest_away_s=LONGEST_AWAY_S
        )

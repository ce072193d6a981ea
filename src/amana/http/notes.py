"""What the log says of those who were not allowed something, without strangers being able to fill it."""

import structlog

from amana.http.buckets import Buckets
from amana.kernel.actor import Actor
from amana.kernel.clock import Clock
from amana.kernel.errors import Forbidden, Refusal

log = structlog.get_logger("amana.http")

# Enough to see that somebody tries, from where and how; what is left out is counted.
LINES_AT_ONCE = 20
LINES_PER_S = 0.2


class Notes:
    """Writes one line for each refusal; of those by nobody who is signed in, a few for each kind."""

    def __init__(self, clock: Clock) -> None:
        self._lines = Buckets(clock, burst=LINES_AT_ONCE, rate_per_s=LINES_PER_S)
        self._left_out = 0

    def forbidden(self, refusal: Refusal, *, route: str, actor: object) -> None:
        """Leave a trace of what somebody was not allowed to do: where and who, never what they sent.

        Args:
            route: the operation's id; at the edge, which knows no operations, the path without ids.
            actor: what the scope has: an ``Actor``, or None before anybody was looked for.
        """
        if not isinstance(refusal, Forbidden):
            return
        if isinstance(actor, Actor):
            log.warning("http.forbidden", code=refusal.code, route=route, user_id=str(actor.user_id))
        elif self._lines.take(refusal.code) > 0:
            self._left_out += 1
        else:
            left_out, self._left_out = self._left_out, 0
            log.warning("http.forbidden", code=refusal.code, route=route, user_id=None, left_out=left_out)

"""The only place that asks the machine what time it is (a lint forbids it elsewhere)."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol

# A wall clock that is corrected by a few milliseconds is normal; one that leaps is an incident.
JUMP_ALARM = timedelta(seconds=5)
# NTP's own slew rate: fast enough to follow a good clock, too slow to reorder anything visible.
SLEW_PER_SECOND = 0.0005


class Clock(Protocol):
    """Wall time and elapsed time, injected so that tests can move both."""

    def now(self) -> datetime:
        """Give the current time, timezone-aware UTC, never earlier than the call before."""

    def monotonic_s(self) -> float:
        """Give seconds since an arbitrary start; never runs backwards."""


class SystemClock:
    """Wall clock at start plus elapsed time, drawn slowly towards the machine's wall clock.

    A machine whose clock is set back by an hour would otherwise reorder a conversation and
    one set forward would date messages in the future. ``on_jump`` is called with the
    difference when the machine's clock has leapt by more than ``JUMP_ALARM``, back to the truth too.
    """

    def __init__(
        self,
        *,
        wall_s: Callable[[], float] = time.time,
        elapsed_s: Callable[[], float] = time.monotonic,
        on_jump: Callable[[timedelta], None] | None = None,
    ) -> None:
        self._wall_s = wall_s
        self._elapsed_s = elapsed_s
        self._on_jump = on_jump
        self._last_elapsed_s = elapsed_s()
        self._time_s = wall_s()
        self._offset_s = 0.0

    def now(self) -> datetime:
        elapsed_s = self._elapsed_s()
        step_s = max(0.0, elapsed_s - self._last_elapsed_s)
        self._last_elapsed_s = elapsed_s
        self._time_s += step_s
        self._slew(step_s)
        return datetime.fromtimestamp(self._time_s, UTC)

    def monotonic_s(self) -> float:
        return self._elapsed_s()

    def _slew(self, step_s: float) -> None:
        offset_s = self._wall_s() - self._time_s
        leapt = abs(offset_s - self._offset_s) > JUMP_ALARM.total_seconds()
        if leapt and self._on_jump is not None:
            self._on_jump(timedelta(seconds=offset_s))
        self._offset_s = offset_s
        room_s = step_s * SLEW_PER_SECOND
        # Never backwards: while the machine's clock is behind, time runs a little slower.
        self._time_s += min(room_s, max(-room_s, offset_s))


def unix_ms(at: datetime) -> int:
    """Milliseconds since 1970, as the log stores time."""
    return int(at.timestamp() * 1000)


def from_unix_ms(value_ms: int) -> datetime:
    """The inverse of ``unix_ms``."""
    return datetime.fromtimestamp(value_ms / 1000, UTC)

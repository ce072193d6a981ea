"""A clock that stands still until a test moves it."""

from datetime import UTC, datetime, timedelta

START = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


class FakeClock:
    """Wall time and elapsed time, both moved by hand."""

    def __init__(self, now: datetime = START) -> None:
        self._now = now
        self._elapsed_s = 1000.0

    def now(self) -> datetime:
        return self._now

    def monotonic_s(self) -> float:
        return self._elapsed_s

    def advance(self, step: timedelta | None = None, **parts: float) -> datetime:
        """Let time pass: ``advance(minutes=5)``."""
        step = step if step is not None else timedelta(**parts)
        self._now += step
        self._elapsed_s += step.total_seconds()
        return self._now

    def jump_to(self, now: datetime) -> None:
        """Set the wall clock only, as an operator or a broken NTP server would."""
        self._now = now

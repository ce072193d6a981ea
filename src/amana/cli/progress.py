"""Says how far long work is: one rewritten line on a terminal, one line per step in a pipe."""

import sys
from types import TracebackType
from typing import Literal, Self, TextIO

from amana.kernel.clock import Clock, SystemClock

# Often enough to look alive, rarely enough to cost nothing.
REDRAW_S = 0.1
# In a pipe every tenth of the work is a line.
PIPE_STEPS = 10
_KIB = 1024


class Progress:
    """Progress of one piece of work, on standard error, so that results can be piped elsewhere.

    Use it as a context manager; leaving it by an exception says that the work was broken off.
    """

    def __init__(
        self,
        total: int | None,
        what: str,
        *,
        unit: Literal["", "bytes"] = "",
        stream: TextIO | None = None,
        clock: Clock | None = None,
    ) -> None:
        """Begin.

        Args:
            total: how much there is to do; None when nobody knows.
            what: the work in a few words: "Restoring messages".
            unit: what is counted; "bytes" is shown as MB.
            stream: where to write; standard error by default.
        """
        self._total = total
        self._what = what
        self._unit = unit
        self._stream = stream or sys.stderr
        self._clock = clock or SystemClock()
        self._rewrites = self._stream.isatty()
        self._count = 0
        self._drawn_s = float("-inf")
        self._step = 0
        self._over = False
        if not self._rewrites:
            self._line(f"{what} …")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.done()
        elif not self._over:
            self._end("broken off")

    def advance(self, count: int = 1) -> None:
        """Say that ``count`` more are done."""
        self._count += count
        if self._rewrites:
            now_s = self._clock.monotonic_s()
            if now_s - self._drawn_s >= REDRAW_S:
                self._drawn_s = now_s
                self._stream.write(f"\r\033[K{self._what} … {self._measure()}")
                self._stream.flush()
        elif self._total:
            step = min(self._count, self._total) * PIPE_STEPS // self._total
            if self._step < step < PIPE_STEPS:
                self._step = step
                self._line(f"{self._what} … {self._measure()}")

    def done(self) -> None:
        """Say that the work is finished; calling it again says nothing."""
        if not self._over:
            self._end(f"done, {self._amount(self._count)}" if self._count else "done")

    def _end(self, how: str) -> None:
        self._over = True
        if self._rewrites:
            self._stream.write("\r\033[K")
        self._line(f"{self._what}: {how}")

    def _line(self, text: str) -> None:
        self._stream.write(text + "\n")
        self._stream.flush()

    def _measure(self) -> str:
        if not self._total:
            return self._amount(self._count)
        percent = min(100, self._count * 100 // self._total)
        return f"{percent} % ({self._amount(self._count)} of {self._amount(self._total)})"

    def _amount(self, count: int) -> str:
        return size(count) if self._unit == "bytes" else f"{count:,}"


def size(size_bytes: int) -> str:
    """Bytes for people: ``3.4 MB``."""
    amount = float(size_bytes)
    for unit in ("bytes", "kB", "MB", "GB"):
        if amount < _KIB:
            return f"{amount:.0f} {unit}" if unit == "bytes" or amount >= 100 else f"{amount:.1f} {unit}"
        amount /= _KIB
    return f"{amount:.1f} TB"

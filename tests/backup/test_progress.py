"""One rewritten line on a terminal, a line per step in a pipe."""

import io

import pytest

from amana.cli.progress import Progress, size
from tests.support.clock import FakeClock


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_pipe_gets_one_line_per_step() -> None:
    out = io.StringIO()
    with Progress(100, "Counting", stream=out, clock=FakeClock()) as progress:
        for _ in range(100):
            progress.advance()

    lines = out.getvalue().splitlines()
    assert lines[0] == "Counting …"
    assert lines[1] == "Counting … 10 % (10 of 100)"
    assert lines[-1] == "Counting: done, 100"
    assert len(lines) == 11


def test_a_terminal_gets_one_line_that_is_rewritten(clock: FakeClock) -> None:
    out = Terminal()
    progress = Progress(None, "Copying", unit="bytes", stream=out, clock=clock)
    for _ in range(20):
        progress.advance(1 << 20)
    clock.advance(seconds=1)
    progress.advance(1 << 20)
    progress.done()
    progress.done()

    assert out.getvalue().count("\n") == 1
    assert out.getvalue().count("\r\033[KCopying … ") == 2, "redrawn by time, not by step"
    assert out.getvalue().endswith("Copying: done, 21.0 MB\n")


def test_work_that_was_broken_off_does_not_say_done() -> None:
    out = io.StringIO()
    with pytest.raises(RuntimeError), Progress(None, "Copying", stream=out):
        raise RuntimeError

    assert out.getvalue() == "Copying …\nCopying: broken off\n"


def test_sizes_are_for_people() -> None:
    sizes = [0, 999, 2048, 200 << 10, 5 << 30, 3 << 40]
    assert [size(number) for number in sizes] == [
        "0 bytes",
        "999 bytes",
        "2.0 kB",
        "200 kB",
        "5.0 GB",
        "3.0 TB",
    ]

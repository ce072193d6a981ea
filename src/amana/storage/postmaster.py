"""Reading what a PostgreSQL server tells about itself: its pid file, its process, its log."""

from collections.abc import Callable
from pathlib import Path

Condition = Callable[[], bool]

# What PostgreSQL says about a predecessor that is not quite gone yet.
_PASSING = (
    "lock file",
    "pre-existing shared memory block",
    "Is another postmaster",
    "Address already in use",
)


def written_pid(data: Path) -> int | None:
    """The number in the pid file; None when there is no server's one."""
    try:
        first = (data / "postmaster.pid").read_text(errors="replace").split("\n", 1)[0]
        return abs(int(first))
    except (FileNotFoundError, ValueError):
        return None


def is_ready(data: Path, pid: int) -> bool:
    """Whether the server ``pid`` says that it accepts connections (line 8 of its pid file)."""
    try:
        lines = (data / "postmaster.pid").read_text(errors="replace").splitlines()
    except FileNotFoundError:
        return False
    return len(lines) >= 8 and lines[0] == str(pid) and lines[7].strip() == "ready"


def living_pid(data: Path) -> int | None:
    """The server that works in ``data`` now, whoever started it; None when there is none."""
    pid = written_pid(data)
    if pid is None:
        return None
    try:
        # A server's working folder is its data; a zombie has none. This cannot be mistaken for a
        # stranger that got the same number.
        return pid if Path(f"/proc/{pid}/cwd").readlink() == data.resolve() else None
    except OSError:
        return None


def stale_pid(data: Path) -> int | None:
    """The number in a pid file whose server is gone; None when there is no file or a living server."""
    return written_pid(data) if living_pid(data) is None else None


def log_since(log: Path, start: int) -> list[str]:
    """The lines that were added to the log from byte ``start`` on."""
    with log.open("rb") as file:
        file.seek(start if start <= log.stat().st_size else 0)
        return file.read().decode(errors="replace").splitlines()


def passes_by_itself(lines: list[str]) -> bool:
    """Whether the server failed only because its predecessor was not quite gone."""
    return any(sign in line for line in lines for sign in _PASSING)


def reason(lines: list[str]) -> str:
    """The server's own sentence about why it gave up."""
    fatal = [line for line in lines if "FATAL:" in line or "PANIC:" in line]
    chosen = (fatal or lines or ["it said nothing"])[-1]
    return chosen.split("FATAL:", 1)[-1].split("PANIC:", 1)[-1].strip()

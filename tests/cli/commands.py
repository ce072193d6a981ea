"""Runs the installed `amana` as a person does: a process, its exit code, what it printed."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

AMANA = Path(sys.executable).with_name("amana")


@dataclass(frozen=True)
class Said:
    """How a command ended."""

    code: int
    out: str
    err: str


def amana(*arguments: str | Path, cwd: Path | None = None, **environment: str) -> Said:
    """Run a command to its end; nothing of AMANA_* is inherited."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AMANA_")}
    done = subprocess.run(
        [str(AMANA), *map(str, arguments)],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        env={**inherited, **environment},
        cwd=cwd,
        timeout=120,
    )
    return Said(done.returncode, done.stdout, done.stderr)

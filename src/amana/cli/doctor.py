"""`amana doctor`: what is wrong with this installation, and what to type."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from amana.cli.running import EXIT_FOUND, DataDir, run, settings_for
from amana.cli.serve import read_settings, say

if TYPE_CHECKING:
    from amana.app.doctor import Finding
    from amana.app.settings import Settings


def doctor(
    *,
    data_dir: DataDir = None,
    as_json: Annotated[bool, Parameter(name="--json", negative=(), help="Findings as JSON.")] = False,
) -> None:
    """Find what is wrong with this installation and say what to do; looks, and changes nothing.

    Works beside a running server, whose own settings it takes, and on a stopped one. Ends with 3
    when something is bad, with 0 otherwise.
    """
    from amana.app.doctor import Level

    findings = run(_examine(settings_for(data_dir)))
    if as_json:
        say(json.dumps([_row(one) for one in findings], indent=1))
    else:
        _tell(findings)
    if any(one.level is Level.BAD for one in findings):
        sys.exit(EXIT_FOUND)


async def _examine(settings: "Settings") -> "list[Finding]":
    from amana.app.doctor import examine
    from amana.app.doctor.gather import gather
    from amana.app.offline import serving_pid
    from amana.kernel.clock import SystemClock
    from amana.kernel.entropy import SystemEntropy

    pid = serving_pid(settings)
    if pid is not None:
        settings = _settings_of(pid, settings)
    return examine(await gather(settings, SystemClock(), SystemEntropy()))


def _settings_of(pid: int, ours: "Settings") -> "Settings":
    """The running server's own settings: what this shell says may be something else."""
    try:
        environment = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        words = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return ours  # another account's process: then this shell's settings have to do
    known = type(ours).model_fields
    named = (entry.decode(errors="replace").partition("=") for entry in environment)
    found = {
        name.removeprefix("AMANA_").lower(): value for name, _, value in named if name.startswith("AMANA_")
    }
    for word, following in zip(words, [*words[1:], ""], strict=True):
        name, _, value = word.removeprefix("--").partition("=")
        if word.startswith("--") and name.replace("-", "_") in known:
            found[name.replace("-", "_")] = value or following
    theirs = {name: value for name, value in found.items() if name in known}
    return read_settings({**theirs, "data_dir": ours.data_dir})


def _tell(findings: "list[Finding]") -> None:
    for one in findings:
        say(f"{one.level:8} {one.check:12} {one.says}")
        if one.todo:
            say(f"{'':21} → {one.todo}")


def _row(finding: "Finding") -> dict[str, str]:
    return {"check": finding.check, "level": finding.level, "says": finding.says, "todo": finding.todo}

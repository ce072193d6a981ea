"""`amana backup …`: take backups, and see how good they are."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from amana.cli.progress import Progress, size
from amana.cli.running import EXIT_FOUND, DataDir, run, settings_for
from amana.cli.serve import say
from amana.kernel.errors import StartFailure

if TYPE_CHECKING:
    from datetime import datetime

    from amana.backup.drill import DrillReport
    from amana.backup.status import BackupStatus, TargetStatus
    from amana.backup.target import Target

backup = App(
    name="backup",
    help="Take backups and see how good they are. The running server takes them by itself.",
    help_format="plaintext",
)


@backup.command
def keygen(file: Annotated[Path, Parameter(help="New file for the key, best on a USB stick.")]) -> None:
    """Make the key that opens backups. Keep it away from this machine; print it out."""
    from amana.backup.keys import write_identity
    from amana.kernel.clock import SystemClock

    recipient = write_identity(file, SystemClock().now())
    say(f"The key is in {file}. Whoever has it and the root key can read everything; without it no backup")
    say("can be opened, by nobody. Put it where this machine is not: a safe, a second place.\n")
    say(f"AMANA_BACKUP_RECIPIENT={recipient}")


@backup.command
def now(
    *,
    new_target: Annotated[
        bool, Parameter(negative="", help="Begin anew in a target that was emptied on purpose.")
    ] = False,
    data_dir: DataDir = None,
) -> None:
    """Take a backup into every target: base, log, keyring and erasures. The server may run or not."""
    run(_now(data_dir, new_target=new_target))


@backup.command(name="list")
def list_(*, data_dir: DataDir = None) -> None:
    """List what each target holds: every base, and from when to when it can be restored."""
    for line in run(_list(data_dir)):
        say(line)


@backup.command
def status(*, data_dir: DataDir = None) -> None:
    """Say how old the newest of everything is; exit code 3 when something is not as it should be."""
    found = run(_status(data_dir))
    for one in found.targets:
        say("\n".join(_told(one)))
    say(f"log not yet in every target  {size(found.log_behind_bytes)}")
    drill = found.drill
    say(
        "last drill                   "
        + ("none" if drill is None else f"{_time(drill.at)}, {_good(drill.good)}")
    )
    for problem in found.problems:
        say(f"! {problem}")
    if found.problems:
        sys.exit(EXIT_FOUND)


@backup.command
def prune(*, data_dir: DataDir = None) -> None:
    """Remove what is older than AMANA_BACKUP_KEEP_DAYS; the server does it every hour."""
    run(_prune(data_dir))


@backup.command
def check(
    *,
    identity: Annotated[
        Path | None, Parameter(help="File with the offline key; by default the server's key for the drill.")
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Read every object of every target to its end; exit code 3 when one is damaged."""
    damaged = _check(data_dir, identity)
    for sentence in damaged:
        say(f"! {sentence}")
    if damaged:
        sys.exit(EXIT_FOUND)


@backup.command
def drill(*, data_dir: DataDir = None) -> None:
    """Restore the newest backup into a folder beside the data, compare, remove it, and say how it went.

    The server does it by itself every week. Exit code 3 when the backup cannot be relied on.
    """
    from amana.app.backups import require_plan
    from amana.app.drills import drill_now
    from amana.app.offline import reached

    settings = settings_for(data_dir)

    async def work() -> "list[DrillReport]":
        async with reached(settings) as here:
            plan = require_plan(settings, here.clock, here.entropy)
            return await drill_now(settings, plan, here, begin=Progress)

    reports = run(work())
    for report in reports:
        for sentence in report.sentences():
            say(sentence)
    if not all(report.good for report in reports):
        sys.exit(EXIT_FOUND)


async def _now(data_dir: Path | None, *, new_target: bool) -> None:
    from amana.app.backups import backups_of, require_plan
    from amana.app.offline import reached

    settings = settings_for(data_dir)
    async with reached(settings) as here:
        plan = require_plan(settings, here.clock, here.entropy)
        backups = await backups_of(plan, here)
        if new_target:
            for target in plan.targets:
                backups.memory.forget(target.name)
        shown: list[Progress] = []

        def moved(target: "Target", about_bytes: int) -> "Progress":
            shown.append(Progress(about_bytes, f"Copying the database to {target.name}", unit="bytes"))
            return shown[-1]

        try:
            taken = await backups.now(lambda target, about: moved(target, about).advance)
            for progress in shown:
                progress.done()
            await backups.prune()
        finally:
            await backups.close()
    for target, info in taken:
        say(f"{target.name}: base {info.stamp}, {size(info.sealed_bytes)}, with log, keyring and erasures.")


async def _list(data_dir: Path | None) -> list[str]:
    from amana.app.backups import require_plan
    from amana.backup import layout, pruning
    from amana.kernel.clock import SystemClock
    from amana.kernel.entropy import SystemEntropy

    lines = []
    for target in require_plan(settings_for(data_dir), SystemClock(), SystemEntropy()).targets:
        layout.require_description(target)
        segments, keyrings = layout.list_wal(target), layout.list_keyrings(target)
        lines.append(f"{target.name}: {len(segments)} segments of the log, {len(keyrings)} keyrings")
        for base in pruning.readable_bases(target):
            usable = "" if pruning.is_good(base, segments) else "  NOT USABLE: its log is missing"
            lines.append(
                f"  {base.stamp}  {size(base.sealed_bytes):>9}  from {_time(base.finished_at)} on  "
                f"PostgreSQL {base.postgres}{usable}"
            )
    return lines


async def _status(data_dir: Path | None) -> "BackupStatus":
    from amana.app.backups import require_plan, status_of
    from amana.app.offline import reached

    settings = settings_for(data_dir)
    async with reached(settings) as here:
        return await status_of(settings, require_plan(settings, here.clock, here.entropy), here)


async def _prune(data_dir: Path | None) -> None:
    from amana.app.backups import backups_of, require_plan
    from amana.app.offline import reached

    settings = settings_for(data_dir)
    async with reached(settings) as here:
        backups = await backups_of(require_plan(settings, here.clock, here.entropy), here)
        try:
            done = await backups.prune()
        finally:
            await backups.close()
    for target, gone in done:
        say(f"{target.name}: {gone.bases} bases, {gone.segments} segments, {gone.keyrings} keyrings removed.")
    if backups.health.failing:
        raise StartFailure("not every target could be tidied; the lines above say which.")


def _check(data_dir: Path | None, identity: Path | None) -> list[str]:
    from amana.app.backups import require_plan
    from amana.backup.checking import damaged_objects
    from amana.backup.keys import DRILL_KEY, read_identities
    from amana.kernel.clock import SystemClock
    from amana.kernel.entropy import SystemEntropy

    settings = settings_for(data_dir)
    plan = require_plan(settings, SystemClock(), SystemEntropy())
    identities = read_identities(identity or settings.data_dir / DRILL_KEY)
    found = []
    for target in plan.targets:
        with Progress(None, f"Reading {target.name}", unit="bytes") as progress:
            found += damaged_objects(target, identities, moved=progress.advance)
    return found


def _told(one: "TargetStatus") -> list[str]:
    if one.reason is not None:
        return [one.name, "  cannot be looked at"]
    return [
        f"{one.name}  {size(one.size_bytes)}",
        f"  newest base      {_time(one.base_at)} ({one.bases} usable)",
        f"  newest log       {_time(one.log_at)}",
        f"  newest keyring   {_time(one.keyring_at)} ({one.keyrings} kept)",
        f"  erasures behind  {int(one.journal_behind.total_seconds())} s",
    ]


def _time(at: "datetime | None") -> str:
    return "none" if at is None else f"{at:%Y-%m-%d %H:%M:%S} UTC"


def _good(good: bool) -> str:  # noqa: FBT001  the only thing there is to say
    return "good" if good else "FAILED"

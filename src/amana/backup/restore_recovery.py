"""A PostgreSQL that comes up from a base backup and the write-ahead log, in a folder of its own.

Inside the data folder, while it comes up::

    recovery.signal                      PostgreSQL's sign to do so
    amana-restore/fetch                  its restore_command: asks for a segment and waits
    amana-restore/want/<name>            asked for
    amana-restore/have/<name>            fetched and decrypted by this process; moved away at once
    amana-restore/none/<name>            the backup holds no such file: the log ends here
    amana-restore/stop                   fetching failed: give up, and do not take that for the end

So never more than one segment lies decrypted beside the data, and no key leaves this process.
"""

import asyncio
import contextlib
import os
import re
import shutil
import signal
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import asyncpg

from amana.backup.restore_errors import RecoveryFailed
from amana.backup.restore_files import make_folder, write_file
from amana.kernel.entropy import Entropy
from amana.storage import cluster, postmaster
from amana.storage.embedded import EmbeddedPostgres
from amana.storage.errors import ServerFailed
from amana.storage.osuser import OsUser, choose_user

STAGING = "amana-restore"
TRUST = f"{STAGING}/hba"
POLL_S = 0.02
# Asking and answering run side by side; a silence of this length means that nobody answers any more.
ANSWER_LIMIT_S = 600

# Everything but 0 and 1 to 125 makes PostgreSQL give up; 1 says that the archive has no such file.
_FETCH = f"""#!/bin/sh
d={STAGING}
: > "$d/want/$1" || exit 126
n=0
while [ $n -lt {int(ANSWER_LIMIT_S / 0.05)} ]; do
  if [ -e "$d/have/$1" ]; then mv "$d/have/$1" "$2" && exit 0; exit 126; fi
  if [ -e "$d/none/$1" ]; then rm -f "$d/none/$1"; exit 1; fi
  if [ -e "$d/stop" ]; then exit 126; fi
  sleep 0.05
  n=$((n + 1))
done
exit 126
"""
_HISTORY = re.compile(r"([0-9A-F]{8})\.history")
_BEYOND_THE_END = "before configured recovery target"

Fetch = Callable[[str], bytes | None]
"""A WAL segment by its name, None when the backup holds none. Blocks; called from a thread."""


@dataclass(frozen=True, slots=True)
class Recovered:
    """A database that has come up.

    Attributes:
        dsn: of its superuser.
        end_lsn: the last place of the log that was applied.
        last_change: when the last transaction in it was committed; None when the base had all.
        reached: False when the log ended before the time that was asked for.
        segments: how many pieces of the log were applied.
    """

    dsn: str = field(repr=False)
    end_lsn: str
    last_change: datetime | None
    reached: bool
    segments: int


@dataclass(slots=True)
class Plan:
    """What to bring up, and how far.

    Attributes:
        root: a data folder with an unpacked base in ``postgres``.
        until: the time to stop at; None takes everything there is.
        timelines: which timelines the backup knows: the database begins one of its own after them.
        settings: PostgreSQL settings over Amana's own.
    """

    root: Path
    fetch: Fetch
    until: datetime | None = None
    timelines: frozenset[int] = frozenset()
    user: str | None = None
    settings: dict[str, str] = field(default_factory=dict)


@asynccontextmanager
async def recovered(
    plan: Plan, entropy: Entropy, *, moved: Callable[[], None] = lambda: None
) -> AsyncIterator[Recovered]:
    """Bring a database up and keep it running for the length of the block.

    Args:
        moved: told after every segment that was applied.

    Raises:
        RecoveryFailed: PostgreSQL gave up; says what it said.
        BackupFailure: a segment could not be fetched or opened.
    """
    data = plan.root / "postgres"
    user = choose_user(plan.user, data.stat().st_uid)
    _write_password(plan.root, entropy)
    staging = _Staging(data / STAGING, user, plan, moved)
    reached = True
    server = _server(plan, until=plan.until, entropy=entropy)
    try:
        try:
            dsn = await _up(server, staging)
        except RecoveryFailed as failure:
            if plan.until is None or _BEYOND_THE_END not in str(failure):
                raise
            reached = False
            server = _server(plan, until=None, entropy=entropy)
            dsn = await _up(server, staging)
        end_lsn, last_change = await _settle(dsn, plan.root)
        yield Recovered(dsn, end_lsn, last_change, reached, staging.served)
    finally:
        await server.stop()
        shutil.rmtree(staging.folder, ignore_errors=True)


async def clear(root: Path) -> None:
    """Remove what a restore left behind that was killed, its database first. None there is fine.

    Raises:
        AlreadyRunning: that restore is still at work.
        RecoveryFailed: its database does not stop.
    """
    layout = cluster.Layout(root)
    if not await asyncio.to_thread(root.exists):
        return
    held = cluster.lock_data(layout)
    try:
        await _stop_survivor(layout)
        shutil.rmtree(root)
    finally:
        held.close()


async def _stop_survivor(layout: cluster.Layout) -> None:
    pid = postmaster.living_pid(layout.data)
    for wanted in (signal.SIGINT, signal.SIGQUIT):
        if pid is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, wanted)
        for _ in range(int(10 / POLL_S)):
            if postmaster.living_pid(layout.data) is None:
                return
            await asyncio.sleep(POLL_S)
    raise RecoveryFailed(
        f"The database of an earlier restore in {layout.root} does not stop (process {pid})."
    )


class _Staging:
    """Answers what the restore_command asks for, until cancelled."""

    def __init__(self, folder: Path, user: OsUser, plan: Plan, moved: Callable[[], None]) -> None:
        self.folder = folder
        self.served = 0
        self.failure: BaseException | None = None
        self._user = user
        self._plan = plan
        self._moved = moved
        self._own_timeline = _timeline(folder.parent)

    def prepare(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        make_folder(self.folder, self._user)
        for name in ("want", "have", "none"):
            make_folder(self.folder / name, self._user)
        write_file(self.folder / "fetch", _FETCH.encode(), self._user)
        # The socket's folder lets nobody in but this account; the password comes later.
        write_file(self.folder / "hba", b"local all all trust\n", self._user)
        write_file(self.folder.parent / "recovery.signal", b"", self._user)

    async def answer(self) -> None:
        """Serve requests. After a failure it says stop and ends; ``failure`` holds why."""
        try:
            while True:
                for name in self._asked():
                    await self._answer_one(name)
                await asyncio.sleep(POLL_S)
        except Exception as error:  # noqa: BLE001  outermost of a task: raised where the database is awaited
            self.failure = error
            write_file(self.folder / "stop", b"", self._user)

    def _asked(self) -> list[str]:
        """The names asked for since the last time."""
        requests = list((self.folder / "want").iterdir())
        for request in requests:
            request.unlink()
        return [request.name for request in requests]

    async def _answer_one(self, name: str) -> None:
        history = _HISTORY.fullmatch(name)
        if history is not None:
            found = self._history(int(history[1], 16))
        else:
            found = await asyncio.to_thread(self._plan.fetch, name)
        answer = self.folder / ("none" if found is None else "have") / name
        write_file(answer, found or b"", self._user)
        if found is not None and history is None:
            self.served += 1
            self._moved()

    def _history(self, timeline: int) -> bytes | None:
        """Say that a later timeline exists: the new one then gets a number of its own.

        Without this a second restore would write a log under the names of the first one's. Recovery
        itself stays on the timeline of its base.
        """
        if timeline <= self._own_timeline or timeline not in self._plan.timelines:
            return None
        return b"# known to the backup\n"


def _server(plan: Plan, *, until: datetime | None, entropy: Entropy) -> EmbeddedPostgres:
    settings = {
        **plan.settings,
        "restore_command": f"/bin/sh {STAGING}/fetch %f %p",
        "recovery_target_timeline": "current",
        "hot_standby": "off",
        "hba_file": TRUST,
        "autovacuum": "off",
    }
    if until is not None:
        settings["recovery_target_time"] = until.astimezone(UTC).isoformat()
        settings["recovery_target_action"] = "promote"
    # However long the log is: PostgreSQL itself says when it cannot go on.
    return EmbeddedPostgres(
        plan.root, user=plan.user, settings=settings, entropy=entropy, recovery_limit_s=float("inf")
    )


async def _up(server: EmbeddedPostgres, staging: _Staging) -> str:
    staging.prepare()
    answering = asyncio.create_task(staging.answer(), name="restore")
    try:
        return await server.start()
    except ServerFailed as failure:
        if staging.failure is not None:
            raise staging.failure from failure
        raise RecoveryFailed(f"The database does not come up from this backup: {failure}") from failure
    finally:
        answering.cancel()
        await asyncio.gather(answering, return_exceptions=True)


async def _settle(dsn: str, root: Path) -> tuple[str, datetime | None]:
    """Give the database the password that is beside it; say how far the log was applied."""
    connection = await asyncpg.connect(dsn, timeout=30)
    try:
        password = cluster.read_password(cluster.Layout(root))
        quoted = await connection.fetchval("SELECT quote_literal($1::text)", password)
        await connection.execute(f"ALTER ROLE {cluster.SUPERUSER} PASSWORD {quoted}")
        end_lsn = await connection.fetchval("SELECT pg_last_wal_replay_lsn()::text")
        return str(end_lsn), await connection.fetchval("SELECT pg_last_xact_replay_timestamp()")
    finally:
        await connection.close()


def _timeline(data: Path) -> int:
    """The timeline of an unpacked base, as its backup_label says."""
    found = re.search(r"^START TIMELINE: (\d+)$", (data / "backup_label").read_text(), re.MULTILINE)
    return int(found[1]) if found else 1


def _write_password(root: Path, entropy: Entropy) -> None:
    path = cluster.Layout(root).password
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(urlsafe_b64encode(entropy.token_bytes(32)).rstrip(b"="))

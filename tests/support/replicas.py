"""Two PostgreSQL servers on loopback: a primary and a standby that confirms every commit."""

import asyncio
import os
import shutil
import signal
import subprocess
from pathlib import Path

import asyncpg
import psutil  # type: ignore[import-untyped]  # has no types of its own

from amana.storage.osuser import choose_user, spawn_identity
from tests.support.postgres import scratch_dir
from tests.support.server import free_port

PASSWORD = "only for this test"
READY_S = 60.0
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "wal_level": "replica",
    "max_connections": "200",
    "shared_buffers": "32MB",
    "hot_standby": "on",
    "log_min_messages": "fatal",
}


class Replica:
    """One of the two; ``data`` is its folder."""

    def __init__(self, pair: "Pair", name: str) -> None:
        self.pair = pair
        self.data = pair.folder / name
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def dsn(self) -> str:
        return f"postgresql://amana:{PASSWORD.replace(' ', '%20')}@127.0.0.1:{self.port}/amana"

    def start(self, **settings: str) -> None:
        chosen = {**SETTINGS, **settings, "port": str(self.port), "unix_socket_directories": ""}
        options = [part for name, value in chosen.items() for part in ("-c", f"{name}={value}")]
        self.process = subprocess.Popen(
            [self.pair.program("postgres"), "-D", str(self.data), *options],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=self.data,
            env={"PATH": os.defpath, "LC_ALL": "C"},
            **self.pair.identity,
        )

    async def ready(self, database: str = "postgres") -> None:
        dsn = self.dsn.rpartition("/")[0] + f"/{database}"
        async with asyncio.timeout(READY_S):
            while True:
                try:
                    connection = await asyncpg.connect(dsn, timeout=3)
                except (OSError, asyncpg.PostgresError):
                    await asyncio.sleep(0.1)
                else:
                    await connection.close()
                    return

    async def execute(self, sql: str, database: str = "postgres") -> object:
        connection = await asyncpg.connect(self.dsn.rpartition("/")[0] + f"/{database}", timeout=5)
        try:
            return await connection.fetchval(sql)
        finally:
            await connection.close()

    def kill(self) -> None:
        """kill −9 of the whole server."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def hang(self) -> None:
        """Take connections and answer nothing, with every process of it: a host behind a cut cable."""
        for one in self._everybody():
            one.send_signal(signal.SIGSTOP)

    async def promote(self) -> None:
        """Make the standby the primary; nobody has to confirm its commits then."""
        await self.execute("SELECT pg_promote(true, 60)")

    def _everybody(self) -> list[psutil.Process]:
        assert self.process is not None
        postmaster = psutil.Process(self.process.pid)
        return [postmaster, *postmaster.children(recursive=True)]

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            for one in self._everybody():
                one.send_signal(signal.SIGCONT)
            self.process.send_signal(signal.SIGQUIT)
            self.process.wait(30)


class Pair:
    """Both servers, in one folder.

    Attributes:
        dsn: names both hosts; leads to whichever is the primary.
    """

    def __init__(self, binaries: Path) -> None:
        self.binaries = binaries
        self.folder = scratch_dir()
        self.user = choose_user(None, None)
        os.chown(self.folder, self.user.uid, self.user.gid)
        self.identity = spawn_identity(self.user)
        self.primary = Replica(self, "one")
        self.standby = Replica(self, "two")

    @property
    def dsn(self) -> str:
        account = self.primary.dsn.rpartition("@")[0]
        hosts = f"127.0.0.1:{self.primary.port},127.0.0.1:{self.standby.port}"
        return f"{account}@{hosts}/amana?target_session_attrs=primary"

    def program(self, name: str) -> str:
        return str(self.binaries / name)

    async def start(self, *, standby: bool = True) -> None:
        """Start the primary, and the standby that confirms its commits unless it is not wanted."""
        await asyncio.to_thread(self._initialise)
        self.primary.start()
        await self.primary.ready()
        await self.primary.execute("CREATE DATABASE amana")
        if not standby:
            return
        await asyncio.to_thread(self._copy)
        self.standby.start()
        await self.standby.ready()
        # Only now: before there is a standby no commit could be confirmed.
        await self.primary.execute("ALTER SYSTEM SET synchronous_standby_names = 'ANY 1 (*)'")
        await self.primary.execute("SELECT pg_reload_conf()")
        async with asyncio.timeout(READY_S):
            while not await self.primary.execute(
                "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'quorum'"
            ):
                await asyncio.sleep(0.1)

    async def fail_over(self) -> None:
        """The primary dies; the standby takes its place."""
        self.primary.kill()
        await self.take_over()

    async def take_over(self) -> None:
        # Its own copy of the setting would make it wait for a standby that is not there.
        await self.standby.promote()
        await self.standby.execute("ALTER SYSTEM SET synchronous_standby_names = ''")
        await self.standby.execute("SELECT pg_reload_conf()")

    def close(self) -> None:
        self.primary.stop()
        self.standby.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _initialise(self) -> None:
        secret = self.folder / "password"
        secret.write_text(PASSWORD)
        os.chown(secret, self.user.uid, self.user.gid)
        options = ["-U", "amana", "--pwfile", str(secret), "-A", "scram-sha-256", "--no-sync", "-E", "UTF8"]
        self._run("initdb", "-D", str(self.primary.data), *options, "--no-locale", "--data-checksums")
        access = self.primary.data / "pg_hba.conf"
        access.write_text(
            "host all all 127.0.0.1/32 scram-sha-256\nhost replication all 127.0.0.1/32 scram-sha-256\n"
        )

    def _copy(self) -> None:
        self._run(
            *(
                "pg_basebackup",
                "-D",
                str(self.standby.data),
                "-R",
                "-X",
                "stream",
                "--checkpoint=fast",
                "--no-sync",
            ),
            *("-d", f"host=127.0.0.1 port={self.primary.port} user=amana application_name=two"),
        )

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [self.program(program), *arguments],
            check=True,
            capture_output=True,
            cwd=self.folder,
            env={"PATH": os.defpath, "LC_ALL": "C", "PGPASSWORD": PASSWORD},
            **self.identity,
        )

"""A real server whose backup is taken step by step, and a second machine to restore it on."""

import asyncio
import os
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg

from amana.backup import copying, journal, keyring, keys, layout, server
from amana.backup.keys import Identity
from amana.backup.layout import BaseInfo
from amana.backup.target import LocalTarget
from amana.backup.wal import Shipper
from amana.kernel.clock import SystemClock
from amana.kernel.entropy import SystemEntropy
from amana.storage.database import Database
from amana.vault.erasure import BEGINNING
from tests.support.client import Person, set_up
from tests.support.postgres import scratch_dir
from tests.support.server import ServerProcess

AMANA = Path(sys.executable).with_name("amana")


@dataclass
class Machine:
    """A server with a target that is filled when the test says so.

    Attributes:
        identity_file: the offline key.
    """

    server: ServerProcess = field(default_factory=lambda: ServerProcess(scratch_dir()))
    identity: Identity = field(default_factory=keys.new_identity)
    clock: SystemClock = field(default_factory=SystemClock)
    entropy: SystemEntropy = field(default_factory=SystemEntropy)

    def __post_init__(self) -> None:
        self.folder = scratch_dir()
        self.target = LocalTarget(self.folder / "target")
        self.identity_file = self.folder / "offline.key"
        self.identity_file.write_text(f"{self.identity}\n")

    async def start(self) -> Person:
        await self.server.start()
        return await set_up(self.server.base_url, self.server.setup_secret())

    async def back_up(self) -> BaseInfo:
        """A base, the log up to now, and the keys."""
        async with server.connected(self.server.superuser_dsn()) as connection:
            facts = await server.facts_of(connection)
        described = layout.Description("test", facts.system_identifier, (), "2026-11-22T00:00:00Z")
        self.target.put(layout.DESCRIPTION, [described.encode()])
        job = copying.BaseJob(
            self.server.superuser_dsn(),
            facts,
            [keys.recipient_of(self.identity)],
            lambda _: None,
            threading.Event(),
        )
        await self.ship()
        info = await asyncio.to_thread(copying.take_base, self.target, job, self.clock)
        await self.ship()
        await self.keep_keys()
        return info

    async def ship(self) -> None:
        """The log up to now."""
        shipper = Shipper(
            self.server.superuser_dsn(), [self.target], [keys.recipient_of(self.identity)], self.clock
        )
        try:
            await shipper.run_once()
        finally:
            await shipper.close()

    async def keep_keys(self) -> None:
        """A snapshot of the keyring."""
        async with server.connected(self.server.superuser_dsn()) as connection:
            await keyring.put_snapshot(
                connection, self.target, [keys.recipient_of(self.identity)], self.clock.now()
            )

    async def send_journal(self) -> None:
        """Every erasure so far."""
        database = await Database.connect(self.server.superuser_dsn(), pool_size=1)
        try:
            (row,) = await self.sql("SELECT org_id FROM organisation")
            recipients = [keys.recipient_of(self.identity)]
            mark = BEGINNING
            while True:
                count, mark = await journal.ship(
                    database, row["org_id"], self.target, mark, recipients=recipients, now=self.clock.now()
                )
                if count < journal.PIECE:
                    return
        finally:
            await database.close()

    async def sql(self, statement: str, *values: object) -> list[asyncpg.Record]:
        connection = await asyncpg.connect(
            self.server.superuser_dsn(), server_settings={"search_path": "amana"}
        )
        try:
            return list(await connection.fetch(statement, *values))
        finally:
            await connection.close()

    async def now(self) -> str:
        """The database's time, as ``--to`` takes it."""
        rows = await self.sql("SELECT clock_timestamp() AS at")
        return str(rows[0]["at"].isoformat())

    async def destroy(self) -> None:
        """kill −9, and everything on its disk but the copy of the root key is gone."""
        kept = self.folder / "root.key"
        kept.write_bytes((self.server.data_dir / "keys" / "root.key").read_bytes())
        await self.server.kill()
        await self.server.remove()

    def other(self) -> ServerProcess:
        """An empty machine with the root key in its place."""
        other = ServerProcess(scratch_dir())
        self.put_root_key(other)
        return other

    def put_root_key(self, other: ServerProcess) -> None:
        place = other.data_dir / "keys" / "root.key"
        place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        kept = self.folder / "root.key"
        source = kept if kept.exists() else self.server.data_dir / "keys" / "root.key"
        place.write_bytes(source.read_bytes())
        place.chmod(0o600)

    async def restore(
        self, other: ServerProcess, *more: str, place: Path | None = None
    ) -> "subprocess.CompletedProcess[str]":
        """`amana restore` as it is typed."""
        return await asyncio.to_thread(run, self._command(other, more, place), **other.environment)

    async def begin_restore(self, other: ServerProcess) -> "subprocess.Popen[bytes]":
        """The same, to be killed."""
        silent = subprocess.DEVNULL
        return subprocess.Popen(self._command(other, (), None), stdout=silent, stderr=silent)

    def _command(self, other: ServerProcess, more: tuple[str, ...], place: Path | None) -> list[str]:
        command = [str(AMANA), "restore", "--from", str(place or self.target.name)]
        if "--identity" not in more:
            command += ["--identity", str(self.identity_file)]
        return [*command, "--data-dir", str(other.data_dir), *more]


def run(command: list[str], **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        env={**os.environ, "PYTHONUNBUFFERED": "1", **environment},
    )

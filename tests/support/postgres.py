"""One embedded PostgreSQL per test session; a fresh database per module from a migrated template."""

import asyncio
import itertools
import os
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg

import amana
from amana.kernel.clock import Clock
from amana.storage.embedded import EmbeddedPostgres
from amana.storage.migrations import migrate
from amana.storage.partitions import ensure_month_partitions

TEMPLATE = "amana_template"


def schema_folders() -> list[Path]:
    """The migrations of every domain that has some."""
    return sorted(Path(amana.__file__).parent.glob("*/schema"))


def scratch_dir() -> Path:
    """A short folder in memory where there is one, that the database's account can reach."""
    base = Path("/dev/shm") if os.access("/dev/shm", os.W_OK) else Path(tempfile.gettempdir())
    folder = Path(tempfile.mkdtemp(prefix="amana-test-", dir=base))
    folder.chmod(0o711)
    return folder


def dsn_of(dsn: str, database: str) -> str:
    """The same server, another database."""
    head, _, query = dsn.partition("?")
    return f"{head.rpartition('/')[0]}/{database}" + (f"?{query}" if query else "")


@dataclass
class PostgresServer:
    """A running server for tests.

    Attributes:
        dsn: of a database that no test uses.
    """

    embedded: EmbeddedPostgres
    folder: Path
    dsn: str = ""
    _numbers: "itertools.count[int]" = field(default_factory=itertools.count)

    @classmethod
    def launch(cls, clock: Clock, *, binaries: Path | None = None) -> "PostgresServer":
        """Start a server and migrate its template database."""
        folder = scratch_dir()
        # Nothing has to survive a power cut here.
        server = cls(EmbeddedPostgres(folder, binaries=binaries, settings={"max_connections": "200"}), folder)
        try:
            server.dsn = asyncio.run(server._prepare(clock))
        except BaseException:
            server.close()
            raise
        return server

    async def _prepare(self, clock: Clock) -> str:
        dsn = await self.embedded.start()
        await _execute(dsn, f"CREATE DATABASE {TEMPLATE}")
        template = dsn_of(dsn, TEMPLATE)
        await migrate(template, schema_folders(), clock=clock)
        await ensure_month_partitions(template, clock=clock)
        return dsn

    async def create_database(self, *, template: str = TEMPLATE) -> str:
        """Make a database like ``template`` (migrated, empty); give its DSN."""
        name = f"test_{next(self._numbers)}"
        await _execute(self.dsn, f"CREATE DATABASE {name} TEMPLATE {template}")
        return dsn_of(self.dsn, name)

    async def drop_database(self, dsn: str) -> None:
        """Remove what ``create_database`` made, whoever is still connected."""
        name = dsn.partition("?")[0].rpartition("/")[2]
        await _execute(self.dsn, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def close(self) -> None:
        asyncio.run(self.embedded.stop())
        shutil.rmtree(self.folder, ignore_errors=True)


async def _execute(dsn: str, sql: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(sql)
    finally:
        await connection.close()

"""Forward-only SQL migrations of all domains, in one order, once."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from amana.kernel.clock import Clock
from amana.storage.errors import (
    DatabaseTooOld,
    DatabaseUnreachable,
    MigrationChanged,
    MigrationFailed,
    SchemaNewer,
)
from amana.storage.faults import DRIVER_ERRORS, as_busy
from amana.storage.roles import ensure_roles, grant_rights

FLOOR_VERSION = 15
# Not the leader's number: a running leader must not keep another process from checking the schema.
ADVISORY_LOCK = int.from_bytes(b"migrate", "big")
_FILE_NAME = re.compile(r"\d{10}_[a-z0-9_]+\.sql")

# A migration that waits for a lock makes everybody behind it wait as well: rather fail and say so.
_TIMEOUTS = "SET lock_timeout = '5s'; SET statement_timeout = '15min'; SET search_path = amana"
_WAIT_FOR_OTHER_S = 60

_RECORD = """
CREATE TABLE IF NOT EXISTS amana.schema_migration (
  name text PRIMARY KEY,
  sha256 text NOT NULL,
  applied_at timestamptz NOT NULL
);
COMMENT ON TABLE amana.schema_migration IS 'group: SYSTEM. Which migrations ran; belongs to no organisation.';
"""


@dataclass(frozen=True, slots=True)
class Migration:
    """One file: ``YYYYMMDDnn_name.sql``."""

    name: str
    sql: str

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()


def collect(folders: Sequence[Path]) -> list[Migration]:
    """Read every migration of ``folders``, sorted by file name over all of them.

    Raises:
        MigrationFailed: a file name that would sort anywhere, or one name twice.
    """
    found: dict[str, Migration] = {}
    for path in sorted((path for folder in folders for path in folder.glob("*.sql")), key=lambda p: p.name):
        if not _FILE_NAME.fullmatch(path.name):
            raise MigrationFailed(f"{path} is not named like 2026112201_domain_what.sql.")
        if path.name in found:
            raise MigrationFailed(f"There are two migrations named {path.name}.")
        found[path.name] = Migration(path.name, path.read_text(encoding="utf-8"))
    return list(found.values())


async def migrate(dsn: str, folders: Sequence[Path], *, clock: Clock) -> None:
    """Bring the database to the schema of this build.

    Safe to call from several processes at once: one works, the others wait for it. Each file
    runs in a transaction of its own, together with its record, so that a failure leaves the
    files before it applied and nothing half done.

    Raises:
        StartFailure: the server is unreachable or too old, the schema newer than this build, an
            applied file was edited, or a migration failed.
    """
    migrations = collect(folders)
    try:
        connection = await asyncpg.connect(dsn, timeout=10)
    except DRIVER_ERRORS as error:
        raise DatabaseUnreachable(f"The database cannot be reached: {error}") from error
    try:
        _require_floor(connection)
        await _wait_for_others(connection)
        await connection.execute(_TIMEOUTS)
        await _bring_up(connection, migrations, clock)
    except asyncpg.PostgresError as error:
        raise MigrationFailed(f"The database refused to be set up: {error}") from error
    finally:
        await connection.close()


async def _wait_for_others(connection: asyncpg.Connection) -> None:
    await connection.execute(f"SET lock_timeout = '{_WAIT_FOR_OTHER_S}s'")
    try:
        await connection.execute("SELECT pg_advisory_lock($1)", ADVISORY_LOCK)
    except asyncpg.LockNotAvailableError as error:
        raise MigrationFailed(
            f"Another Amana has been changing this database for {_WAIT_FOR_OTHER_S} s: wait, or stop it."
        ) from error


async def _bring_up(connection: asyncpg.Connection, migrations: Sequence[Migration], clock: Clock) -> None:
    has_roles = await ensure_roles(connection)
    known = await connection.fetchval("SELECT to_regclass('amana.schema_migration') IS NOT NULL")
    if not known:
        await connection.execute(_RECORD)
    if has_roles:
        await grant_rights(connection)
    applied = dict(await connection.fetch("SELECT name, sha256 FROM amana.schema_migration"))
    _require_known(applied, migrations)
    for migration in migrations:
        if migration.name not in applied:
            await _apply(connection, migration, clock)


def _require_floor(connection: asyncpg.Connection) -> None:
    version = connection.get_server_version()
    if version.major < FLOOR_VERSION:
        raise DatabaseTooOld(
            f"The database is PostgreSQL {version.major}; Amana needs PostgreSQL {FLOOR_VERSION} or newer."
        )


def _require_known(applied: dict[str, str], migrations: Sequence[Migration]) -> None:
    ours = {migration.name: migration.sha256 for migration in migrations}
    unknown = sorted(set(applied) - set(ours))
    if unknown:
        raise SchemaNewer(
            f"The database was set up by a newer Amana (it has {unknown[-1]}). "
            "Start that version or a later one."
        )
    changed = sorted(name for name, sha256 in applied.items() if ours[name] != sha256)
    if changed:
        raise MigrationChanged(
            f"The migration {changed[0]} was edited after it had been applied here. "
            "Install the original file; changes go into a new migration."
        )


async def _apply(connection: asyncpg.Connection, migration: Migration, clock: Clock) -> None:
    try:
        async with connection.transaction():
            await connection.execute(migration.sql)
            await connection.execute(
                "INSERT INTO amana.schema_migration (name, sha256, applied_at) VALUES ($1, $2, $3)",
                migration.name,
                migration.sha256,
                clock.now(),
            )
    except DRIVER_ERRORS as error:
        busy = as_busy(error, closed=connection.is_closed())
        reason = "something else is using the tables; try again" if busy else str(error)
        raise MigrationFailed(
            f"The migration {migration.name} failed and changed nothing: {reason}"
        ) from error

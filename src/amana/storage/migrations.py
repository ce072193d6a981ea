"""Forward-only SQL migrations of all domains, in one order, once.

A file may begin with the line ``-- safe for X.Y.Z``: releases from X.Y.Z on can work on the schema
that it makes, so that a release can be taken back. Without it every earlier release refuses the
schema. See docs/decisions/0018.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from amana import __version__
from amana.kernel.clock import Clock
from amana.storage.errors import (
    DatabaseTooOld,
    DatabaseUnreachable,
    MigrationChanged,
    MigrationFailed,
    SchemaNewer,
    SchemaOlder,
)
from amana.storage.faults import DRIVER_ERRORS, as_busy
from amana.storage.roles import ensure_roles, grant_rights, protect_records

FLOOR_VERSION = 15
# Not the leader's number: a running leader must not keep another process from checking the schema.
ADVISORY_LOCK = int.from_bytes(b"migrate", "big")
_FILE_NAME = re.compile(r"\d{10}_[a-z0-9_]+\.sql")
_SAFE_FOR = re.compile(r"-- safe for (\d+\.\d+\.\d+)\n")
# Releases up to this one know one table of migrations and refuse whatever they do not know in it.
_FIRST_RELEASE = "0.1.0"

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
ALTER TABLE amana.schema_migration ADD COLUMN IF NOT EXISTS safe_for text;
CREATE TABLE IF NOT EXISTS amana.schema_addition (
  name text PRIMARY KEY,
  sha256 text NOT NULL,
  applied_at timestamptz NOT NULL,
  safe_for text NOT NULL
);
COMMENT ON TABLE amana.schema_addition IS
  'group: SYSTEM. Migrations that every release can live with, also those that only know schema_migration.';
"""
_APPLIED = """
SELECT name, sha256, safe_for FROM amana.schema_migration
UNION ALL
SELECT name, sha256, safe_for FROM amana.schema_addition
"""


@dataclass(frozen=True, slots=True)
class Migration:
    """One file: ``YYYYMMDDnn_name.sql``."""

    name: str
    sql: str

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()

    @property
    def safe_for(self) -> str | None:
        """The oldest release that can work on what this makes; None: no release before its own."""
        found = _SAFE_FOR.match(self.sql)
        return found[1] if found else None


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


async def birthmark(dsn: str) -> str:
    """What tells this installation from every other: made from the moment its first migration ran.

    The same on every host and standby, and after a restore.
    """
    try:
        connection = await asyncpg.connect(dsn, timeout=10)
    except DRIVER_ERRORS as error:
        raise DatabaseUnreachable(f"The database cannot be reached: {error}") from error
    try:
        first = await connection.fetchval("SELECT min(applied_at) FROM amana.schema_migration")
    finally:
        await connection.close()
    return hashlib.sha256(f"amana/birthmark/v1\0{first.isoformat()}".encode()).hexdigest()[:24]


async def _wait_for_others(connection: asyncpg.Connection) -> None:
    await connection.execute(f"SET lock_timeout = '{_WAIT_FOR_OTHER_S}s'")
    try:
        await connection.execute("SELECT pg_advisory_lock($1)", ADVISORY_LOCK)
    except asyncpg.LockNotAvailableError as error:
        raise MigrationFailed(
            f"Another Amana has been changing this database for {_WAIT_FOR_OTHER_S} s: wait, or stop it."
        ) from error


async def require_brought_up(dsn: str, folders: Sequence[Path]) -> None:
    """Check, without changing anything, that this build can work on the database's schema.

    Raises:
        StartFailure: the server is unreachable, the schema older or newer than this build.
    """
    migrations = collect(folders)
    try:
        connection = await asyncpg.connect(dsn, timeout=10)
    except DRIVER_ERRORS as error:
        raise DatabaseUnreachable(f"The database cannot be reached: {error}") from error
    try:
        known = await connection.fetchval("SELECT to_regclass('amana.schema_addition') IS NOT NULL")
        applied = await connection.fetch(_APPLIED) if known else []
    finally:
        await connection.close()
    _require_known(applied, migrations)
    missing = {migration.name for migration in migrations} - {row["name"] for row in applied}
    if missing:
        raise SchemaOlder(
            f"The database has not been brought up to this version yet ({min(missing)} is missing). "
            "Start `amana serve` of this version once."
        )


async def _bring_up(connection: asyncpg.Connection, migrations: Sequence[Migration], clock: Clock) -> None:
    has_roles = await ensure_roles(connection)
    if not await connection.fetchval("SELECT to_regclass('amana.schema_addition') IS NOT NULL"):
        await connection.execute(_RECORD)
    if has_roles:
        await grant_rights(connection)
        await protect_records(connection)
    applied = await connection.fetch(_APPLIED)
    _require_known(applied, migrations)
    names = {row["name"] for row in applied}
    for migration in migrations:
        if migration.name not in names:
            await _apply(connection, migration, clock)


def _require_floor(connection: asyncpg.Connection) -> None:
    version = connection.get_server_version()
    if version.major < FLOOR_VERSION:
        raise DatabaseTooOld(
            f"The database is PostgreSQL {version.major}; Amana needs PostgreSQL {FLOOR_VERSION} or newer."
        )


def _require_known(applied: Sequence[asyncpg.Record], migrations: Sequence[Migration]) -> None:
    ours = {migration.name: migration.sha256 for migration in migrations}
    unknown = [row["name"] for row in applied if row["name"] not in ours and not _is_safe(row["safe_for"])]
    if unknown:
        raise SchemaNewer(
            f"The database was set up by a newer Amana (it has {max(unknown)}). "
            "Start that version or a later one."
        )
    changed = sorted(row["name"] for row in applied if ours.get(row["name"], row["sha256"]) != row["sha256"])
    if changed:
        raise MigrationChanged(
            f"The migration {changed[0]} was edited after it had been applied here. "
            "Install the original file; changes go into a new migration."
        )


def _is_safe(safe_for: str | None) -> bool:
    return safe_for is not None and _release(safe_for) <= _release(__version__)


def _release(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")[:3])


async def _apply(connection: asyncpg.Connection, migration: Migration, clock: Clock) -> None:
    try:
        async with connection.transaction():
            await connection.execute(migration.sql)
            table = "schema_addition" if migration.safe_for == _FIRST_RELEASE else "schema_migration"
            await connection.execute(
                f"INSERT INTO amana.{table} (name, sha256, applied_at, safe_for) VALUES ($1, $2, $3, $4)",  # noqa: S608 - ours
                migration.name,
                migration.sha256,
                clock.now(),
                migration.safe_for,
            )
    except DRIVER_ERRORS as error:
        busy = as_busy(error, closed=connection.is_closed())
        reason = "something else is using the tables; try again" if busy else str(error)
        raise MigrationFailed(
            f"The migration {migration.name} failed and changed nothing: {reason}"
        ) from error

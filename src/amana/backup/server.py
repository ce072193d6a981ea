"""What backups ask the database server itself, past the application's role."""

import re
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit, urlunsplit

import asyncpg

from amana.backup.errors import BaseFailed, NoBackupRights
from amana.storage.binaries import wheel_folder
from amana.storage.errors import BinariesMissing, DatabaseUnreachable
from amana.storage.faults import DRIVER_ERRORS

CONNECT_TIMEOUT_S = 10
COPY_PROGRAM = "pg_basebackup"

RIGHTS = (
    "The account of AMANA_DATABASE_URL may not take backups. As the server's administrator run: "
    "ALTER ROLE <account> REPLICATION; GRANT EXECUTE ON FUNCTION "
    "pg_read_binary_file(text, bigint, bigint) TO <account>; and allow it a replication connection in "
    "pg_hba.conf. See docs/operating/backup.md."
)

_FACTS = """
SELECT current_setting('server_version') AS version,
       current_setting('server_version_num')::int / 10000 AS major,
       (SELECT system_identifier::text FROM pg_control_system()) AS system_identifier,
       (SELECT setting::bigint FROM pg_settings WHERE name = 'wal_segment_size') AS wal_segment_bytes,
       (SELECT sum(pg_database_size(oid)) FROM pg_database WHERE datallowconn)::bigint AS size_bytes,
       ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int AS timeline,
       greatest((SELECT max(name) FROM amana.schema_migration),
                (SELECT max(name) FROM amana.schema_addition)) AS schema
"""


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """What does not change while a server runs, but for its size.

    Attributes:
        version: ``18.6``.
        size_bytes: of all databases together, about what a base will have.
        schema: newest migration.
    """

    version: str
    major: int
    system_identifier: str
    wal_segment_bytes: int
    size_bytes: int
    timeline: int
    schema: str


@asynccontextmanager
async def connected(dsn: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection as the account of ``dsn``, without limits on time.

    Raises:
        DatabaseUnreachable: the server does not answer.
    """
    try:
        connection = await asyncpg.connect(
            dsn, timeout=CONNECT_TIMEOUT_S, server_settings={"application_name": "amana-backup"}
        )
    except DRIVER_ERRORS as error:
        raise DatabaseUnreachable(f"The database cannot be reached: {error}") from error
    try:
        yield connection
    finally:
        connection.terminate()


async def facts_of(connection: asyncpg.Connection) -> ServerFacts:
    row = await connection.fetchrow(_FACTS)
    return ServerFacts(**dict(row))


def without_password(dsn: str) -> tuple[str, str | None]:
    """Take the password out of an address: what is on a command line everybody can read."""
    parts = urlsplit(dsn)
    login, at, host = parts.netloc.rpartition("@")
    user, _, password = login.partition(":")
    query = parse_qsl(parts.query, keep_blank_values=True)
    by_query = next((value for name, value in query if name == "password"), None)
    kept = urlencode([(name, value) for name, value in query if name != "password"])
    clean = urlunsplit((parts.scheme, user + at + host, parts.path, kept, ""))
    return clean, unquote(password) if password else by_query


def copy_program(server_major: int) -> str:
    """``pg_basebackup`` of the server's version or a newer one: ours, or the system's.

    Raises:
        BinariesMissing: there is none that is new enough.
    """
    try:
        candidates = [str(wheel_folder() / COPY_PROGRAM)]
    except BinariesMissing:
        candidates = []
    if (found := shutil.which(COPY_PROGRAM)) is not None:
        candidates.append(found)
    candidates.append(f"/usr/lib/postgresql/{server_major}/bin/{COPY_PROGRAM}")
    for program in candidates:
        if Path(program).exists() and _major(program) >= server_major:
            return program
    raise BinariesMissing(
        f"Backing up PostgreSQL {server_major} needs its program {COPY_PROGRAM}. Install the package "
        f"postgresql-client-{server_major}."
    )


def failure_of(said: str) -> Exception:
    """The sentence for what ``pg_basebackup`` wrote to its error output."""
    if re.search(r"replication role|to start WAL sender|pg_hba\.conf entry for replication", said):
        return NoBackupRights(RIGHTS)
    if "single tablespace" in said:
        return BaseFailed("The database uses tablespaces of its own, which Amana does not back up.")
    lines = [line for line in said.splitlines() if "error:" in line or "FATAL:" in line]
    reason = (lines or said.strip().splitlines() or ["it said nothing"])[-1].split("error:", 1)[-1].strip()
    return BaseFailed(f"The database could not be copied: {reason[:300].rstrip('.')}.")


def _major(program: str) -> int:
    told = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
    match = re.search(r"\) (\d+)", told)
    return int(match[1]) if match else 0

"""Taking deleted rows out of the files of the database.

PostgreSQL marks a deleted row as dead and leaves its bytes where they are: in the page, also after VACUUM
until something is written over them; in the write-ahead log, also after a checkpoint where old segments
are recycled. So a table with deleted secrets is written anew, and then the log begins a new segment and
gives up the old ones. The files go back to the file system; what a disk does with them is beyond us.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import asyncpg
import structlog

log = structlog.get_logger("amana.hygiene")

# Readers and writers queue behind a lock that is waited for, so it is waited for shortly and tried again.
LOCK_WAIT = "2s"
TRIES = 20
PAUSE_S = 3.0
# A follower of the log (a backup) fetches a finished segment within seconds.
FOLLOWER_TRIES = 15

# Smaller ones are written in the time that a message may take anyway.
LARGE_BYTES = 64 * 1024 * 1024
# PostgreSQL's counters lag behind by about a second. More than one row a second is a conversation.
WATCH_S = 4.0

_ROWS_IN = """
SELECT pg_stat_get_tuples_inserted($1::text::regclass)
"""
_LOOKS_BACK = """
SELECT who FROM (
    SELECT format('connection %s (%s)', pid, coalesce(nullif(application_name, ''), backend_type)) AS who,
           backend_xmin AS xmin
      FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type <> 'autovacuum worker'
    UNION ALL SELECT format('replication slot %s', slot_name), xmin FROM pg_replication_slots
    UNION ALL SELECT format('prepared transaction %s', gid), transaction FROM pg_prepared_xacts
) AS looking WHERE xmin IS NOT NULL AND age(xmin) >= age($1::text::xid) ORDER BY 1 LIMIT 1
"""
# Where the segment begins that is written to now.
_SEGMENT = """
SELECT ('0/0'::pg_lsn + floor((pg_current_wal_lsn() - '0/0'::pg_lsn) / size.bytes) * size.bytes)::text
  FROM (SELECT pg_size_bytes(current_setting('wal_segment_size'))::numeric AS bytes) AS size
"""
_SLOT_BEHIND = """
SELECT slot_name FROM pg_replication_slots WHERE restart_lsn < $1::text::pg_lsn ORDER BY restart_lsn LIMIT 1
"""


@dataclass(slots=True)
class Result:
    """What was done. With nothing ``left`` and no ``limits`` nothing deleted is in tables and log any more.

    Attributes:
        rewritten: tables that are free of dead rows now.
        left: what has to wait, and why, for the operator; worth another try.
        limits: what this server does not let us do, however often we try.
    """

    rewritten: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    limits: list[str] = field(default_factory=list)


async def rewrite(
    dsn: str, tables: Sequence[str], *, newest: int, pause_s: float = PAUSE_S, patient: bool = False
) -> Result:
    """Write ``tables`` anew without their dead rows, one after the other, then begin a new log.

    A table is locked while it is written (a second or two for 100 MB on an ordinary disk); other work on
    it waits, and what waits for more than some seconds is refused and tried again by the clients.

    Args:
        dsn: of the account that owns the tables, at best a superuser.
        tables: qualified names; one that does not exist is passed over.
        newest: the youngest transaction whose deletions are to go. As long as somebody may still look
            at the time before it, PostgreSQL keeps the rows, and nothing is begun.
        pause_s: between two tries of a table that is in use.
        patient: leave a large table for the next time as long as rows keep coming into it.
    """
    result = Result()
    async with _connected(dsn) as connection:
        if who := await _looks_back(connection, newest, pause_s):
            result.left.append(f"{who} still looks at the time before the erasure")
            return result
        for table in tables:
            if not await connection.fetchval("SELECT to_regclass($1) IS NOT NULL", table):
                continue
            if patient and await _is_busy(connection, table):
                result.left.append(f"{table} waits for a quieter moment")
                continue
            await _rewrite_one(connection, table, result, pause_s)
        if not result.left:
            await _begin_new_log(connection, result, pause_s)
    return result


async def _looks_back(connection: asyncpg.Connection, newest: int, pause_s: float) -> str | None:
    """Who keeps dead rows alive, after waiting a while for short transactions to end."""
    who: str | None = None
    for _ in range(TRIES):
        # A transaction number of 64 bits; its lower half is what rows and snapshots hold.
        who = await connection.fetchval(_LOOKS_BACK, str(newest % 2**32))
        if who is None:
            return None
        await asyncio.sleep(pause_s)
    return who


async def _rewrite_one(connection: asyncpg.Connection, table: str, result: Result, pause_s: float) -> None:
    before = await _file_of(connection, table)
    for _ in range(TRIES):
        try:
            await connection.execute(f"VACUUM (FULL) {table}")
        except asyncpg.LockNotAvailableError:
            await asyncio.sleep(pause_s)
            continue
        except asyncpg.InsufficientPrivilegeError:
            break
        # Without the right to do it PostgreSQL warns and goes on.
        if await _file_of(connection, table) != before:
            result.rewritten.append(table)
            return
        break
    else:
        result.left.append(f"{table} is always in use")
        return
    result.limits.append(f"{table} belongs to an account that Amana may not act for")


async def _is_busy(connection: asyncpg.Connection, table: str) -> bool:
    """Whether rows come into a table that is so large that they would have to wait."""
    if await connection.fetchval("SELECT pg_table_size($1::text::regclass)", table) < LARGE_BYTES:
        return False
    before = await connection.fetchval(_ROWS_IN, table)
    await asyncio.sleep(WATCH_S)
    after = await connection.fetchval(_ROWS_IN, table)
    return bool(after - before > WATCH_S)


async def _file_of(connection: asyncpg.Connection, table: str) -> object:
    return await connection.fetchval("SELECT pg_relation_filenode($1::text::regclass)", table)


async def _begin_new_log(connection: asyncpg.Connection, result: Result, pause_s: float) -> None:
    """Leave the segment that is written to, and let the older ones go."""
    try:
        await connection.execute("SELECT pg_switch_wal()")
        here = str(await connection.fetchval(_SEGMENT))
        for _ in range(FOLLOWER_TRIES):
            await connection.execute("CHECKPOINT")
            slot = await connection.fetchval(_SLOT_BEHIND, here)
            if slot is None:
                break
            await asyncio.sleep(pause_s)
        else:
            result.left.append(f"the write-ahead log is kept for the replication slot {slot}")
        if await connection.fetchval("SELECT current_setting('wal_recycle')::boolean"):
            result.limits.append("wal_recycle is on: old segments of the write-ahead log are used again")
    except asyncpg.InsufficientPrivilegeError:
        result.limits.append("the write-ahead log belongs to an account that Amana may not act for")


@asynccontextmanager
async def _connected(dsn: str) -> AsyncIterator[asyncpg.Connection]:
    settings = {
        "lock_timeout": LOCK_WAIT,
        "statement_timeout": "0",
        "application_name": "amana hygiene",
        # Half-way through a rewrite there is nothing worth waiting for another server to confirm.
        "synchronous_commit": "local",
    }
    connection = await asyncpg.connect(dsn, timeout=10, server_settings=settings)
    try:
        yield connection
    finally:
        connection.terminate()

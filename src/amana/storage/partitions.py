"""Month partitions: made ahead of time, never on the write path."""

from collections.abc import Iterator, Sequence
from datetime import timedelta

import asyncpg

from amana.kernel.clock import Clock, unix_ms
from amana.kernel.ids import Bucket, bucket_at, next_bucket

# A client id may be 180 days old, so the last seven months can still receive a row.
MONTHS_BACK = 7
MONTHS_AHEAD = 3

_PARTITIONED = """
SELECT c.oid::regclass::text FROM pg_partitioned_table p JOIN pg_class c ON c.oid = p.partrelid
  JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = p.partattrs[0]
 WHERE n.nspname IN ('amana', 'keyring') AND p.partstrat = 'l' AND p.partnatts = 1 AND a.attname = 'bucket'
 ORDER BY 1
"""


_UNSAMPLED = """
SELECT quote_ident(attname) FROM pg_attribute
 WHERE attrelid = $1::regclass AND attnum > 0 AND attstattarget = 0
"""


def buckets_around(clock: Clock) -> Iterator[Bucket]:
    """The months that must be able to receive rows now: seven back to three ahead."""
    first = clock.now().replace(day=1)
    for _ in range(MONTHS_BACK):
        first = (first - timedelta(days=1)).replace(day=1)
    bucket = bucket_at(unix_ms(first))
    for _ in range(MONTHS_BACK + 1 + MONTHS_AHEAD):
        yield bucket
        bucket = next_bucket(bucket)


async def ensure_month_partitions(
    dsn: str, tables: Sequence[str] | None = None, *, clock: Clock
) -> list[str]:
    """Make the missing partitions; give the names of the new ones.

    Called at every start and by the leader once a day. Runs beside traffic: a partition is made
    as a table of its own and then attached, which blocks neither readers nor writers.

    Args:
        dsn: of the account that owns the tables.
        tables: ``amana.event``, ``keyring.wrap``, …; by default every table that is partitioned
            by a list of its column ``bucket``.
    """
    connection = await asyncpg.connect(
        dsn, timeout=10, server_settings={"lock_timeout": "5s", "search_path": "amana"}
    )
    try:
        if tables is None:
            tables = [row[0] for row in await connection.fetch(_PARTITIONED)]
        wanted = [(table, bucket) for table in tables for bucket in buckets_around(clock)]
        made = [await _ensure_partition(connection, table, bucket) for table, bucket in wanted]
        return [name for name in made if name is not None]
    finally:
        await connection.close()


async def _ensure_partition(connection: asyncpg.Connection, table: str, bucket: Bucket) -> str | None:
    name = f"{table}_{bucket}"
    if await connection.fetchval("SELECT to_regclass($1) IS NOT NULL", name):
        return None
    async with connection.transaction():
        # Two starting processes must not both make it.
        await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", name)
        if await connection.fetchval("SELECT to_regclass($1) IS NOT NULL", name):
            return None
        await connection.execute(f"CREATE TABLE {name} (LIKE {table} INCLUDING ALL)")
        # What may not be sampled into the planner's statistics is not said again by LIKE.
        for (column,) in await connection.fetch(_UNSAMPLED, table):
            await connection.execute(f"ALTER TABLE {name} ALTER COLUMN {column} SET STATISTICS 0")
        await connection.execute(f"CALL amana.protect_table('{name}')")
        group = await connection.fetchval(
            "SELECT quote_literal(obj_description($1::regclass, 'pg_class'))", table
        )
        await connection.execute(f"COMMENT ON TABLE {name} IS {group or 'NULL'}")
        await connection.execute(f"ALTER TABLE {table} ATTACH PARTITION {name} FOR VALUES IN ({bucket})")
    return name

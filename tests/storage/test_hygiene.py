"""A deleted row leaves its table, the planner's samples and the log, or the result says what is left."""

import asyncio
import itertools
import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from amana.storage import hygiene
from amana.storage.cluster import Layout
from amana.storage.embedded import EmbeddedPostgres
from tests.faults.raw import RawBytes
from tests.support.postgres import scratch_dir

SECRETS = {str(number): os.urandom(61) for number in range(4)}


@pytest.fixture(scope="module")
async def server() -> AsyncIterator[tuple[str, Path]]:
    folder = scratch_dir()
    embedded = EmbeddedPostgres(folder)
    yield await embedded.start(), Layout(folder).data
    await embedded.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
async def owner(server: tuple[str, Path]) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(server[0])
    await connection.execute(
        "DROP TABLE IF EXISTS secret; CREATE TABLE secret (id int PRIMARY KEY, body bytea)"
    )
    rows = [(int(number), secret) for number, secret in SECRETS.items()]
    await connection.executemany("INSERT INTO secret VALUES ($1, $2)", rows)
    await connection.execute("ANALYZE secret")
    await connection.execute("CHECKPOINT")
    yield connection
    await connection.close()


async def delete(connection: asyncpg.Connection, *ids: int) -> int:
    sql = "WITH gone AS (DELETE FROM secret WHERE id = ANY($1)) SELECT pg_current_xact_id()::text"
    return int(await connection.fetchval(sql, list(ids)))


async def test_deleted_rows_are_found_before_and_not_after(
    server: tuple[str, Path], owner: asyncpg.Connection
) -> None:
    dsn, data = server
    newest = await delete(owner, 0, 1)
    await owner.execute("VACUUM secret")
    await owner.execute("CHECKPOINT")
    assert RawBytes(data).found(SECRETS) >= {"0", "1"}, "VACUUM and a checkpoint would have been enough"

    result = await hygiene.rewrite(
        dsn, ["public.secret", "pg_catalog.pg_statistic", "public.nothing"], newest=newest, pause_s=0.1
    )

    assert (result.left, result.limits) == ([], [])
    assert result.rewritten == ["public.secret", "pg_catalog.pg_statistic"]
    left = RawBytes(data)
    # Samples of a column that is still sampled come back with the next ANALYZE only.
    await owner.execute("ANALYZE secret")
    await hygiene.rewrite(dsn, ["pg_catalog.pg_statistic"], newest=newest, pause_s=0.1)
    assert RawBytes(data).found(SECRETS) == {"2", "3"}
    assert left.found(SECRETS) >= {"2", "3"}


async def test_nothing_is_begun_while_somebody_looks_at_the_time_before(
    server: tuple[str, Path], owner: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hygiene, "TRIES", 2)
    reader = await asyncpg.connect(server[0], server_settings={"application_name": "nightly dump"})
    async with reader.transaction(isolation="repeatable_read", readonly=True):
        await reader.fetch("SELECT * FROM secret")
        newest = await delete(owner, 0)
        result = await hygiene.rewrite(server[0], ["public.secret"], newest=newest, pause_s=0.05)
    await reader.close()

    assert result.rewritten == []
    assert "nightly dump" in result.left[0]


async def test_a_table_that_is_always_in_use_is_left_for_the_next_time(
    server: tuple[str, Path], owner: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hygiene, "TRIES", 1)
    monkeypatch.setattr(hygiene, "LOCK_WAIT", "50ms")
    newest = await delete(owner, 0)
    async with owner.transaction():
        await owner.execute("LOCK TABLE secret IN ACCESS SHARE MODE")
        # Its own lock must not look at the past.
        result = await hygiene.rewrite(server[0], ["public.secret"], newest=newest - 1, pause_s=0.05)

    assert result.left == ["public.secret is always in use"]


async def test_a_slot_that_holds_the_log_is_named(
    server: tuple[str, Path], owner: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hygiene, "FOLLOWER_TRIES", 2)
    await owner.execute("SELECT pg_create_physical_replication_slot('slow_backup', true)")
    newest = await delete(owner, 0)
    try:
        result = await hygiene.rewrite(server[0], ["public.secret"], newest=newest, pause_s=0.05)
    finally:
        await owner.execute("SELECT pg_drop_replication_slot('slow_backup')")

    assert result.left == ["the write-ahead log is kept for the replication slot slow_backup"]


async def test_a_large_table_that_is_written_to_may_wait(
    server: tuple[str, Path], owner: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hygiene, "LARGE_BYTES", 1)
    monkeypatch.setattr(hygiene, "WATCH_S", 0.5)
    newest = await delete(owner, 0)

    async def keep_writing() -> None:
        for number in itertools.count(100):
            await owner.execute("INSERT INTO secret VALUES ($1, 'new')", number)
            await owner.execute("SELECT pg_stat_force_next_flush()")

    writing = asyncio.create_task(keep_writing())
    waits = await hygiene.rewrite(server[0], ["public.secret"], newest=newest, patient=True)
    writing.cancel()
    await asyncio.gather(writing, return_exceptions=True)
    quiet = await hygiene.rewrite(server[0], ["public.secret"], newest=newest, patient=True)

    assert waits.left == ["public.secret waits for a quieter moment"]
    assert quiet.rewritten == ["public.secret"]


async def test_an_account_without_the_right_is_told_so(
    server: tuple[str, Path], owner: asyncpg.Connection
) -> None:
    await owner.execute("DROP ROLE IF EXISTS guest; CREATE ROLE guest LOGIN PASSWORD 'guest'")
    newest = await delete(owner, 0)
    address = server[0].partition("@")[2]

    result = await hygiene.rewrite(
        f"postgresql://guest:guest@{address}", ["public.secret"], newest=newest, pause_s=0.05
    )

    assert result.left == []
    assert result.limits == [
        "public.secret belongs to an account that Amana may not act for",
        "the write-ahead log belongs to an account that Amana may not act for",
    ]

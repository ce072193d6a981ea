"""Forward-only migrations: once, in order, whole or not at all."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from amana.storage.database import Database
from amana.storage.errors import (
    DatabaseTooOld,
    DatabaseUnreachable,
    MigrationChanged,
    MigrationFailed,
    SchemaNewer,
    SchemaOlder,
)
from amana.storage.migrations import ADVISORY_LOCK, migrate, require_brought_up
from amana.storage.partitions import ensure_month_partitions
from tests.support.clock import FakeClock
from tests.support.postgres import PostgresServer, dsn_of, schema_folders


class Tree:
    """Two folders of migrations on a database of their own."""

    def __init__(self, folder: Path, dsn: str, clock: FakeClock) -> None:
        self.dsn = dsn
        self.folders = [folder / "one", folder / "two"]
        self._clock = clock
        for path in self.folders:
            path.mkdir()

    def write(self, name: str, sql: str, *, into: int = 0) -> Path:
        path = self.folders[into] / name
        path.write_text(sql, encoding="utf-8")
        return path

    async def migrate(self) -> None:
        await migrate(self.dsn, self.folders, clock=self._clock)

    async def ask(self, sql: str) -> object:
        connection = await asyncpg.connect(self.dsn, server_settings={"search_path": "amana"})
        try:
            return await connection.fetchval(sql)
        finally:
            await connection.close()


@pytest.fixture
async def tree(tmp_path: Path, postgres: PostgresServer, clock: FakeClock) -> AsyncIterator[Tree]:
    dsn = await postgres.create_database(template="template1")
    yield Tree(tmp_path, dsn, clock)
    await postgres.drop_database(dsn)


async def test_files_of_all_folders_run_in_the_order_of_their_names(tree: Tree) -> None:
    tree.write("2026112203_b_fill.sql", "INSERT INTO t VALUES (1); ALTER TABLE t RENAME TO u")
    tree.write("2026112202_a_make.sql", "CREATE TABLE t (x int)", into=1)

    await tree.migrate()

    assert await tree.ask("SELECT x FROM u") == 1
    assert await tree.ask("SELECT string_agg(name, ' ' ORDER BY name) FROM schema_migration") == (
        "2026112202_a_make.sql 2026112203_b_fill.sql"
    )


async def test_nothing_runs_twice(tree: Tree) -> None:
    tree.write("2026112202_a_make.sql", "CREATE TABLE t (x int); INSERT INTO t VALUES (1)")

    await tree.migrate()
    await tree.migrate()

    assert await tree.ask("SELECT count(*) FROM t") == 1


async def test_starting_processes_wait_for_each_other(tree: Tree) -> None:
    tree.write("2026112202_a_make.sql", "SELECT pg_sleep(0.2); CREATE TABLE t (x int)")

    await asyncio.gather(*(tree.migrate() for _ in range(4)))

    assert await tree.ask("SELECT count(*) FROM schema_migration") == 1


async def test_a_failing_file_changes_nothing_and_keeps_what_came_before(tree: Tree) -> None:
    tree.write("2026112202_a_good.sql", "CREATE TABLE good (x int)")
    tree.write("2026112203_a_bad.sql", "CREATE TABLE half (x int); SELECT 1 / 0")

    with pytest.raises(MigrationFailed, match=r"2026112203_a_bad\.sql failed and changed nothing: division"):
        await tree.migrate()

    assert await tree.ask("SELECT to_regclass('good')") == "good"
    assert await tree.ask("SELECT to_regclass('half')") is None
    tree.write("2026112203_a_bad.sql", "CREATE TABLE half (x int)")
    await tree.migrate()
    assert await tree.ask("SELECT to_regclass('half')") == "half"


async def test_an_applied_file_must_not_change(tree: Tree) -> None:
    tree.write("2026112202_a_make.sql", "CREATE TABLE t (x int)")
    await tree.migrate()
    tree.write("2026112202_a_make.sql", "CREATE TABLE t (x bigint)")

    with pytest.raises(MigrationChanged, match=r"2026112202_a_make\.sql was edited"):
        await tree.migrate()


async def test_a_newer_schema_is_refused(tree: Tree) -> None:
    tree.write("2026112202_a_make.sql", "CREATE TABLE t (x int)")
    newer = tree.write("2027010101_a_later.sql", "CREATE TABLE later (x int)")
    await tree.migrate()
    newer.unlink()

    with pytest.raises(SchemaNewer, match="newer Amana"):
        await tree.migrate()


@pytest.mark.parametrize(
    ("header", "table"),
    [("-- safe for 0.1.0\n", "schema_addition"), ("-- safe for 0.1.5\n", "schema_migration")],
)
async def test_an_addition_that_is_safe_for_this_release_may_be_met_by_it(
    tree: Tree, monkeypatch: pytest.MonkeyPatch, header: str, table: str
) -> None:
    monkeypatch.setattr("amana.storage.migrations.__version__", "0.1.5")
    tree.write("2026112202_a_make.sql", "CREATE TABLE t (x int)")
    newer = tree.write("2027010101_a_later.sql", f"{header}CREATE TABLE later (x int)")
    await tree.migrate()
    newer.unlink()

    await tree.migrate()

    assert await tree.ask(f"SELECT name FROM {table} WHERE safe_for IS NOT NULL") == newer.name
    assert await tree.ask("SELECT to_regclass('later')") == "later"
    assert await tree.ask("SELECT has_table_privilege('amana_app', 'schema_addition', 'INSERT')") is False


async def test_an_addition_that_is_safe_only_for_later_releases_is_refused(
    tree: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("amana.storage.migrations.__version__", "0.1.5")
    newer = tree.write("2027010101_a_later.sql", "-- safe for 0.1.6\nCREATE TABLE later (x int)")
    await tree.migrate()
    newer.unlink()

    with pytest.raises(SchemaNewer, match="newer Amana"):
        await tree.migrate()


async def test_a_schema_that_lacks_something_is_refused_by_who_only_looks(tree: Tree) -> None:
    tree.write("2026112202_a_make.sql", "CREATE TABLE t (x int)")
    with pytest.raises(SchemaOlder, match="2026112202_a_make"):
        await require_brought_up(tree.dsn, tree.folders)

    await tree.migrate()

    await require_brought_up(tree.dsn, tree.folders)


async def test_a_table_in_use_fails_soon_and_says_so(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "amana.storage.migrations._TIMEOUTS", "SET lock_timeout = '100ms'; SET search_path = amana"
    )
    tree.write("2026112202_a_make.sql", "CREATE TABLE t (x int)")
    await tree.migrate()
    tree.write("2026112203_a_change.sql", "ALTER TABLE t ADD y int")
    user = await asyncpg.connect(tree.dsn)
    async with user.transaction():
        await user.execute("LOCK TABLE amana.t IN ACCESS SHARE MODE")
        with pytest.raises(MigrationFailed, match="something else is using the tables"):
            await tree.migrate()
    await user.close()

    await tree.migrate()


async def test_another_process_at_work_for_long_is_reported(
    tree: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("amana.storage.migrations._WAIT_FOR_OTHER_S", 0.1)
    other = await asyncpg.connect(tree.dsn)
    await other.execute("SELECT pg_advisory_lock($1)", ADVISORY_LOCK)

    with pytest.raises(MigrationFailed, match="Another Amana"):
        await tree.migrate()

    await other.close()


@pytest.mark.parametrize("name", ["make.sql", "20261122_a.sql", "2026112202-a.sql", "2026112202_A.sql"])
async def test_a_file_that_would_sort_anywhere_is_refused(tree: Tree, name: str) -> None:
    tree.write(name, "SELECT 1")

    with pytest.raises(MigrationFailed, match="is not named like"):
        await tree.migrate()


async def test_one_name_in_two_folders_is_refused(tree: Tree) -> None:
    tree.write("2026112202_a.sql", "SELECT 1")
    tree.write("2026112202_a.sql", "SELECT 2", into=1)

    with pytest.raises(MigrationFailed, match="two migrations named"):
        await tree.migrate()


async def test_a_server_that_is_not_there_is_reported(clock: FakeClock) -> None:
    with pytest.raises(DatabaseUnreachable, match="cannot be reached"):
        await migrate("postgresql://amana:x@/amana?host=%2Fnowhere", [], clock=clock)


async def test_a_server_below_the_floor_is_refused(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("amana.storage.migrations.FLOOR_VERSION", 99)

    with pytest.raises(DatabaseTooOld, match="needs PostgreSQL 99 or newer"):
        await tree.migrate()


async def test_rights_that_a_migration_took_away_stay_away(tree: Tree) -> None:
    tree.write("2026112202_a_make.sql", "CREATE TABLE t (x int); REVOKE DELETE ON t FROM amana_app")
    await tree.migrate()
    await tree.migrate()

    assert await tree.ask("SELECT has_table_privilege('amana_app', 't', 'INSERT')") is True
    assert await tree.ask("SELECT has_table_privilege('amana_app', 't', 'DELETE')") is False
    assert await tree.ask("SELECT has_table_privilege('amana_app', 'schema_migration', 'INSERT')") is False
    assert await tree.ask("SELECT nspowner::regrole::text FROM pg_namespace WHERE nspname = 'keyring'") == (
        "amana_keyring"
    )


@pytest.mark.parametrize("rights", ["", "CREATEROLE"])
async def test_an_ordinary_account_of_an_own_server_is_enough(
    postgres: PostgresServer, clock: FakeClock, rights: str
) -> None:
    """The owner of a database, with or without the right to create roles, gets the whole schema."""
    owner = await asyncpg.connect(postgres.dsn)
    account = f"plain_{rights.lower() or 'nothing'}"
    await owner.execute(f"CREATE ROLE {account} LOGIN PASSWORD 'plain' {rights}")
    await owner.execute(f"CREATE DATABASE own_{account} OWNER {account}")
    place = dsn_of(postgres.dsn, f"own_{account}").partition("@")[2]
    dsn = f"postgresql://{account}:plain@{place}"
    try:
        await migrate(dsn, schema_folders(), clock=clock)
        await ensure_month_partitions(dsn, clock=clock)
        database = await Database.connect(dsn)
        async with database.system() as tx:
            assert await tx.value("SELECT count(*) > 0 FROM schema_migration") is True
            assert (
                await tx.value("SELECT bool_and(relforcerowsecurity) FROM pg_class WHERE relname = 'event'")
                is True
            )
        await database.close()
    finally:
        await owner.execute(f"DROP DATABASE own_{account} WITH (FORCE)")
        await owner.execute(f"DROP ROLE {account}")
        await owner.close()

"""Transactions on the real server: what is stored, what is refused, what is never acknowledged."""

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID

import asyncpg
import pytest
import pytest_asyncio

from amana.kernel.errors import Busy
from amana.kernel.ids import Ids, OrgId
from amana.storage.database import Database, Tx
from amana.storage.errors import OutcomeUnknown, StorageBusy, StorageUnavailable

NOTE = """
CREATE TABLE IF NOT EXISTS amana.note (org_id uuid NOT NULL, name text, PRIMARY KEY (org_id, name));
CREATE OR REPLACE FUNCTION amana.add_note(p_org uuid, p_name text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  PERFORM set_config('amana.org', p_org::text, true);
  INSERT INTO amana.note VALUES (p_org, p_name);
  RETURN p_name;
END $$;
DO $$ BEGIN
  IF NOT (SELECT relrowsecurity FROM pg_class WHERE oid = 'amana.note'::regclass) THEN
    CALL amana.protect_table('amana.note');
  END IF;
END $$;
"""


@pytest_asyncio.fixture
async def notes(database_dsn: str, database: Database) -> AsyncIterator[Database]:
    connection = await asyncpg.connect(database_dsn)
    await connection.execute(NOTE)
    await connection.close()
    yield database


async def add(database: Database, org_id: OrgId, name: str) -> None:
    async with database.write(org_id) as tx:
        assert await tx.run("INSERT INTO note VALUES (:org, :name)", org=org_id, name=name) == 1


async def names(database: Database, org_id: OrgId) -> list[str]:
    async with database.read(org_id) as tx:
        return [row["name"] for row in await tx.all("SELECT name FROM note ORDER BY name")]


async def test_every_way_of_asking_gives_its_shape(database: Database, org_id: OrgId) -> None:
    async with database.read(org_id) as tx:
        assert await tx.value("SELECT :a::int + 1", a=1) == 2
        assert await tx.one("SELECT 1 WHERE false") is None
        assert await tx.value("SELECT 1 WHERE false") is None
        row = await tx.one("SELECT :ids::uuid[] AS ids", ids=[org_id])
        assert row is not None
        assert row["ids"] == [org_id]
        assert [r[0] for r in await tx.all("SELECT generate_series(1, 3)")] == [1, 2, 3]
        assert [r[0] for r in await tx.fetch("SELECT $1::int", 7)] == [7]


async def test_pooled_connections_act_as_the_application_role(database: Database) -> None:
    async with database.system() as tx:
        assert await tx.value("SELECT current_user") == "amana_app"
        assert (
            await tx.value("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user")
            is False
        )
        assert await tx.value("SELECT amana_org()") is None


async def test_one_organisation_never_sees_anothers_rows(notes: Database, ids: Ids) -> None:
    ana, eve = OrgId(ids.new()), OrgId(ids.new())
    await add(notes, ana, "secret")

    assert await names(notes, eve) == []
    assert await names(notes, ana) == ["secret"]
    async with notes.system() as tx:
        assert await tx.value("SELECT count(*) FROM note") == 0
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with notes.write(eve) as tx:
            await tx.run("INSERT INTO note VALUES (:org, 'smuggled')", org=ana)


async def test_the_organisation_does_not_outlive_its_transaction(database_dsn: str, org_id: OrgId) -> None:
    single = await Database.connect(database_dsn, pool_size=1)
    async with single.write(org_id) as tx:
        assert await tx.value("SELECT amana_org()") == org_id
    async with single.system() as tx:
        assert await tx.value("SELECT amana_org()") is None
    await single.close()


async def test_a_reading_transaction_cannot_write(notes: Database, org_id: OrgId) -> None:
    with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
        async with notes.read(org_id) as tx:
            await tx.run("INSERT INTO note VALUES (:org, 'x')", org=org_id)


async def test_an_error_in_the_block_undoes_everything(notes: Database, org_id: OrgId) -> None:
    called: list[str] = []

    with pytest.raises(LookupError):
        async with notes.write(org_id) as tx:
            tx.after_commit(lambda: called.append("never"))
            await tx.run("INSERT INTO note VALUES (:org, 'gone')", org=org_id)
            raise LookupError

    assert await names(notes, org_id) == []
    assert called == []


async def test_callbacks_run_in_order_and_only_once_the_change_is_visible(
    notes: Database, org_id: OrgId
) -> None:
    called: list[str] = []
    async with notes.write(org_id) as tx:
        tx.after_commit(lambda: called.append("first"))
        tx.after_commit(lambda: called.append("second"))
        await tx.run("INSERT INTO note VALUES (:org, 'kept')", org=org_id)
        assert called == []

    assert called == ["first", "second"]


async def test_a_failing_callback_hides_neither_the_commit_nor_the_next_callback(
    notes: Database, org_id: OrgId
) -> None:
    called: list[str] = []
    reported: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: reported.append(context["exception"]))

    async with notes.write(org_id) as tx:
        tx.after_commit(lambda: called.remove("absent"))
        tx.after_commit(lambda: called.append("next"))

    assert called == ["next"]
    assert [type(error) for error in reported] == [ValueError]


async def test_a_swallowed_sql_error_does_not_pass_for_a_commit(notes: Database, org_id: OrgId) -> None:
    called: list[str] = []
    with pytest.raises(RuntimeError, match="error was caught"):
        async with notes.write(org_id) as tx:
            tx.after_commit(lambda: called.append("never"))
            await tx.run("INSERT INTO note VALUES (:org, 'lost')", org=org_id)
            with pytest.raises(asyncpg.DivisionByZeroError):
                await tx.value("SELECT 1 / 0")

    assert called == []
    assert await names(notes, org_id) == []


async def test_a_cancelled_request_leaves_a_usable_pool(database_dsn: str, org_id: OrgId) -> None:
    single = await Database.connect(database_dsn, pool_size=1)

    async def slow() -> None:
        async with single.write(org_id) as tx:
            await tx.value("SELECT pg_sleep(60)")

    task = asyncio.create_task(slow())
    await asyncio.sleep(0.1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    async with asyncio.timeout(3), single.read(org_id) as tx:
        assert await tx.value("SELECT 1") == 1
    await single.close()


async def _lose_connection(dsn: str, tx: Tx) -> None:
    pid = await tx.value("SELECT pg_backend_pid()")
    owner = await asyncpg.connect(dsn)
    await owner.execute("SELECT pg_terminate_backend($1)", pid)
    while await owner.fetchval("SELECT count(*) FROM pg_stat_activity WHERE pid = $1", pid):
        await asyncio.sleep(0.01)
    await owner.close()


async def test_a_connection_lost_before_the_commit_is_unavailable(
    database_dsn: str, database: Database, org_id: OrgId
) -> None:
    with pytest.raises(StorageUnavailable) as refused:
        async with database.write(org_id) as tx:
            await _lose_connection(database_dsn, tx)
            await tx.value("SELECT 1")

    assert refused.value.code == "storage_unavailable"
    async with database.read(org_id) as tx:
        assert await tx.value("SELECT 1") == 1


async def test_a_connection_lost_around_the_commit_is_never_a_success(
    database_dsn: str, notes: Database, org_id: OrgId
) -> None:
    called: list[str] = []
    with pytest.raises(OutcomeUnknown):
        async with notes.write(org_id) as tx:
            tx.after_commit(lambda: called.append("acknowledged"))
            await tx.run("INSERT INTO note VALUES (:org, 'perhaps')", org=org_id)
            await _lose_connection(database_dsn, tx)

    assert called == []


async def test_a_silent_standby_is_never_a_success(empty_dsn: str, org_id: OrgId) -> None:
    owner = await asyncpg.connect(empty_dsn)
    await owner.execute(NOTE)
    impatient = await Database.connect(empty_dsn)
    name = empty_dsn.partition("?")[0].rpartition("/")[2]
    await owner.execute("ALTER SYSTEM SET synchronous_standby_names = 'nobody_home'")
    await owner.execute("SELECT pg_reload_conf()")
    try:
        for change in (_add_in_a_transaction, _add_in_a_call):
            waiting = asyncio.create_task(change(impatient, org_id))
            await _cancel_backend_waiting_for_a_standby(owner, name)
            with pytest.raises(OutcomeUnknown):
                await waiting
    finally:
        await owner.execute("ALTER SYSTEM RESET synchronous_standby_names")
        await owner.execute("SELECT pg_reload_conf()")
        await impatient.close()
        await owner.close()


async def _add_in_a_transaction(database: Database, org_id: OrgId) -> None:
    await add(database, org_id, "on this server only")


async def _add_in_a_call(database: Database, org_id: OrgId) -> None:
    await database.call(org_id, "SELECT amana.add_note($1, $2)", org_id, "on this server only, too")


async def _cancel_backend_waiting_for_a_standby(owner: asyncpg.Connection, database: str) -> None:
    waiting = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND datname = $1"
    for _ in range(500):
        if pid := await owner.fetchval(waiting, database):
            await owner.execute("SELECT pg_cancel_backend($1)", pid)
            return
        await asyncio.sleep(0.01)
    raise AssertionError("no backend waited for a standby")


async def test_a_lock_held_for_long_answers_busy_and_does_nothing(notes: Database, org_id: OrgId) -> None:
    await add(notes, org_id, "wanted")
    async with notes.write(org_id) as holder:
        await holder.all("SELECT * FROM note FOR UPDATE")
        with pytest.raises(StorageBusy):
            async with notes.write(org_id) as tx:
                await tx.value("SELECT set_config('lock_timeout', '50ms', true)")
                await tx.all("SELECT * FROM note FOR UPDATE")


async def test_an_exhausted_pool_answers_busy(
    database_dsn: str, org_id: OrgId, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("amana.storage.connections.WAIT_TIMEOUT_S", 0.2)
    single = await Database.connect(database_dsn, pool_size=1)
    async with single.read(org_id):
        with pytest.raises(Busy) as refused:
            async with single.read(org_id):
                pass
        assert (await single.call(org_id, "SELECT $1::uuid", org_id))[0][0] == org_id
    assert refused.value.code == "storage_unavailable"
    assert refused.value.retry_after_s > 0
    await single.close()


async def test_a_call_is_durable_when_it_returns(notes: Database, org_id: OrgId) -> None:
    rows = await notes.call(org_id, "SELECT amana.add_note($1, $2)", org_id, "one round trip")

    assert rows[0][0] == "one round trip"
    assert await names(notes, org_id) == ["one round trip"]


async def test_a_call_for_another_organisation_than_named_is_a_mistake(
    database: Database, org_id: OrgId
) -> None:
    with pytest.raises(ValueError, match="first argument"):
        await database.call(org_id, "SELECT $1::uuid", UUID(int=1))


async def test_a_server_that_is_not_there_is_unavailable() -> None:
    with pytest.raises(StorageUnavailable):
        await Database.connect("postgresql://amana:x@/amana?host=%2Fnowhere")


@pytest.mark.parametrize("opening", ["write", "read"])
async def test_a_transaction_costs_two_round_trips_beside_its_statements(
    database: Database, org_id: OrgId, opening: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[str] = []
    real = asyncpg.Connection.execute

    async def counting(self: asyncpg.Connection, query: str, *args: object, **options: object) -> str:
        sent.append(query.partition(";")[0])
        return str(await real(self, query, *args, **options))

    monkeypatch.setattr(asyncpg.Connection, "execute", counting)
    async with getattr(database, opening)(org_id):
        pass

    assert sent == [
        "BEGIN" if opening == "write" else "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY",
        "COMMIT",
    ]

"""PgBouncer in transaction mode: every transaction may meet another session, and nobody notices."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest
import pytest_asyncio

from amana.kernel.errors import Refusal
from amana.kernel.ids import Ids, OrgId
from amana.storage.database import APP_ROLE, SESSION_SETTINGS, Database
from tests.support import client
from tests.support.bouncer import PROGRAM, Bouncer
from tests.support.postgres import PostgresServer
from tests.support.server import ServerProcess

TOGETHER = 30


@pytest_asyncio.fixture
async def direct(floor_postgres: PostgresServer) -> AsyncIterator[str]:
    if not PROGRAM.exists():
        pytest.skip("pgbouncer is not installed")
    dsn = await floor_postgres.create_database()
    yield dsn
    await floor_postgres.drop_database(dsn)


@pytest_asyncio.fixture
async def bouncer(direct: str) -> AsyncIterator[Bouncer]:
    bouncer = Bouncer(direct, server_connections=2)
    await bouncer.start()
    yield bouncer
    bouncer.close()


@pytest_asyncio.fixture
async def pooled(direct: str, bouncer: Bouncer) -> AsyncIterator[Database]:
    database = await Database.connect(direct, pooler=bouncer.dsn)
    yield database
    await database.close()


async def test_many_transactions_over_two_sessions_keep_their_own_organisation_and_settings(
    pooled: Database, ids: Ids
) -> None:
    async def one(number: int) -> None:
        org_id = OrgId(ids.new())
        async with pooled.write(org_id) if number % 2 else pooled.read(org_id) as tx:
            for _ in range(3):
                assert await tx.value("SELECT amana_org()") == org_id
            assert await tx.value("SELECT current_user::text") == APP_ROLE
            for name, value in SESSION_SETTINGS.items():
                if name != "application_name":
                    assert await tx.value(f"SELECT current_setting('{name}')") == value

    await asyncio.gather(*(one(number) for number in range(TOGETHER)))


async def test_a_statement_of_its_own_is_a_whole_transaction(pooled: Database, ids: Ids) -> None:
    org_id = OrgId(ids.new())
    sql = "SELECT $1::uuid AS org, current_user::text AS who, set_config('amana.org', $1::uuid::text, true)"

    rows = await asyncio.gather(*(pooled.call(org_id, sql, org_id) for _ in range(TOGETHER)))
    with pytest.raises(asyncpg.DivisionByZeroError):
        await pooled.call(org_id, "SELECT 1 / 0, $1::uuid", org_id)
    async with pooled.system() as tx:
        left = await tx.value("SELECT nullif(current_setting('amana.org', true), '')")

    assert {(row["org"], row["who"]) for (row,) in rows} == {(org_id, APP_ROLE)}
    assert left is None


async def test_a_pooler_that_dies_is_a_refusal_and_its_return_is_enough(
    pooled: Database, bouncer: Bouncer, ids: Ids
) -> None:
    org_id = OrgId(ids.new())
    async with pooled.read(org_id) as tx:
        assert await tx.value("SELECT 1") == 1
    assert bouncer.process is not None
    bouncer.process.kill()
    bouncer.process.wait()

    with pytest.raises(Refusal):
        async with pooled.read(org_id) as tx:
            await tx.value("SELECT 1")
    await bouncer.start()
    async with pooled.read(org_id) as tx:
        assert await tx.value("SELECT 2") == 2


async def test_two_workers_behind_a_pooler_hold_what_people_say(direct: str, bouncer: Bouncer) -> None:
    server = ServerProcess(AMANA_DATABASE_URL=direct, AMANA_DATABASE_POOL_URL=bouncer.dsn, AMANA_WORKERS="2")
    try:
        ana = await client.set_up(await server.start(), server.setup_secret())
        bo = await client.join(ana.base_url, await ana.invite(), "Bo")
        room = await ana.create_group("Warehouse", [bo])
        async with client.connected(bo, {room: 0}) as socket:
            sent = await asyncio.gather(*(ana.post(room, f"message {number}") for number in range(TOGETHER)))
            for _ in sent:
                await socket.until(
                    lambda element: element["t"] == "event" and element["kind"] == "message.created"
                )

        page = await bo.call("GET", f"/v1/conversations/{room}/messages?limit=100")
        texts = {entry["content"].get("text") for entry in page["entries"]}
        assert {f"message {number}" for number in range(TOGETHER)} <= texts
        assert len({one["seq"] for one in sent}) == TOGETHER
        assert await server.stop() == 0
    finally:
        await server.remove()

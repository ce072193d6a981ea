"""`AMANA_DATABASE_URL`: the oldest supported PostgreSQL, run by somebody else, does the same work."""

from tests.support import client
from tests.support.postgres import PostgresServer
from tests.support.server import ServerProcess


async def test_an_own_server_of_the_oldest_version_holds_everything_over_a_kill(
    floor_postgres: PostgresServer,
) -> None:
    server = ServerProcess(AMANA_DATABASE_URL=await floor_postgres.create_database())
    try:
        ana = await client.set_up(await server.start(), server.setup_secret())
        bo = await client.join(ana.base_url, await ana.invite(), "Bo")
        room = await ana.create_group("Warehouse", [bo])
        sent = [await ana.post(room, f"message {number}") for number in range(20)]

        await server.kill()
        await server.start()

        page = await bo.call("GET", f"/v1/conversations/{room}/messages?limit=100")
        texts = {entry["seq"]: entry["content"].get("text") for entry in page["entries"]}
        assert [texts[one["seq"]] for one in sent] == [f"message {number}" for number in range(20)]
        assert not (server.data_dir / "postgres").exists(), "no embedded server beside it"
    finally:
        await server.remove()

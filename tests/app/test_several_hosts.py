"""Two servers, as on two hosts: one database, one NATS, one root key, one address."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from amana.app.between import own_servers
from amana.app.nats_server import NatsServer
from amana.app.settings import Settings
from amana.kernel.entropy import SystemEntropy
from amana.kernel.errors import StartFailure
from tests.support.client import Person, Socket, join, set_up
from tests.support.postgres import PostgresServer
from tests.support.server import ServerProcess, free_port

OTHER_HOST = "127.0.0.2"
WITHIN_S = 10.0
REVOKED_WITHIN_S = 5.0
NOT_SIGNED_IN = 4401


class Hosts:
    """The balancer in front is played by the test: it says at which host a socket opens."""

    def __init__(self, first: ServerProcess, second: ServerProcess) -> None:
        self.first, self.second = first, second

    async def at_second(self, person: Person) -> Socket:
        socket = await Socket.open(person, host=OTHER_HOST)
        await socket.until(lambda element: element["t"] == "welcome")
        return socket


@pytest_asyncio.fixture
async def hosts(floor_postgres: PostgresServer, tmp_path: Path) -> AsyncIterator[Hosts]:
    nats = NatsServer(tmp_path / "nats", SystemEntropy())
    await nats.start()
    port = free_port()
    shared = {
        "AMANA_DATABASE_URL": await floor_postgres.create_database(),
        "AMANA_NATS_URL": nats.url,
        "AMANA_PUBLIC_URL": f"http://localhost:{port}",
    }
    first, second = ServerProcess(port=port), ServerProcess(port=port, AMANA_HOST=OTHER_HOST)
    for server in (first, second):
        server.environment.update(shared)
    try:
        await first.start()
        key = second.data_dir / "keys" / "root.key"
        key.parent.mkdir(mode=0o700, parents=True)
        shutil.copy2(first.data_dir / "keys" / "root.key", key)
        await second.start()
        yield Hosts(first, second)
    finally:
        for server in (first, second):
            await server.remove()
        await nats.stop()


async def test_two_hosts_are_one_server_and_one_of_them_is_enough(hosts: Hosts) -> None:
    ana = await set_up(hosts.first.base_url, hosts.second.setup_secret())
    bo = await join(ana.base_url, await ana.invite(), "Bo")
    room = await ana.create_group("Everywhere", [bo])
    eve = await join(ana.base_url, await ana.invite(), "Eve")
    there, leaving = await hosts.at_second(bo), await hosts.at_second(eve)

    await ana.post(room, "said at the first host")
    await there.until(
        lambda e: e["t"] == "event" and e["content"].get("text") == "said at the first host", WITHIN_S
    )
    await eve.call("DELETE", "/v1/sessions/current")
    assert await leaving.close_code(REVOKED_WITHIN_S) == NOT_SIGNED_IN

    await hosts.first.kill()
    client_id = await there.post(room, "said at the second, alone")
    assert (await there.acknowledged(client_id, WITHIN_S))["t"] == "ack"

    await hosts.first.start()
    async with asyncio.timeout(WITHIN_S):
        page = await ana.call("GET", f"/v1/conversations/{room}/messages")
    assert [entry["content"].get("text") for entry in page["entries"]][-2:] == [
        "said at the first host",
        "said at the second, alone",
    ]
    await there.close()


@pytest.mark.parametrize(
    "address", ["nats://amana:secret@nats.example.org:4222", "http://localhost", "tls://"]
)
def test_a_doorbell_in_clear_over_a_network_is_refused(address: str) -> None:
    settings = Settings(nats_url=f"tls://a:b@one.example.org:4222,{address}")  # type: ignore[arg-type]  # split by pydantic

    with pytest.raises(StartFailure) as refused:
        own_servers(settings)

    assert "secret" not in str(refused.value)


def test_servers_with_tls_and_on_loopback_are_taken() -> None:
    settings = Settings(nats_url="tls://a:b@one.example.org:4222, nats://c:d@127.0.0.1:4222")  # type: ignore[arg-type]  # split by pydantic

    assert own_servers(settings) == ["tls://a:b@one.example.org:4222", "nats://c:d@127.0.0.1:4222"]

"""The work that nobody asks for: ending old traces, and looking again at the sessions behind sockets."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest_asyncio
import uvicorn

from amana.app.settings import Settings
from amana.app.storage import Storage
from amana.app.wiring import build_runtime
from amana.conversations.model import TRACE_PERIOD
from amana.http.asgi import App
from amana.kernel.entropy import SeededEntropy
from amana.realtime.session import CloseCode
from amana.storage.database import Database
from amana.storage.leader import Leader
from amana.vault import Ground
from tests.support.client import Person, connected, join, new_client_id, set_up
from tests.support.clock import FakeClock

RECHECK = timedelta(milliseconds=100)


@dataclass
class Served:
    """A wired server whose background work hurries, and its founder.

    Attributes:
        looks: how often the leader looked after its jobs.
    """

    dsn: str
    clock: FakeClock
    base_url: str
    secret: str = ""
    looks: int = 0

    async def look(self) -> None:
        self.looks += 1

    async def leader_looks(self) -> None:
        """Wait until the leader looked after all its jobs at least once from now."""
        seen = self.looks
        async with asyncio.timeout(10):
            while self.looks < seen + 2:
                await asyncio.sleep(0.01)

    def client_id(self) -> UUID:
        return new_client_id(self.clock.now().timestamp())

    async def sql(self, statement: str, *values: object) -> object:
        """Run a statement past the server; give its first value."""
        connection = await asyncpg.connect(self.dsn)
        try:
            return await connection.fetchval(statement, *values)
        finally:
            await connection.close()

    async def traces(self) -> object:
        return await self.sql("SELECT count(*) FROM keyring.wrap WHERE ground = $1", Ground.TRACE.value)


@asynccontextmanager
async def listening(app: App, sock: socket.socket) -> AsyncIterator[None]:
    config = uvicorn.Config(app, ws="websockets-sansio", lifespan="off", log_config=None, proxy_headers=False)
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve(sockets=[sock]))
    while not server.started:
        await asyncio.sleep(0.005)
    yield
    server.should_exit = True
    await serving


@pytest_asyncio.fixture
async def served(
    empty_dsn: str, empty_database: Database, clock: FakeClock, entropy: SeededEntropy, tmp_path: Path
) -> AsyncIterator[Served]:
    leader = Leader(empty_dsn, clock, tick_s=0.02)
    settings = Settings(data_dir=tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as sock:
        served = Served(empty_dsn, clock, f"http://127.0.0.1:{sock.getsockname()[1]}")
        leader.every(timedelta(0), "look", served.look)
        async with (
            build_runtime(
                settings,
                Storage(empty_database, leader, empty_dsn),
                public_url=served.base_url,
                clock=clock,
                entropy=entropy,
                recheck=RECHECK,
            ) as runtime,
            listening(runtime.app, sock),
        ):
            secret = await runtime.issue_setup_secret()
            assert secret is not None
            served.secret = secret
            yield served


@pytest_asyncio.fixture
async def ana(served: Served) -> AsyncIterator[Person]:
    """The founder."""
    ana = await set_up(served.base_url, served.secret)
    yield ana
    await ana.api.close()


async def test_the_old_wording_of_a_message_is_gone_after_thirty_days(served: Served, ana: Person) -> None:
    clock = served.clock
    assert timedelta(days=30) == TRACE_PERIOD
    room = await ana.create_group("Pier", client_id=str(served.client_id()))
    seq = (await ana.post(room, "Old wording", served.client_id()))["seq"]
    edit = {"client_id": str(served.client_id()), "text": "New wording"}
    await ana.call("PUT", f"/v1/conversations/{room}/messages/{seq}", edit)
    assert await served.traces() == 1

    clock.advance(days=29, hours=23)
    later = {"client_id": str(served.client_id()), "text": "Third wording"}
    await ana.call("PUT", f"/v1/conversations/{room}/messages/{seq}", later)
    await served.leader_looks()
    assert await served.traces() == 2

    clock.advance(hours=1, seconds=1)
    await served.leader_looks()

    assert await served.traces() == 1  # the younger one
    page = await ana.call("GET", f"/v1/conversations/{room}/messages?limit=50")
    (message,) = [entry for entry in page["entries"] if entry["seq"] == seq]
    assert (message["content"]["text"], message["revision"] > 0) == ("Third wording", True)


async def test_a_session_that_ended_behind_the_servers_back_loses_its_socket(
    served: Served, ana: Person
) -> None:
    bo = await join(ana.base_url, await ana.invite(), "Bo")
    async with connected(ana) as hers, connected(bo) as his:
        for one in (hers, his):
            await one.until(lambda element: element["t"] == "welcome")
        await asyncio.sleep(3 * RECHECK.total_seconds())
        await (await hers.connection.ping())

        await served.sql("UPDATE amana.device_session SET ended_at = now() WHERE user_id = $1", ana.user_id)

        assert await hers.close_code(5) == CloseCode.NOT_SIGNED_IN
        await (await his.connection.ping())
    await bo.api.close()

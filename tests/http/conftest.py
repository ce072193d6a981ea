"""The whole server behind a real port, and the same application without its rate limits."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import uvicorn

from amana.app.description import described
from amana.app.features import FEATURES
from amana.app.settings import Settings
from amana.app.storage import Storage
from amana.app.wiring import Runtime, build_runtime
from amana.http import Application, EdgeSettings, State, build_app
from amana.http.authentication import SESSION_COOKIE
from amana.kernel.actor import Actor
from amana.kernel.clock import SystemClock
from amana.kernel.entropy import SystemEntropy
from amana.kernel.ids import Ids
from amana.people import service as people
from amana.people.desk import Desk
from amana.storage.database import Database
from amana.storage.leader import Leader

UNLIMITED = 10**9
PASSWORD = "seven green kettles"


@dataclass
class Served:
    """A server in a thread of its own.

    Attributes:
        url: ``http://127.0.0.1:port``.
        tokens: role → session token of somebody with that role.
        app: the application itself, to walk its routes.
    """

    url: str
    tokens: dict[str, str]
    app: Application


@asynccontextmanager
async def whole_application(dsn: str, folder: Path) -> AsyncIterator[tuple[Application, Runtime]]:
    """Everything wired as ``amana serve`` does, with buckets that never run dry."""
    clock, entropy = SystemClock(), SystemEntropy()
    database = await Database.connect(dsn)
    try:
        settings = Settings(data_dir=folder)
        storage = Storage(database, Leader(dsn, clock), dsn)
        url = "http://localhost:8080"
        async with build_runtime(settings, storage, public_url=url, clock=clock, entropy=entropy) as runtime:
            desk = runtime.services.get(Desk)

            async def authenticate(token: str) -> Actor | None:
                return await people.authenticate(desk, token)

            state = State(database, clock, Ids(clock, entropy), entropy, runtime.services)
            edge = EdgeSettings(url, network_burst=UNLIMITED, session_burst=UNLIMITED)
            yield build_app(FEATURES, state, edge, authenticate=authenticate, described=described()), runtime
    finally:
        await database.close()


async def make_cast(app: Application, runtime: Runtime) -> dict[str, str]:
    """One person of every role; gives their tokens."""
    tokens: dict[str, str] = {}
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8080") as client:

        async def enter(path: str, secret: str, name: str) -> str:
            client.cookies.clear()
            body = {"secret": secret, "display_name": name, "language": "en", "password": PASSWORD}
            if path == "/v1/setup":
                body["organisation"] = "Tamm"
            answer = await client.post(path, json=body)
            assert answer.status_code == 201, answer.text
            return answer.cookies[SESSION_COOKIE]

        secret = await runtime.issue_setup_secret()
        assert secret is not None
        tokens["owner"] = await enter("/v1/setup", secret, "Ana Owner")
        headers = {"authorization": f"Bearer {tokens['owner']}"}
        for role in ("admin", "member", "guest"):
            made = await client.post("/v1/invitations", json={"role": role}, headers=headers)
            secret = made.json()["url"].partition("#")[2]
            tokens[role] = await enter("/v1/join", secret, f"Bo {role.title()}")
    return tokens


@pytest.fixture(scope="module")
def served(database_dsn: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The application on a free port of this machine, with one person of every role."""
    started, holder, stop = threading.Event(), [], threading.Event()

    async def serve() -> None:
        async with whole_application(database_dsn, tmp_path_factory.mktemp("data")) as (app, runtime):
            tokens = await make_cast(app, runtime)
            server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", proxy_headers=False))
            serving = asyncio.create_task(server.serve())
            while not server.started:
                await asyncio.sleep(0.02)
            port = server.servers[0].sockets[0].getsockname()[1]
            holder.append(Served(f"http://127.0.0.1:{port}", tokens, app))
            started.set()
            while not stop.is_set():
                await asyncio.sleep(0.05)
            server.should_exit = True
            await serving

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    assert started.wait(60), "the server did not start"
    yield holder[0]
    stop.set()
    thread.join(20)

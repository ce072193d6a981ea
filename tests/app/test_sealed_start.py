"""`AMANA_ROOT_PASSPHRASE` in a real server: what it protects and what is said when it is missing."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.support import client
from tests.support.server import ServerProcess


@pytest_asyncio.fixture
async def server() -> AsyncIterator[ServerProcess]:
    server = ServerProcess(AMANA_ROOT_PASSPHRASE="seven quiet herons")
    yield server
    await server.remove()


async def test_a_sealed_server_opens_with_its_passphrase_only(server: ServerProcess) -> None:
    ana = await client.set_up(await server.start(), server.setup_secret())
    room = await ana.create_group("Warehouse")
    await ana.post(room, "The spare key is with Bo.")
    assert "lies open" not in server.output.read_text()
    await server.stop()

    passphrase = server.environment.pop("AMANA_ROOT_PASSPHRASE")
    said_before = len(server.output.read_text())
    with pytest.raises(RuntimeError, match="ended with 1"):
        await server.start()
    said = server.output.read_text()[said_before:]
    plain = [line for line in said.splitlines() if not line.startswith("{")]
    assert len(plain) == 1, said
    assert plain[0].startswith("Amana cannot start: The root key file ")
    assert plain[0].endswith("is sealed with a passphrase. Set AMANA_ROOT_PASSPHRASE.")
    assert "Traceback" not in said

    server.environment["AMANA_ROOT_PASSPHRASE"] = passphrase
    await server.start()
    page = await ana.call("GET", f"/v1/conversations/{room}/messages?limit=100")
    texts = [entry["content"].get("text") for entry in page["entries"]]
    assert "The spare key is with Bo." in texts
    assert passphrase not in server.output.read_text()

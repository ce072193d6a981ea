"""`amana admin keys` as an operator types it, on a real server's data."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import pytest
import pytest_asyncio

from tests.support.client import Person, set_up
from tests.support.server import ServerProcess
from tests.vault.bao import Bao

PASSPHRASE = "sieben stille Reiher"


class Operator:
    """One server with one person and one message, and a hand on the command line."""

    def __init__(self, server: ServerProcess, ana: Person, room: UUID) -> None:
        self.server, self.ana, self.room = server, ana, room

    async def keys(self, *words: str, **environment: str) -> tuple[int, str]:
        """Run `amana admin keys …`; gives exit code and everything that was said."""
        amana = str(Path(sys.executable).with_name("amana"))
        process = await asyncio.create_subprocess_exec(
            *(amana, "admin", "keys", *words, "--data-dir", str(self.server.data_dir)),
            env={**os.environ, **self.server.environment, **environment},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said, _ = await process.communicate()
        text = said.decode()
        assert "Traceback" not in text, text
        assert PASSPHRASE not in text
        return process.returncode or 0, text

    async def texts(self) -> list[str]:
        page = await self.ana.call("GET", f"/v1/conversations/{self.room}/messages?limit=100")
        return [entry["content"]["text"] for entry in page["entries"] if "text" in entry["content"]]


@pytest_asyncio.fixture
async def operator() -> AsyncIterator[Operator]:
    server = ServerProcess()
    ana = await set_up(await server.start(), server.setup_secret())
    room = await ana.create_group("Warehouse")
    await ana.post(room, "The spare key is with Bo.")
    yield Operator(server, ana, room)
    await server.remove()


@pytest.mark.timeout(200)
async def test_the_root_key_goes_under_a_passphrase_into_a_service_and_back(
    operator: Operator, bao: Bao
) -> None:
    code, said = await operator.keys("seal", AMANA_NEW_ROOT_PASSPHRASE=PASSPHRASE)
    assert (code, "a server is running" in said) == (1, True)
    await operator.server.stop()

    code, said = await operator.keys("seal")
    assert (code, "set AMANA_NEW_ROOT_PASSPHRASE" in said) == (1, True)
    code, said = await operator.keys("seal", AMANA_NEW_ROOT_PASSPHRASE=PASSPHRASE)
    assert code == 0, said
    assert "The old key is in" in said
    operator.server.environment["AMANA_ROOT_PASSPHRASE"] = PASSPHRASE
    await operator.server.start()
    assert await operator.texts() == ["The spare key is with Bo."]
    await operator.server.stop()

    code, said = await operator.keys("move", "--to", "transit", **bao.settings)
    assert code == 0, said
    operator.server.environment.update(bao.settings, AMANA_ROOT_KEY="transit")
    await operator.server.start()
    assert await operator.texts() == ["The spare key is with Bo."]
    await operator.server.stop()

    code, said = await operator.keys("move", "--to", "file")
    assert code == 0, said
    operator.server.environment.clear()
    await operator.server.start()
    assert await operator.texts() == ["The spare key is with Bo."]
    assert "lies open on this disk" in operator.server.output.read_text()


async def test_keys_are_rotated_beside_a_running_server(operator: Operator) -> None:
    code, said = await operator.keys("rotate")
    assert (code, "of epoch 2" in said) == (0, True), said
    code, said = await operator.keys("rotate", "--conversation", str(operator.room))
    assert (code, "generation 2" in said) == (0, True), said
    code, said = await operator.keys("rotate", "--conversation", str(UUID(int=7)))
    assert (code, "there is no conversation" in said) == (1, True), said

    await operator.ana.post(operator.room, "After the rotation.")
    other = await operator.ana.create_group("Yard")
    await operator.ana.post(other, "Also here.")

    assert await operator.texts() == ["The spare key is with Bo.", "After the rotation."]
    await operator.server.stop()
    await operator.server.start()
    assert await operator.texts() == ["The spare key is with Bo.", "After the rotation."]


async def test_show_says_whether_the_key_fits_and_a_lost_one_is_explained(operator: Operator) -> None:
    await operator.server.stop()
    path = operator.server.data_dir / "keys" / "root.key"
    code, said = await operator.keys("show")
    assert (code, "They fit." in said) == (0, True), said
    name = said.split("The database wants  file ")[1][:8]
    path.unlink()

    code, said = await operator.keys("show")
    assert (code, name in said, "is missing" in said) == (1, True, True), said
    with pytest.raises(RuntimeError, match="ended with 1") as ended:
        await operator.server.start()

    for part in ("What is lost", "What still works", "What to look for", name, "Put the file back"):
        assert part in str(ended.value)
    assert "Traceback" not in str(ended.value)

"""`amana demo`: a company to look at that touches nothing of the operator's."""

import asyncio
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import pytest_asyncio

from tests.support import client
from tests.support.server import free_port

READY_WITHIN_S = 120
READY = re.compile(r"The demo is ready at (\S+)/sign-in")
PERSON = re.compile(r"^  (en|de|et|ar)  (\S+) +(\S.*)$", re.MULTILINE)
DONE = "Ctrl+C throws everything away."

# What a server that really exists on this machine may have exported.
OPERATORS = {
    "AMANA_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/theirs",
    "AMANA_ROOT_PASSPHRASE": "theirs",
    "AMANA_PUBLIC_URL": "https://chat.example.org",
    "AMANA_TLS": "acme",
    "AMANA_HOST": "0.0.0.0",
    "AMANA_PORT": "1",
    "AMANA_LOG_LEVEL": "loud",
}


class Demo:
    """A running demo; its temporary folders are in ``place``, ``keys`` would be the operator's."""

    def __init__(self, place: Path, port: int) -> None:
        self.place, self.port = place, port
        self.keys = place / "theirs" / "root.key"
        self.output = place / "output"
        theirs = {**OPERATORS, "AMANA_ROOT_KEY_FILE": str(self.keys), "TMPDIR": str(place)}
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [str(Path(sys.executable).with_name("amana")), "demo", "--port", str(port)],
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, **theirs},
            )

    async def said(self) -> str:
        """Everything it prints until it is ready."""
        async with asyncio.timeout(READY_WITHIN_S):
            while DONE not in (said := self.output.read_text()):
                assert self.process.poll() is None, said
                await asyncio.sleep(0.1)
            return said

    def folders(self) -> list[Path]:
        return list(self.place.glob("amana-demo-*"))

    async def stop(self) -> int:
        if self.process.poll() is None:
            self.process.terminate()
        return await asyncio.to_thread(self.process.wait, 60)


@pytest_asyncio.fixture
async def busy_port() -> AsyncIterator[int]:
    """A port that somebody else listens on."""
    port = free_port()
    with socket.create_server(("127.0.0.1", port)):
        yield port


@pytest_asyncio.fixture
async def demo(busy_port: int) -> AsyncIterator[Demo]:
    place = Path(tempfile.mkdtemp(prefix="amana-"))
    place.chmod(0o755)  # the database's own account must reach its folder
    demo = Demo(place, busy_port)
    yield demo
    await demo.stop()
    shutil.rmtree(place)


async def messages_of(person: client.Person) -> set[tuple[UUID, int]]:
    """Every message that somebody can read, newest pages first."""
    found: set[tuple[UUID, int]] = set()
    for summary in (await person.call("GET", "/v1/sync"))["conversations"]:
        conversation, before, more = UUID(summary["conversation_id"]), "", True
        while more:
            page = await person.call("GET", f"/v1/conversations/{conversation}/messages?limit=100{before}")
            more = page["more"]
            before = f"&before={page['entries'][0]['seq']}" if page["entries"] else ""
            found |= {
                (conversation, one["seq"]) for one in page["entries"] if (one["content"] or {}).get("text")
            }
    return found


async def test_a_demo_is_a_talking_company_and_leaves_everything_of_the_operators_alone(demo: Demo) -> None:
    said = await demo.said()

    people = PERSON.findall(said)
    assert len(people) == 20
    assert {language for language, _, _ in people} == {"en", "de", "et", "ar"}
    address, password = READY.search(said), re.search(r"Everybody's password is  (\S+)", said)
    assert address is not None
    assert password is not None
    assert address[1].startswith("http://localhost:")
    assert f"Port {demo.port} is taken" in said
    found: set[tuple[UUID, int]] = set()
    for _, handle, name in people:
        person = await client.sign_in(address[1], handle, name, password=password[1])
        found |= await messages_of(person)
        await person.api.close()
    assert len(found) >= 200
    assert len(demo.folders()) == 1
    assert not demo.keys.parent.exists()

    assert await demo.stop() == 0

    assert demo.folders() == []

"""The process that ends TLS: it comes back when it dies, and none outlives its Amana for good."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import psutil  # type: ignore[import-untyped]  # has no types of its own
import pytest_asyncio

from amana.app.acme import AcmeEdge
from tests.support.server import free_port

WITHIN_S = 20

# An Amana that starts an edge and is never told to stop.
SUPERVISOR = """
import asyncio, json, sys
from pathlib import Path
from amana.app.acme import AcmeEdge

async def main():
    edge = AcmeEdge(Path(sys.argv[1]), json.loads(sys.argv[2]))
    await edge.start()
    print(edge.pid, flush=True)
    await asyncio.sleep(3600)

asyncio.run(main())
"""


def says_hello(port: int) -> dict[str, object]:
    """A configuration without certificates that needs no rights."""
    route = {"handle": [{"handler": "static_response", "body": "hello"}]}
    server = {"listen": [f"127.0.0.1:{port}"], "routes": [route], "automatic_https": {"disable": True}}
    return {
        "admin": {"disabled": True, "config": {"persist": False}},
        "apps": {"http": {"servers": {"hello": server}}},
    }


async def answer(port: int) -> str:
    async with asyncio.timeout(WITHIN_S), httpx.AsyncClient() as visitor:
        while True:
            try:
                return (await visitor.get(f"http://127.0.0.1:{port}/")).text
            except httpx.TransportError:
                await asyncio.sleep(0.1)


@pytest_asyncio.fixture
async def port() -> int:
    return free_port()


@pytest_asyncio.fixture
async def edge(tmp_path: Path, port: int) -> AsyncIterator[AcmeEdge]:
    edge = AcmeEdge(tmp_path / "acme", says_hello(port))
    yield edge
    await edge.stop()


async def test_an_edge_that_dies_is_started_again(edge: AcmeEdge, port: int) -> None:
    await edge.start()
    watching = asyncio.create_task(edge.watch())
    first = edge.pid
    assert first is not None

    os.kill(first, signal.SIGKILL)
    async with asyncio.timeout(WITHIN_S):
        while edge.pid in {first, None}:
            await asyncio.sleep(0.05)

    assert await answer(port) == "hello"
    watching.cancel()


async def test_an_edge_that_outlived_a_killed_amana_makes_way_for_the_next(
    edge: AcmeEdge, port: int, tmp_path: Path
) -> None:
    arguments = [str(tmp_path / "acme"), json.dumps(says_hello(port))]
    with subprocess.Popen([sys.executable, "-c", SUPERVISOR, *arguments], stdout=subprocess.PIPE) as killed:
        assert killed.stdout is not None
        orphan = int(killed.stdout.readline())
        killed.kill()
    assert await answer(port) == "hello", "the orphan holds the port"

    await edge.start()

    assert await answer(port) == "hello"
    assert edge.pid != orphan
    assert not psutil.pid_exists(orphan) or psutil.Process(orphan).status() == psutil.STATUS_ZOMBIE

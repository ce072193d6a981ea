"""A disk that fills up under load: refused in time, read all along, and back without a hand."""

import asyncio
import os
import subprocess
from collections.abc import AsyncIterator, Callable
from uuid import UUID

import httpx
import pytest
import pytest_asyncio

from amana.storage.binaries import wheel_folder
from tests.faults.run import Plan, SteadyRun
from tests.faults.small_disk import MIB, SmallDisk
from tests.support.client import Refused, connected, new_client_id, sign_in

RESERVE_MB = 96
SIZE_MB = 240
PADDING = "x" * 7_000

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a small disk")


class Filling(SteadyRun):
    """Large messages without pause until it is told that it is enough; nobody kills anything."""

    server: SmallDisk

    def text_of(self, client_id: UUID) -> str:
        return f"message {client_id} {PADDING}"

    @property
    def acked(self) -> int:
        return sum(device.acked for device in self.devices)

    async def is_refusing(self) -> bool:
        async with httpx.AsyncClient(base_url=self.server.base_url) as probe:
            found = await probe.get("/readyz")
        assert found.status_code == 200, "reading goes on, so it is ready"
        return "nearly full" in found.text


@pytest_asyncio.fixture
async def server() -> AsyncIterator[SmallDisk]:
    process = SmallDisk(SIZE_MB, reserve_mb=RESERVE_MB)
    yield process
    await process.remove()


async def fill_and_grow(run: Filling, *, more: int) -> None:
    """Watch a run from the first message to the last.

    Args:
        more: messages to be acknowledged after there is room again.
    """
    server, ballast = run.server, run.server.data_dir / "ballast"
    await run.began.wait()
    postmaster = server.postmaster_pid()
    assert ballast.exists()
    while not await run.is_refusing():
        await asyncio.sleep(0.1)
    await expect_read_only(run)

    # Real blocks and no hole: what is given back may at once become the database's next piece of log.
    assert ballast.stat().st_blocks * 512 == server.reserve_mb * MIB // 4
    somebody_elses = await asyncio.to_thread(server.fill_up)
    await until(lambda: not ballast.exists())
    await expect_read_only(run)

    acked = run.acked
    somebody_elses.unlink()
    server.resize(SIZE_MB * 4)
    await until(lambda: run.acked >= acked + more, limit_s=900)
    await until(ballast.exists)
    assert server.postmaster_pid() == postmaster, "the database never met a full disk"
    run.is_enough = True


async def survive(server: SmallDisk, seed: int, *, more: int, limit_s: float = 240) -> None:
    run = Filling(server, Plan(0, seed, kills=0, rooms=2, people=4, drop=0.1, limit_s=limit_s))
    async with asyncio.TaskGroup() as together:
        running = together.create_task(run.run())
        together.create_task(fill_and_grow(run, more=more))
    outcome = running.result()

    print(outcome.summary())
    assert outcome.wrong == []
    assert outcome.acked == len(outcome.history.operations) > more
    await server.stop()
    check_pages(server)


async def until(condition: Callable[[], bool], limit_s: float = 30) -> None:
    async with asyncio.timeout(limit_s):
        while not condition():
            await asyncio.sleep(0.05)


async def expect_read_only(run: Filling) -> None:
    """Nothing new by HTTP or socket; reading, signing in and moving the marker as ever."""
    person, room = run.people[0], run.rooms[0]
    body = {"client_id": str(new_client_id()), "text": "no room"}
    answer = await person.api.http.post(f"/v1/conversations/{room}/messages", json=body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (507, "storage_full")
    assert int(answer.headers["retry-after"]) >= 1
    async with connected(person) as socket:
        refused = await socket.acknowledged(await socket.post(room, "no room"))
        assert (refused["t"], refused["error"]["code"]) == ("refused", "storage_full")
    with pytest.raises(Refused, match="storage_full"):
        await person.create_group("One more")

    page = await person.call("GET", f"/v1/conversations/{room}/messages?limit=50")
    assert len(page["entries"]) == 50
    await person.call("PUT", f"/v1/conversations/{room}/read", {"seq": page["entries"][-1]["seq"]})
    again = await sign_in(person.base_url, "ana", "Ana")
    assert len((await again.call("GET", "/v1/sync"))["conversations"]) == 2


def check_pages(server: SmallDisk) -> None:
    """Every page against its checksum, with PostgreSQL's own tool, once the server has stopped."""
    command = [str(wheel_folder() / "pg_checksums"), "--check", "-D", str(server.served_dir / "postgres")]
    owner = (server.data_dir / "postgres").stat().st_uid
    as_owner = ["setpriv", f"--reuid={owner}", "--clear-groups"] if owner else []
    done = subprocess.run([*server.prefix, *as_owner, *command], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.timeout(280)
async def test_a_disk_that_fills_under_load_is_read_only_in_time_and_comes_back(
    server: SmallDisk, own_seed: int
) -> None:
    await survive(server, own_seed, more=300)


@pytest.mark.full
@pytest.mark.timeout(1200)
async def test_the_same_with_ten_thousand_messages_after_the_disk_has_grown(own_seed: int) -> None:
    server = SmallDisk(SIZE_MB * 3, reserve_mb=RESERVE_MB * 2)
    try:
        await survive(server, own_seed, more=10_000, limit_s=1_100)
    finally:
        await server.remove()

"""From the previous release to this one under load, and back again: nothing acknowledged is lost."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio

from tests.faults.releases import PREVIOUS, AnyRelease, sources_of
from tests.faults.run import Plan, SteadyRun
from tests.support.described import another_release


class Upgrading(SteadyRun):
    """People send without pause until it is told that it is enough, while versions change under them."""

    server: AnyRelease

    async def talk(self, messages: int) -> None:
        """Wait until so many more are acknowledged, and everybody took part in it."""
        before = [device.acked for device in self.devices]
        while sum(device.acked for device in self.devices) < sum(before) + messages or any(
            device.acked == had for device, had in zip(self.devices, before, strict=True)
        ):
            await asyncio.sleep(0.05)

    async def change_to(self, sources: Path | None) -> None:
        """Stop as an operator stops, start the other version on the same data."""
        assert await self.server.stop() == 0
        self.server.become(sources)
        await self.server.start()


async def schema_of(server: AnyRelease) -> set[str]:
    connection = await asyncpg.connect(server.superuser_dsn())
    try:
        rows = await connection.fetch("SELECT name FROM amana.schema_addition")
        return {row["name"] for row in rows}
    finally:
        await connection.close()


async def up_and_back(run: Upgrading, previous: Path, messages: int) -> None:
    await run.began.wait()
    await run.talk(messages)
    await run.change_to(None)
    await run.talk(messages)
    assert await schema_of(run.server), "this version added nothing: the premise is gone"
    await run.change_to(previous)
    await run.talk(messages)
    await run.change_to(None)
    await run.talk(messages)
    run.is_enough = True


async def survive(
    server: AnyRelease, folder: Path, seed: int, *, messages: int, limit_s: float = 240
) -> None:
    previous = sources_of(PREVIOUS, folder)
    server.become(previous)
    run = Upgrading(server, Plan(0, seed, kills=0, rooms=3, people=4, drop=0.1, limit_s=limit_s))
    with another_release():
        async with asyncio.TaskGroup() as together:
            running = together.create_task(run.run())
            together.create_task(up_and_back(run, previous, messages))
    outcome = running.result()

    print(outcome.summary())
    assert outcome.wrong == []
    assert outcome.acked == len(outcome.history.operations) >= 4 * messages


@pytest_asyncio.fixture
async def server() -> AsyncIterator[AnyRelease]:
    process = AnyRelease()
    yield process
    await process.remove()


@pytest.mark.timeout(300)
async def test_the_previous_release_is_replaced_under_load_and_can_come_back(
    server: AnyRelease, tmp_path: Path, own_seed: int
) -> None:
    await survive(server, tmp_path, own_seed, messages=150)


@pytest.mark.full
@pytest.mark.timeout(1200)
async def test_the_same_with_ten_thousand_messages(server: AnyRelease, tmp_path: Path, own_seed: int) -> None:
    await survive(server, tmp_path, own_seed, messages=2_500, limit_s=1_100)

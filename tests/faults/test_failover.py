"""Primary and synchronous standby: the primary dies under load, the standby takes over, nothing is lost."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import pytest_asyncio

from tests.faults.run import Plan, SteadyRun
from tests.support.fixtures import FLOOR_BINARIES
from tests.support.replicas import Pair
from tests.support.server import ServerProcess

BEFORE, AFTER = 400, 400
FULL = 20_000


class ServerOnPair(ServerProcess):
    """A server whose database is elsewhere; what is judged is what the new primary holds."""

    def __init__(self, pair: Pair) -> None:
        super().__init__(AMANA_DATABASE_URL=pair.dsn, AMANA_WORKERS="2")
        self.pair = pair

    def superuser_dsn(self) -> str:
        return self.pair.standby.dsn


@pytest_asyncio.fixture
async def pair() -> AsyncIterator[Pair]:
    if not (FLOOR_BINARIES / "pg_basebackup").exists():
        pytest.skip("PostgreSQL of the system is not installed")
    found = Pair(FLOOR_BINARIES)
    try:
        await found.start()
        yield found
    finally:
        found.close()


@pytest_asyncio.fixture
async def server(pair: Pair) -> AsyncIterator[ServerOnPair]:
    process = ServerOnPair(pair)
    yield process
    await process.remove()


def acked(run: SteadyRun) -> int:
    return sum(device.acked for device in run.devices)


async def survive(
    server: ServerOnPair, plan: Plan, lose: Callable[[], Awaitable[None]], *, before: int, after: int
) -> None:
    run = SteadyRun(server, plan)

    async def conduct() -> None:
        await run.began.wait()
        while acked(run) < before:
            await asyncio.sleep(0.02)
        await lose()
        reached = acked(run)
        while acked(run) < reached + after:
            await asyncio.sleep(0.02)
        run.is_enough = True

    conducting = asyncio.create_task(conduct())
    outcome = await run.run()
    await conducting

    print(outcome.summary())
    assert outcome.wrong == []
    assert outcome.acked == len(outcome.history.operations) >= before + after


async def test_a_promoted_standby_holds_everything_that_was_acknowledged(
    server: ServerOnPair, pair: Pair, own_seed: int
) -> None:
    plan = Plan(0, own_seed, kills=0, rooms=2, people=3, inflight=4)

    await survive(server, plan, pair.fail_over, before=BEFORE, after=AFTER)


@pytest.mark.full
@pytest.mark.timeout(1200)
async def test_a_promoted_standby_under_full_load(server: ServerOnPair, pair: Pair, own_seed: int) -> None:
    plan = Plan(0, own_seed, kills=0, rooms=8, people=10, inflight=12, limit_s=900)

    await survive(server, plan, pair.fail_over, before=FULL, after=FULL)


@pytest.mark.full
@pytest.mark.timeout(600)
async def test_a_primary_that_hangs_does_not_keep_anybody_from_the_new_one(
    server: ServerOnPair, pair: Pair, own_seed: int
) -> None:
    async def cut_off() -> None:
        pair.primary.hang()
        await pair.take_over()

    plan = Plan(0, own_seed, kills=0, rooms=2, people=3, inflight=4, limit_s=500)
    await survive(server, plan, cut_off, before=BEFORE, after=AFTER)

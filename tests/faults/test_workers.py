"""kill −9 of workers, doorbell and database at random under load: several workers are as safe as one."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.faults.run import FaultRun, Plan, kill
from tests.support.client import set_up
from tests.support.crew import nats_pid, worker_pids
from tests.support.server import ServerProcess

CI_MESSAGES = 1_000
FULL_MESSAGES = 100_000
VICTIMS = ("worker", "worker", "nats", "nats hangs", "postmaster", "backend")
HANGS_S = 3.0


class CrewRun(FaultRun):
    """As with one process, but what dies are parts: the supervisor brings each of them back."""

    async def kill_at_random(self) -> None:
        while True:
            await asyncio.sleep(self.chance.uniform(*self.plan.pause_s))
            victim = VICTIMS[len(self.kills) % len(VICTIMS)]
            self.kills.append(victim)
            if victim == "worker":
                kill(self.chance.choice(worker_pids(self.server) or [None]))
            elif victim == "nats":
                kill(nats_pid(self.server))
            elif victim == "nats hangs":
                await self.let_hang(nats_pid(self.server))
            elif victim == "postmaster":
                kill(self.server.postmaster_pid())
            elif backends := self.server.backend_pids():
                kill(self.chance.choice(backends))

    async def let_hang(self, pid: int | None) -> None:
        """Connected and deaf: what a partition looks like from inside."""
        if pid is not None:
            os.kill(pid, signal.SIGSTOP)
            try:
                await asyncio.sleep(HANGS_S)
            finally:
                os.kill(pid, signal.SIGCONT)


@pytest_asyncio.fixture
async def server() -> AsyncIterator[ServerProcess]:
    process = ServerProcess(AMANA_WORKERS="3")
    yield process
    await process.remove()


async def survive(server: ServerProcess, plan: Plan) -> None:
    outcome = await CrewRun(server, plan).run()

    print(outcome.summary())
    assert outcome.wrong == []
    assert outcome.acked == len(outcome.history.operations) >= plan.messages
    assert len(outcome.kills) >= plan.kills, "too few kills to mean anything"
    assert await server.stop() == 0


@pytest.mark.timeout(300)
async def test_a_thousand_messages_survive_the_death_of_every_part(
    server: ServerProcess, own_seed: int
) -> None:
    await survive(server, Plan(CI_MESSAGES, own_seed, kills=len(VICTIMS)))


@pytest.mark.full
@pytest.mark.timeout(300)
async def test_a_worker_that_hangs_is_replaced(server: ServerProcess) -> None:
    ana = await set_up(await server.start(), server.setup_secret())
    room = await ana.create_group("Room")
    (hanging, *_) = before = worker_pids(server)

    os.kill(hanging, signal.SIGSTOP)

    async with asyncio.timeout(200):
        while hanging in (now := worker_pids(server)) or len(now) < len(before):
            await asyncio.sleep(0.5)
    assert (await ana.post(room, "all of them answer"))["seq"] > 0
    assert "worker.hangs" in server.output.read_text()


@pytest.mark.full
@pytest.mark.timeout(2400)
async def test_a_hundred_thousand_messages_survive_the_death_of_every_part(
    server: ServerProcess, own_seed: int
) -> None:
    plan = Plan(FULL_MESSAGES, own_seed, kills=60, rooms=8, people=10, inflight=12, limit_s=1800)
    await survive(server, plan)

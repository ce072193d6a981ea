"""kill −9 of server and database at random moments under load: nothing acknowledged is lost,
doubled or out of order, and unread numbers are what counting gives.
"""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.faults.run import FaultRun, Plan
from tests.support.server import ServerProcess

CI_MESSAGES = 10_000
FULL_MESSAGES = 100_000


@pytest_asyncio.fixture
async def server() -> AsyncIterator[ServerProcess]:
    process = ServerProcess()
    yield process
    await process.remove()


async def survive(server: ServerProcess, plan: Plan) -> None:
    outcome = await FaultRun(server, plan).run()

    print(outcome.summary())
    assert outcome.wrong == []
    assert outcome.acked == len(outcome.history.operations) >= plan.messages
    assert outcome.dropped > plan.messages * 0.15, "too few acknowledgements were lost to mean anything"
    assert len(outcome.kills) >= plan.kills, "too few kills to mean anything"


@pytest.mark.timeout(400)
async def test_ten_thousand_messages_survive_kills(server: ServerProcess, own_seed: int) -> None:
    await survive(server, Plan(CI_MESSAGES, own_seed, kills=6))


@pytest.mark.full
@pytest.mark.timeout(2400)
async def test_a_hundred_thousand_messages_survive_kills(server: ServerProcess, own_seed: int) -> None:
    plan = Plan(FULL_MESSAGES, own_seed, kills=40, rooms=8, people=10, inflight=12, limit_s=1800)
    await survive(server, plan)

"""What tokens cost that are nobody's, and how much of the log a stranger can fill."""

import asyncio
from dataclasses import dataclass, field

import pytest
import structlog

from amana.http import Application, EdgeSettings, Services, State, build_app
from amana.kernel.actor import Actor, Role
from amana.kernel.entropy import SeededEntropy
from amana.kernel.errors import Busy
from amana.kernel.feature import Feature
from amana.kernel.ids import DeviceId, Ids, OrgId, SessionId, UserId
from amana.storage.database import Database
from tests.http.test_edge import ROUTES, call, socket, upgrade
from tests.support.clock import FakeClock
from tests.support.people import ORIGIN

BURST = 5


@dataclass
class Desk:
    """Knows one token, and what it was asked."""

    actor: Actor
    asked: list[str] = field(default_factory=list)
    busy: bool = False
    answers: asyncio.Event = field(default_factory=asyncio.Event)

    async def authenticate(self, token: str) -> Actor | None:
        self.asked.append(token)
        await self.answers.wait()
        if self.busy:
            raise Busy("The database does not answer.", retry_after_s=1)
        return self.actor if token == "right" else None


@pytest.fixture
def desk(ids: Ids) -> Desk:
    people = OrgId(ids.new()), UserId(ids.new()), DeviceId(ids.new()), SessionId(ids.new())
    desk = Desk(Actor(*people, Role.MEMBER, "en"))
    desk.answers.set()
    return desk


@pytest.fixture
def app(desk: Desk, database: Database, clock: FakeClock, entropy: SeededEntropy, ids: Ids) -> Application:
    edge = EdgeSettings(ORIGIN, stranger_burst=BURST, stranger_rate=1, session_burst=10_000)
    return build_app(
        [Feature("test", routes=ROUTES)],
        State(database, clock, ids, entropy, Services()),
        edge,
        authenticate=desk.authenticate,
        sockets={"/v1/socket": socket},
    )


async def ask(app: Application, token: str, client: str = "192.0.2.1") -> int:
    return (await call(app, "GET", "/v1/own", client=client, authorization=f"Bearer {token}"))[0]


async def test_made_up_tokens_are_looked_up_a_few_times_and_then_refused(
    app: Application, desk: Desk
) -> None:
    answers = [await ask(app, f"made up {number}") for number in range(20)]

    assert answers == [401] * BURST + [429] * (20 - BURST)
    assert len(desk.asked) == BURST
    assert await ask(app, "made up", client="192.0.2.2") == 401


async def test_whoever_was_right_before_is_let_in_beside_a_flood_of_made_up_tokens(
    app: Application, desk: Desk, clock: FakeClock
) -> None:
    assert await ask(app, "right") == 200
    for number in range(20):
        await ask(app, f"made up {number}")

    assert await ask(app, "right") == 200
    assert (await upgrade(app, authorization="Bearer right"))[-1]["code"] == 1000
    assert (await upgrade(app, authorization="Bearer made up"))[-1]["code"] == 4429
    clock.advance(seconds=1)
    assert await ask(app, "made up again") == 401


async def test_right_tokens_take_nothing_from_their_network(app: Application, desk: Desk) -> None:
    for _ in range(10 * BURST):
        assert await ask(app, "right") == 200
    assert await ask(app, "made up") == 401


async def test_a_socket_that_cannot_be_recognised_now_is_told_to_come_back(
    app: Application, desk: Desk
) -> None:
    desk.busy = True

    assert (await upgrade(app, authorization="Bearer right"))[-1]["code"] == 4503


async def test_a_stranger_cannot_fill_the_log(app: Application, clock: FakeClock) -> None:
    foreign = {"origin": "https://evil.example"}
    with structlog.testing.capture_logs() as logged:
        for _ in range(500):
            assert (await upgrade(app, **foreign))[-1]["code"] == 4403
            await call(app, "POST", "/v1/echo", b"{}", content_type="application/json", **foreign)
        few = len(logged)
        clock.advance(seconds=60)
        await upgrade(app, **foreign)

    assert 0 < few <= 20
    assert logged[-1]["left_out"] == 1000 - few


async def test_more_upgrades_than_can_be_served_in_time_are_told_to_come_back(
    app: Application, desk: Desk
) -> None:
    desk.answers.clear()
    storm = [asyncio.create_task(upgrade(app, authorization="Bearer right")) for _ in range(2_000)]
    done, _ = await asyncio.wait(storm, timeout=5, return_when=asyncio.FIRST_COMPLETED)
    assert {task.result()[-1]["code"] for task in done} == {4503}
    desk.answers.set()
    codes = [frames[-1]["code"] for frames in await asyncio.gather(*storm)]

    assert 0 < codes.count(4503) < 1_000
    assert codes.count(4503) + codes.count(1000) == 2_000

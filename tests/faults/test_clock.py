"""The machine's clock is wrong: a day ahead, a day behind, across the change of summer time, and it jumps.

A real server under libfaketime. Order and times stay sane, an alarm is logged, what people hold stays good,
and the months it needs are there.
"""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest
import pytest_asyncio

from tests.support.client import Api, Person, Refused, new_client_id, set_up
from tests.support.server import ServerProcess

DAY_S = 86_400.0
HOUR_S = 3_600.0
NEAR_S = 120.0
"""How far times may lie from where they should: starts and a busy machine, far below an hour."""
STARTS_S = (12.0, 30.0, 60.0)
"""How long before the change a server is started; the first that suffices on this machine counts."""
CHANGES = ["2027-03-28T01:00:00+00:00", "2027-10-31T01:00:00+00:00"]
"""When clocks change in Berlin: 2 becomes 3 o'clock, and 3 becomes 2."""
CHANGES_S = [datetime.fromisoformat(text).timestamp() for text in CHANGES]
FULL_JUMPS = 40
LIBRARIES = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))

pytestmark = pytest.mark.skipif(not LIBRARIES, reason="libfaketime is not installed")


def time_faults(times_s: Sequence[float], expected_s: Sequence[float]) -> list[str]:
    """What is wrong with the times of one conversation, in order, beside when they should be."""
    assert len(times_s) == len(expected_s)
    found = [f"{n}: runs backwards" for n in range(1, len(times_s)) if times_s[n] < times_s[n - 1]]
    for n, (is_s, should_s) in enumerate(zip(times_s, expected_s, strict=True)):
        if abs(is_s - should_s) > NEAR_S:
            found.append(f"{n}: {is_s - should_s:.0f} s off")
    return found


class World:
    """A server whose wall clock is moved by hand, ana, and a room whose times are watched."""

    def __init__(self, server: ServerProcess, offset: Path) -> None:
        self.server, self.offset_file, self.offset_s = server, offset, 0.0
        self.ana: Person
        self.room = UUID(int=0)
        self.expected_s: list[float] = []

    def set_clock(self, offset_s: float) -> None:
        """The machine shows true time plus so much, at once."""
        self.offset_s = offset_s
        draft = self.offset_file.with_suffix(".new")
        draft.write_text(f"{offset_s:+.0f}\n")
        draft.rename(self.offset_file)

    async def restart(self, offset_s: float) -> None:
        await self.server.stop()
        self.set_clock(offset_s)
        await self.server.start()

    async def say(self, expected_s: float, *, client_offset_s: float = 0.0) -> None:
        """Send one message; it should bear this time."""
        client_id = new_client_id(time.time() + client_offset_s)
        await self.ana.post(self.room, "tick", client_id)
        self.expected_s.append(expected_s)

    async def times_s(self) -> list[float]:
        page = await self.ana.call("GET", f"/v1/conversations/{self.room}/messages?limit=100")
        return [entry["ts"] / 1000 for entry in page["entries"] if entry["content"].get("text") == "tick"]

    def alarms(self) -> int:
        return self.server.output.read_text().count("clock.jumped")

    async def partitions(self) -> set[str]:
        connection = await asyncpg.connect(self.server.superuser_dsn())
        try:
            rows = await connection.fetch("SELECT relname FROM pg_class WHERE relname ~ '^event_[0-9]{6}$'")
        finally:
            await connection.close()
        return {row["relname"].removeprefix("event_") for row in rows}


@pytest_asyncio.fixture
async def world(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[World]:
    """A parameter is the moment, in seconds since 1970, at which the organisation was set up."""
    offset = tmp_path / "offset"
    server = ServerProcess(
        LD_PRELOAD=str(LIBRARIES[0]),
        FAKETIME_TIMESTAMP_FILE=str(offset),
        FAKETIME_NO_CACHE="1",
        FAKETIME_DONT_FAKE_MONOTONIC="1",
        TZ="Europe/Berlin",
    )
    world = World(server, offset)
    begun_s = getattr(request, "param", None)
    world.set_clock(0 if begun_s is None else begun_s - time.time())
    try:
        world.ana = await set_up(await server.start(), server.setup_secret())
        own_id = str(new_client_id(time.time() + world.offset_s))
        world.room = await world.ana.create_group("Room", client_id=own_id)
        yield world
    finally:
        await server.remove()


async def test_a_clock_that_jumps_moves_no_time_and_raises_an_alarm(world: World) -> None:
    for offset_s in (DAY_S, -DAY_S, HOUR_S):
        await world.say(time.time())
        before = world.alarms()
        world.set_clock(offset_s)
        await world.say(time.time())
        assert world.alarms() > before, f"nobody was told of {offset_s:+.0f} s"
        world.set_clock(0)

    assert time_faults(await world.times_s(), world.expected_s) == []
    assert (await world.ana.call("GET", "/v1/me"))["person"]["display_name"] == "Ana"


@pytest.mark.full
@pytest.mark.timeout(600)
async def test_forty_random_jumps_move_no_time(world: World, own_seed: int) -> None:
    chance = random.Random(own_seed)
    for _ in range(FULL_JUMPS):
        world.set_clock(chance.uniform(-40 * DAY_S, 40 * DAY_S))
        await world.say(time.time())

    assert time_faults(await world.times_s(), world.expected_s) == []


@pytest.mark.timeout(200)
async def test_a_start_with_a_wrong_clock_keeps_order_and_what_people_hold(world: World) -> None:
    api = Api(world.server.base_url)
    hour = await world.ana.call("POST", "/v1/invitations", {"expires_in_s": 3600})
    week = await world.ana.call("POST", "/v1/invitations", {"expires_in_s": 604_800})
    await world.say(time.time())

    await world.restart(DAY_S)
    await world.say(time.time() + DAY_S)
    assert await invited(api, week)
    assert not await invited(api, hour), "an hour is over after a day"

    await world.restart(-DAY_S)
    # Ids of clients that are right seem to come from the future: refused with a name, and nothing is stored.
    with pytest.raises(Refused) as refused:
        await world.say(time.time())
    assert refused.value.code == "client_id_from_future"
    await world.say(time.time() + DAY_S, client_offset_s=-DAY_S)

    await world.restart(0.0)
    await world.say(time.time() + DAY_S)
    assert await invited(api, hour)
    assert time_faults(await world.times_s(), world.expected_s) == []
    await api.close()


@pytest.mark.timeout(200)
@pytest.mark.parametrize(
    ("world", "change_s"), [(at_s - HOUR_S, at_s) for at_s in CHANGES_S], indirect=["world"], ids=CHANGES
)
async def test_the_change_of_summer_time_is_no_jump(world: World, change_s: float) -> None:
    for start_s in STARTS_S:
        await world.restart(change_s - start_s - time.time())
        if time.time() + world.offset_s < change_s - 2:
            break
    before = world.alarms()
    while (shown_s := time.time() + world.offset_s) < change_s + 5:
        await world.say(shown_s, client_offset_s=world.offset_s)
        await asyncio.sleep(1)

    assert len(world.expected_s) > 3, "the server came up after the change"
    assert time_faults(await world.times_s(), world.expected_s) == []
    assert world.alarms() == before
    assert f"{datetime.fromtimestamp(change_s, UTC):%Y%m}" in await world.partitions()


async def invited(api: Api, invitation: dict[str, str]) -> bool:
    """Whether the invitation is still good."""
    try:
        await api.call("POST", "/v1/invitations/preview", {"secret": invitation["url"].partition("#")[2]})
    except Refused:
        return False
    return True


@pytest.mark.parametrize(
    ("times_s", "words"),
    [([1.0, 2.0, 1.5], "2: runs backwards"), ([1.0, 2.0, 3.0 + HOUR_S], "2: 3600 s off")],
)
def test_wrong_times_are_caught(times_s: list[float], words: str) -> None:
    assert time_faults([1.0, 2.0, 3.0], [1.0, 2.0, 3.0]) == []
    assert words in time_faults(times_s, [1.0, 2.0, 3.0])

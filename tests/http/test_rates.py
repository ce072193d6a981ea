"""Who asks too often is told how much is left, before and after."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from amana.kernel.entropy import SeededEntropy
from amana.storage.database import Database
from scripts import write_docs
from tests.support.clock import FakeClock
from tests.support.people import CountingHasher, House, build_house

LEFT = re.compile(r'"(\w+)";r=(\d+);t=(\d+)')


@pytest_asyncio.fixture
async def house(
    empty_database: Database, clock: FakeClock, entropy: SeededEntropy, tmp_path: Path
) -> AsyncIterator[House]:
    house = await build_house(
        empty_database, clock, entropy, tmp_path, hasher=CountingHasher(), session_burst=3, session_rate=0.5
    )
    yield house
    house.desk.passwords.close()


async def test_every_answer_says_how_many_are_left_and_a_refusal_when_to_come_back(house: House) -> None:
    ana = await house.set_up()

    answers = [await ana.get("/v1/me") for _ in range(4)]

    told = [LEFT.fullmatch(answer.headers["ratelimit"]) for answer in answers]
    assert [found.groups() for found in told if found] == [
        ("session", "2", "2"),
        ("session", "1", "4"),
        ("session", "0", "6"),
        ("session", "0", "6"),
    ]
    assert {answer.headers["ratelimit-policy"] for answer in answers} == {'"session";q=3;w=6'}
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert answers[3].headers["retry-after"] == "2"
    assert answers[3].json()["error"]["code"] == "too_many_requests"


async def test_who_is_not_signed_in_shares_the_bucket_of_the_network(house: House) -> None:
    stranger = house.browser()

    answer = await stranger.post("/v1/setup/preview", {"secret": "x"})

    assert answer.headers["ratelimit"].startswith('"network";r=999;')


def test_the_page_of_limits_says_whose_every_pace_is() -> None:
    limits = [one for feature in write_docs.features() for one in feature.limits]
    paces = [one for one in limits if one.name.endswith(write_docs.PACE)]

    assert len(paces) >= 6
    assert [one.name for one in paces if not one.per] == []
    page = write_docs.limits_page()
    assert "| `http.session` | a session or an API token | 300 | 30 a second |" in page

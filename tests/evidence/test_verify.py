"""The verifier on a company where nothing is wrong, and what it says about what it cannot see."""

from pathlib import Path

import pytest

from amana.evidence.verify import Trust
from amana.kernel.entropy import SeededEntropy
from tests.evidence.verify_world import Company, examine, found_company
from tests.support.clock import FakeClock


@pytest.fixture
async def company(empty_dsn: str, tmp_path: Path, clock: FakeClock, entropy: SeededEntropy) -> Company:
    return await found_company(empty_dsn, tmp_path, clock, entropy)


async def test_where_nothing_is_wrong_nothing_is_found(company: Company, entropy: SeededEntropy) -> None:
    report = await examine(company.dsn, company, entropy=entropy)

    assert report.findings == []
    assert report.holds
    print(report.fields())

"""A company that is founded once for a module, and a copy of its database for every case."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from amana.kernel.entropy import SeededEntropy
from tests.evidence.verify_world import Company, found_company
from tests.support.clock import FakeClock
from tests.support.postgres import PostgresServer

Copy = Callable[[], AbstractAsyncContextManager[str]]


@pytest.fixture(scope="module")
def company(postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    """The company as it should be. Nobody changes it: attack a copy."""
    dsn = asyncio.run(postgres.create_database())
    entropy = SeededEntropy(random.SystemRandom().randrange(2**32))
    yield asyncio.run(found_company(dsn, tmp_path_factory.mktemp("key"), FakeClock(), entropy))
    asyncio.run(postgres.drop_database(dsn))


@pytest.fixture(scope="module")
def copy_of(postgres: PostgresServer, company: Company) -> Copy:
    """Gives the address of a fresh copy of the company's database."""
    template = company.dsn.partition("?")[0].rpartition("/")[2]

    @asynccontextmanager
    async def copy() -> AsyncIterator[str]:
        dsn = await postgres.create_database(template=template)
        try:
            yield dsn
        finally:
            await postgres.drop_database(dsn)

    return copy

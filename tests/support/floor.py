"""Import ``postgres`` from here to run a module's tests on the oldest supported PostgreSQL as well."""

import pytest

from tests.support.postgres import PostgresServer


@pytest.fixture(scope="session", params=["embedded", "floor"])
def postgres(request: pytest.FixtureRequest, postgres: PostgresServer) -> PostgresServer:
    """Each server in turn; the floor is skipped, with the reason, where it is not installed."""
    if request.param == "embedded":
        return postgres
    floor: PostgresServer = request.getfixturevalue("floor_postgres")
    return floor

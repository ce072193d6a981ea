"""Storage is tested on the embedded server and on the oldest supported one, where it is installed."""

import pytest

from tests.support.postgres import PostgresServer


@pytest.fixture(scope="session", params=["embedded", "floor"])
def postgres(request: pytest.FixtureRequest, postgres: PostgresServer) -> PostgresServer:
    if request.param == "embedded":
        return postgres
    floor: PostgresServer = request.getfixturevalue("floor_postgres")
    return floor

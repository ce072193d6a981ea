"""Fixtures of the whole suite."""

import pytest

from tests.support.fixtures import (
    clock,
    database,
    database_dsn,
    empty_database,
    empty_dsn,
    entropy,
    floor_postgres,
    ids,
    org_id,
    own_seed,
    postgres,
    server,
)

__all__ = [
    "clock",
    "database",
    "database_dsn",
    "empty_database",
    "empty_dsn",
    "entropy",
    "floor_postgres",
    "ids",
    "org_id",
    "own_seed",
    "postgres",
    "server",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the browser last: its driver keeps a loop running, and no other test could start one then."""
    items.sort(key=lambda item: item.path.parent.name == "browser")

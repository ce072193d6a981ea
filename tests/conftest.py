"""Fixtures of the whole suite."""

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
    postgres,
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
    "postgres",
]

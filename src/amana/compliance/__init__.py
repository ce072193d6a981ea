"""Ends what may not be kept: the retention of rooms and the erasure of persons, down to the files."""

from pathlib import Path

from amana.compliance import errors, http
from amana.kernel.feature import Feature

FEATURE = Feature(
    name="compliance",
    routes=http.ROUTES,
    refusals=errors.ALL,
    schema=Path(__file__).parent / "schema",
)

__all__ = ["FEATURE"]

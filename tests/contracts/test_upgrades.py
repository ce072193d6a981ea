"""Every migration since the first release says which releases can live with what it makes."""

import re
from pathlib import Path

from tests.contracts.repository import SOURCE, expect_none, files, shown

# The migrations of release 0.1.0; released files never change.
FIRST_RELEASE_LAST = "2026112299"
HEADER = re.compile(r"-- (?:safe for \d+\.\d+\.\d+|not safe for earlier releases: .{20,})\n")


def silent(name: str, sql: str) -> bool:
    return name[:10] > FIRST_RELEASE_LAST and HEADER.match(sql) is None


def test_every_migration_says_whether_earlier_releases_can_live_with_it() -> None:
    migrations = [path for path in files(".sql", under=SOURCE) if path.parent.name == "schema"]

    assert migrations != []
    expect_none(
        f"{shown(path)}: begin with `-- safe for X.Y.Z` or `-- not safe for earlier releases: why`"
        for path in migrations
        if silent(path.name, Path(path).read_text(encoding="utf-8"))
    )


def test_a_silent_migration_is_caught() -> None:
    assert silent("2026112360_a_b.sql", "CREATE TABLE t (x int);")
    assert silent("2026112360_a_b.sql", "-- not safe for earlier releases: because\nDROP TABLE t;")
    assert not silent("2026112360_a_b.sql", "-- safe for 0.1.0\nCREATE TABLE t (x int);")
    assert not silent("2026112250_a_b.sql", "CREATE TABLE t (x int);")

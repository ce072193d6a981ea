"""What moved lately is asked every few seconds: it must not cost more with every message ever sent."""

from amana.storage.database import Database
from amana.storage.partitions import ensure_month_partitions
from tests.support.clock import FakeClock


async def test_every_month_takes_new_pages_into_its_index_of_times(
    empty_database: Database, empty_dsn: str, clock: FakeClock
) -> None:
    clock.advance(days=70)
    made = await ensure_month_partitions(empty_dsn, ["amana.event"], clock=clock)

    async with empty_database.system() as tx:
        options = await tx.all(
            """
            SELECT t.relname, i.reloptions FROM pg_class i
              JOIN pg_index x ON x.indexrelid = i.oid JOIN pg_class t ON t.oid = x.indrelid
             WHERE i.relam = (SELECT oid FROM pg_am WHERE amname = 'brin') AND t.relname LIKE 'event%'
            """
        )

    assert made
    assert {name.partition(".")[2] for name in made} <= {row["relname"] for row in options}
    for row in options:
        assert set(row["reloptions"]) == {"pages_per_range=32", "autosummarize=on"}, row["relname"]

"""Month partitions are there before the first row of their month."""

from datetime import UTC, datetime

import asyncpg
import pytest

from amana.kernel.ids import Ids
from amana.storage.partitions import buckets_around, ensure_month_partitions
from tests.support.clock import FakeClock

LEDGER = """
CREATE TABLE amana.ledger (
  org_id uuid NOT NULL, conversation_id uuid, seq bigint, bucket int,
  PRIMARY KEY (conversation_id, seq, bucket)
) PARTITION BY LIST (bucket);
COMMENT ON TABLE amana.ledger IS 'group: CONV';
CALL amana.protect_table('amana.ledger');
"""


@pytest.mark.parametrize(
    ("now", "first", "last"),
    [
        (datetime(2026, 11, 22, tzinfo=UTC), 202604, 202702),
        (datetime(2027, 1, 31, 23, 59, tzinfo=UTC), 202606, 202704),
        (datetime(2028, 3, 1, tzinfo=UTC), 202708, 202806),
    ],
)
def test_seven_months_back_and_three_ahead(now: datetime, first: int, last: int) -> None:
    buckets = list(buckets_around(FakeClock(now)))

    assert (buckets[0], buckets[-1], len(buckets)) == (first, last, 11)


async def test_partitions_are_made_once_and_follow_the_clock(
    empty_dsn: str, clock: FakeClock, ids: Ids
) -> None:
    owner = await asyncpg.connect(empty_dsn)
    await owner.execute(LEDGER)

    made = await ensure_month_partitions(empty_dsn, clock=clock)
    assert "ledger_202611" in made
    assert await ensure_month_partitions(empty_dsn, clock=clock) == []

    clock.advance(days=31)
    again = await ensure_month_partitions(empty_dsn, ["amana.ledger"], clock=clock)
    assert again == ["amana.ledger_202703"]
    insert = "INSERT INTO amana.ledger VALUES ($1, $2, 1, $3)"
    await owner.execute("SELECT set_config('amana.org', $1, false)", str(ids.new()))
    for bucket in buckets_around(clock):
        await owner.execute(insert, ids.new(), ids.new(), bucket)
    with pytest.raises(asyncpg.CheckViolationError):
        await owner.execute(insert, ids.new(), ids.new(), 201001)
    await owner.close()


async def test_a_partition_is_protected_like_its_table(empty_dsn: str, clock: FakeClock, ids: Ids) -> None:
    owner = await asyncpg.connect(empty_dsn)
    await owner.execute(LEDGER)
    await ensure_month_partitions(empty_dsn, clock=clock)
    await owner.execute("INSERT INTO amana.ledger VALUES ($1, $2, 1, 202611)", ids.new(), ids.new())

    await owner.execute("SET ROLE amana_app")

    assert await owner.fetchval("SELECT count(*) FROM amana.ledger") == 0
    assert await owner.fetchval("SELECT count(*) FROM amana.ledger_202611") == 0
    await owner.close()


async def test_making_partitions_does_not_wait_for_open_transactions(
    empty_dsn: str, clock: FakeClock, ids: Ids
) -> None:
    owner = await asyncpg.connect(empty_dsn)
    await owner.execute(LEDGER)
    await ensure_month_partitions(empty_dsn, clock=clock)
    writer = await asyncpg.connect(empty_dsn)
    async with writer.transaction():
        await writer.execute("INSERT INTO amana.ledger VALUES ($1, $2, 1, 202611)", ids.new(), ids.new())
        clock.advance(days=31)
        assert await ensure_month_partitions(empty_dsn, ["amana.ledger"], clock=clock) == [
            "amana.ledger_202703"
        ]
    await writer.close()
    await owner.close()

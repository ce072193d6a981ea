"""Memory does not grow with what is verified; how fast it goes is printed."""

import hashlib
import random
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import asyncpg
import psutil
import pytest

from amana.evidence.chain import CHAIN_START, Leaf, fold
from amana.evidence.verify import verify_database
from amana.kernel.entropy import SeededEntropy
from amana.kernel.ids import OrgId, Seq, bucket_at, uuid7
from amana.storage.database import Database
from tests.evidence.verify_world import found_company
from tests.support.clock import FakeClock

ROOMS = 100
MAX_GROWTH_BYTES = 64 << 20
EVENT = (
    "org_id conversation_id seq bucket msg_no kind sender_id device_id client_id revision ts commitment body"
)


class Peak:
    """Watches the memory of this process while rows pass by."""

    def __init__(self) -> None:
        self.process = psutil.Process()
        self.begin = self.highest = self.process.memory_info().rss
        self.rows = self.looked = 0

    def advance(self, number: int) -> None:
        self.rows += number
        if self.rows - self.looked >= 5_000:
            self.looked = self.rows
            self.highest = max(self.highest, self.process.memory_info().rss)

    @property
    def growth(self) -> int:
        return self.highest - self.begin


def events(org_id: UUID, room: UUID, number: int, now_ms: int, chance: random.Random) -> Iterator[tuple]:
    bucket = bucket_at(now_ms)
    for seq in range(1, number + 1):
        client = uuid7(now_ms, chance.randbytes(10))
        commitment = hashlib.sha256(client.bytes).digest()
        yield (
            org_id, room, seq, bucket, seq, 10, client, client, client, 0, now_ms + seq, commitment,
            commitment * 2,
        )  # fmt: skip


async def fill(dsn: str, org_id: OrgId, number: int, clock: FakeClock, seed: int) -> None:
    """``ROOMS`` rooms with ``number`` entries altogether and right chains, younger than the log."""
    chance, now_ms = random.Random(seed), int(clock.now().timestamp() * 1000)
    connection = await asyncpg.connect(
        dsn, server_settings={"search_path": "amana", "session_replication_role": "replica"}
    )
    for _ in range(ROOMS):
        room, chain = uuid7(now_ms, chance.randbytes(10)), CHAIN_START
        rows = list(events(org_id, room, number // ROOMS, now_ms, chance))
        for row in rows:
            chain = fold(chain, Leaf(row[5], Seq(row[2]), row[10] // 60_000, row[11]))
        await connection.copy_records_to_table(
            "event", schema_name="amana", records=rows, columns=EVENT.split()
        )
        await connection.execute(
            "INSERT INTO conversation_head (org_id, conversation_id, seq, chain) VALUES ($1, $2, $3, $4)",
            org_id, room, len(rows), chain,
        )  # fmt: skip
    await connection.execute("ANALYZE event")
    await connection.close()


async def measured(
    number: int, empty_dsn: str, folder: Path, clock: FakeClock, entropy: SeededEntropy, seed: int
) -> Peak:
    company = await found_company(empty_dsn, folder, clock, entropy)
    await fill(empty_dsn, company.org_id, number, clock, seed)
    database = await Database.connect(empty_dsn, pool_size=2)
    peak = Peak()
    begun, begun_cpu = time.perf_counter(), time.process_time()
    try:
        report = await verify_database(database, company.org_id, trust=company.trust, steps=peak)
    finally:
        await database.close()
    took, took_cpu = time.perf_counter() - begun, time.process_time() - begun_cpu
    print(
        f"{number:,} entries: {number / took:,.0f} a second ({number / took_cpu:,.0f} a second of CPU), "
        f"memory + {peak.growth >> 20} MB"
    )
    assert report.findings == []
    assert report.counts["entries of rooms"] == number + 16
    return peak


async def test_twenty_thousand_entries_need_little_memory(
    empty_dsn: str, tmp_path: Path, clock: FakeClock, entropy: SeededEntropy, own_seed: int
) -> None:
    peak = await measured(20_000, empty_dsn, tmp_path, clock, entropy, own_seed)

    assert peak.growth < MAX_GROWTH_BYTES


@pytest.mark.full
async def test_a_million_entries_need_no_more(
    empty_dsn: str, tmp_path: Path, clock: FakeClock, entropy: SeededEntropy, own_seed: int
) -> None:
    peak = await measured(1_000_000, empty_dsn, tmp_path, clock, entropy, own_seed)

    assert peak.growth < MAX_GROWTH_BYTES

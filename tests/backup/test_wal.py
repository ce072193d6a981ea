"""The log goes to every target, whole, soon, and without filling the server's disk."""

import shutil
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest
import pytest_asyncio

from amana.backup import layout, lsn, segments, wal
from amana.backup.errors import NoBackupRights, ObjectDamaged
from amana.backup.target import LocalTarget
from amana.storage.embedded import EmbeddedPostgres
from amana.storage.faults import DRIVER_ERRORS
from tests.backup.world import Cluster, Flaky
from tests.support.clock import FakeClock
from tests.support.postgres import scratch_dir

SEGMENT_BYTES = 16 << 20


@pytest_asyncio.fixture
async def shipper(cluster: Cluster, tmp_path: Path, clock: FakeClock) -> AsyncIterator[wal.Shipper]:
    made = wal.Shipper(cluster.dsn, [Flaky(tmp_path / "a"), Flaky(tmp_path / "b")], cluster.recipients, clock)
    yield made
    await made.close()
    await wal.drop_slot(cluster.dsn)


def target_of(shipper: wal.Shipper, number: int = 0) -> Flaky:
    target = shipper._targets[number]
    assert isinstance(target, Flaky)
    return target


async def write_some(cluster: Cluster, text: str = "x") -> None:
    await cluster.run("SELECT pg_logical_emit_message(true, 'test', $1::text)", text)


def on_server(cluster: Cluster, name: str) -> bytes:
    return (cluster.wal_folder / name).read_bytes()


def in_target(cluster: Cluster, target: LocalTarget, name: str) -> bytes:
    return segments.read_segment(target, name, [cluster.identity], size_bytes=SEGMENT_BYTES)


async def flushed(cluster: Cluster) -> int:
    return lsn.parse(str(await cluster.value("SELECT pg_current_wal_flush_lsn()::text")))


async def test_what_was_committed_is_in_every_target_after_one_run(
    cluster: Cluster, shipper: wal.Shipper, clock: FakeClock
) -> None:
    await shipper.run_once()
    for number in range(3):
        await write_some(cluster, f"canary {number}")
        await shipper.run_once()
    end = await flushed(cluster)

    name = str(await cluster.value("SELECT pg_walfile_name(pg_current_wal_flush_lsn())"))
    for number in (0, 1):
        data = in_target(cluster, target_of(shipper, number), name)
        size = end % SEGMENT_BYTES
        assert data[:size] == on_server(cluster, name)[:size]
        assert not any(data[size:]), "what was in a recycled segment before is nobody's business"
        assert all(f"canary {n}".encode() in data for n in range(3))
    assert all(state.caught_up_at == clock.now() for state in shipper.shipped.values())


async def test_a_full_segment_replaces_its_pieces(cluster: Cluster, shipper: wal.Shipper) -> None:
    target = target_of(shipper)
    for _ in range(3):
        await write_some(cluster)
        await shipper.run_once()
    name = str(await cluster.value("SELECT pg_walfile_name(pg_current_wal_flush_lsn())"))
    assert len(layout.list_wal(target, name=name)[0].pieces) == 3
    await cluster.run("SELECT pg_switch_wal()")
    await write_some(cluster)

    await shipper.run_once()

    found = layout.list_wal(target, name=name)[0]
    assert (found.whole, found.pieces) == (True, ())
    assert in_target(cluster, target, name) == on_server(cluster, name)


async def test_where_nobody_writes_the_log_still_arrives(
    cluster: Cluster, shipper: wal.Shipper, clock: FakeClock
) -> None:
    target = target_of(shipper)

    async def pieces() -> int:
        await shipper.run_once()
        return sum(len(one.pieces) for one in layout.list_wal(target))

    while (before := await pieces()) != await pieces():
        pass  # until the server's own start has settled
    clock.advance(wal.HEARTBEAT / 2)
    assert await pieces() == before
    clock.advance(wal.HEARTBEAT)
    assert await pieces() == before + 1
    assert await pieces() == before + 1


async def test_many_pieces_become_one(
    cluster: Cluster, shipper: wal.Shipper, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wal, "MAX_PIECES", 3)
    target = target_of(shipper)
    counts = []
    for number in range(8):
        await write_some(cluster, f"piece {number}")
        await shipper.run_once()
        counts.append(len(layout.list_wal(target)[-1].pieces))

    assert max(counts) <= 4
    name = layout.list_wal(target)[-1].key
    assert all(f"piece {number}".encode() in in_target(cluster, target, name) for number in range(8))


async def test_the_slot_keeps_what_a_target_that_is_down_still_needs(
    cluster: Cluster, shipper: wal.Shipper, clock: FakeClock
) -> None:
    await shipper.run_once()
    target_of(shipper, 1).down = True
    kept = await cluster.value("SELECT restart_lsn::text FROM pg_replication_slots")
    names = []
    for number in range(3):
        await write_some(cluster, f"while down {number}")
        names.append(str(await cluster.value("SELECT pg_walfile_name(pg_current_wal_lsn())")))
        await cluster.run("SELECT pg_switch_wal()")
        await cluster.run("CHECKPOINT")
        clock.advance(seconds=30)
        await shipper.run_once()

    well, broken = (shipper.shipped[target_of(shipper, number).name] for number in (0, 1))
    assert well.failing is None
    assert broken.failing is not None
    assert broken.behind_bytes > 2 * SEGMENT_BYTES
    assert await cluster.value("SELECT restart_lsn::text FROM pg_replication_slots") == kept
    assert all(in_target(cluster, target_of(shipper), name) for name in names)

    target_of(shipper, 1).down = False
    await shipper.run_once()
    assert broken.failing is None
    for name in names:
        assert in_target(cluster, target_of(shipper, 1), name) == in_target(cluster, target_of(shipper), name)


async def test_a_target_that_stays_down_loses_its_log_and_the_gap_is_noticed(
    cluster: Cluster, shipper: wal.Shipper, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wal, "MAX_BEHIND_BYTES", SEGMENT_BYTES)
    await write_some(cluster)
    await shipper.run_once()
    target_of(shipper).down = True
    while not shipper.gaps:
        await write_some(cluster)
        await cluster.run("SELECT pg_switch_wal()")
        await shipper.run_once()

    kept = await cluster.value("SELECT restart_lsn::text FROM pg_replication_slots")
    assert await flushed(cluster) - lsn.parse(str(kept)) < SEGMENT_BYTES, "nothing more is kept for it"
    target_of(shipper).down = False
    await write_some(cluster)
    await shipper.run_once()
    well, late = (layout.list_wal(target_of(shipper, number)) for number in (1, 0))
    assert wal.holes(base_from(well[0].key, well[0].key), well) == []
    assert wal.holes(base_from(late[0].key, late[0].key), late)


async def test_a_slot_that_the_server_gave_up_is_a_gap(
    cluster: Cluster, clock: FakeClock, tmp_path: Path
) -> None:
    folder = scratch_dir()
    own = EmbeddedPostgres(folder, settings={"max_slot_wal_keep_size": "1MB"})
    small = Cluster(cluster.server, await own.start(), cluster.identity)
    target = LocalTarget(tmp_path)
    shipper = wal.Shipper(small.dsn, [target], small.recipients, clock)
    try:
        await write_some(small)
        await shipper.run_once()
        for _ in range(4):
            await write_some(small)
            await small.run("SELECT pg_switch_wal()")
        await small.run("CHECKPOINT")
        assert await small.value("SELECT wal_status FROM pg_replication_slots") == "lost"

        await shipper.run_once()
    finally:
        await shipper.close()
        await own.stop()
        shutil.rmtree(folder)

    assert shipper.gaps == 1
    found = layout.list_wal(target)
    info = base_from(found[0].key, found[0].key)
    assert wal.holes(info, found), "a listing shows the gap, also after a restart"


def base_from(first: str, last: str) -> layout.BaseInfo:
    return layout.BaseInfo(
        stamp="20261122T120000Z", started="", finished="", timeline=1, start_lsn="", end_lsn="",
        first_wal=first, last_wal=last, wal_segment_bytes=SEGMENT_BYTES, system_identifier="",
        postgres="18.6", amana="", schema="", plain_bytes=0, sealed_bytes=0, sealed_sha256="",
    )  # fmt: skip


async def test_only_one_process_ships(cluster: Cluster, shipper: wal.Shipper, clock: FakeClock) -> None:
    other = wal.Shipper(cluster.dsn, shipper._targets, cluster.recipients, clock)
    await shipper.run_once()

    assert await other.run_once() is None
    await shipper.close()
    assert await other.run_once() is not None
    await other.close()


async def test_the_next_shipper_goes_on_without_a_gap(
    cluster: Cluster, shipper: wal.Shipper, clock: FakeClock
) -> None:
    first = await flushed(cluster)
    for number in range(3):
        await write_some(cluster, f"before {number}")
        await shipper.run_once()
        await shipper.close()
        await write_some(cluster, f"between {number}")
        await cluster.run("SELECT pg_switch_wal()")

    await shipper.run_once()

    target = target_of(shipper)
    found = layout.list_wal(target)
    timeline, number = lsn.segment_place(found[0].key, SEGMENT_BYTES)
    assert [one.key for one in found] == [
        lsn.segment_name(timeline, number + step, SEGMENT_BYTES) for step in range(len(found))
    ]
    assert number <= first // SEGMENT_BYTES
    for one in found[:-1]:
        assert in_target(cluster, target, one.key) == on_server(cluster, one.key)


async def test_a_flipped_bit_and_a_missing_piece_are_found(cluster: Cluster, shipper: wal.Shipper) -> None:
    for _ in range(3):
        await write_some(cluster)
        await shipper.run_once()
    target = target_of(shipper)
    name = layout.list_wal(target)[-1].key
    middle = Path(target.name) / layout.wal_piece(name, layout.list_wal(target, name=name)[0].pieces[1])
    good = middle.read_bytes()

    middle.write_bytes(good[:-9] + bytes([good[-9] ^ 1]) + good[-8:])
    with pytest.raises(ObjectDamaged):
        in_target(cluster, target, name)
    middle.unlink()
    with pytest.raises(ObjectDamaged, match="lacks a piece"):
        in_target(cluster, target, name)


async def test_an_account_without_the_rights_is_told_which_ones(
    cluster: Cluster, clock: FakeClock, tmp_path: Path
) -> None:
    await cluster.run("CREATE ROLE plain LOGIN PASSWORD 'plain'")
    plain = cluster.dsn.replace(cluster.dsn.split("@")[0], "postgresql://plain:plain")
    shipper = wal.Shipper(plain, [LocalTarget(tmp_path)], cluster.recipients, clock)
    try:
        with pytest.raises(NoBackupRights, match=r"ALTER ROLE .* REPLICATION"):
            await shipper.run_once()
        # What the sentence says is enough.
        await cluster.run("ALTER ROLE plain REPLICATION")
        await cluster.run("GRANT EXECUTE ON FUNCTION pg_read_binary_file(text, bigint, bigint) TO plain")
        assert await shipper.run_once()
    finally:
        await shipper.close()
        await wal.drop_slot(cluster.dsn)
        await cluster.run("DROP OWNED BY plain; DROP ROLE plain")


async def test_a_lost_connection_is_made_anew(cluster: Cluster, shipper: wal.Shipper) -> None:
    await shipper.run_once()
    await cluster.run(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'amana-backup-wal'"
    )

    with suppress(*DRIVER_ERRORS):
        await shipper.run_once()
    assert await shipper.run_once()


def test_names_of_segments_are_postgresqls() -> None:
    assert lsn.segment_name(1, 0x1FF, SEGMENT_BYTES) == "0000000100000001000000FF"
    assert lsn.segment_place("0000000200000001000000FF", SEGMENT_BYTES) == (2, 0x1FF)
    assert lsn.written(lsn.parse("A/3000028")) == "A/3000028"

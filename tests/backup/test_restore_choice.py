"""Which base, which log and which keys a restore takes: decided from names and clear files alone."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from amana.backup import layout
from amana.backup.keyring import Header
from amana.backup.layout import BaseInfo
from amana.backup.restore_errors import LogIncomplete, NoBaseInTime, OtherPostgres
from amana.backup.restore_keys import KeySnapshot
from amana.backup.restore_source import Source, choose
from amana.backup.target import LocalTarget

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def base_at(at: datetime, first: int, last: int, *, timeline: int = 1) -> BaseInfo:
    return BaseInfo(
        stamp=layout.stamp_of(at),
        started=at.isoformat(),
        finished=(at + timedelta(minutes=1)).isoformat(),
        timeline=timeline,
        start_lsn="0/3000028",
        end_lsn="0/4000000",
        first_wal=f"{timeline:08X}00000000{first:08X}",
        last_wal=f"{timeline:08X}00000000{last:08X}",
        wal_segment_bytes=16 << 20,
        system_identifier="7",
        postgres="18.6",
        amana="0.2.0",
        schema="2026112370_backup.sql",
        plain_bytes=1,
        sealed_bytes=1,
        sealed_sha256="",
    )


def target_with(folder: Path, bases: list[BaseInfo], segments: range) -> LocalTarget:
    target = LocalTarget(folder)
    target.put(layout.DESCRIPTION, [layout.Description("id", "7", (), NOON.isoformat()).encode()])
    for base in bases:
        target.put(layout.base_info(base.stamp), [base.encode()])
    for number in segments:
        target.put(layout.wal_object(f"{1:08X}00000000{number:08X}"), [b"x"])
    return target


def chosen(target: LocalTarget, *, until: datetime | None = None) -> Source:
    return choose(target, [], until=until, major=18)


def test_the_newest_base_that_is_old_enough_and_has_its_log(tmp_path: Path) -> None:
    days = [base_at(NOON + timedelta(days=day), 3 + 4 * day, 4 + 4 * day) for day in range(3)]
    target = target_with(tmp_path, days, range(3, 13))

    assert chosen(target).base.stamp == days[2].stamp
    assert chosen(target).hole is None
    assert chosen(target, until=NOON + timedelta(days=1, hours=1)).base.stamp == days[1].stamp
    with pytest.raises(NoBaseInTime, match="reaches back to 2026-11-22 12:01:00"):
        chosen(target, until=NOON)


def test_a_base_without_its_log_gives_way_to_an_older_one_and_a_later_hole_is_told(tmp_path: Path) -> None:
    days = [base_at(NOON, 3, 4), base_at(NOON + timedelta(days=1), 8, 9)]
    target = target_with(tmp_path, days, range(3, 8))

    assert chosen(target).base.stamp == days[0].stamp

    target.delete(layout.wal_object(f"{1:08X}00000000{6:08X}"))
    assert chosen(target).hole == "000000010000000000000006"
    target.put(layout.wal_piece("000000010000000000000006", 0), [b"x"])
    assert chosen(target).hole == "000000010000000000000006", "half a segment in the middle ends the log too"
    target.delete(layout.wal_object(f"{1:08X}00000000{4:08X}"))
    with pytest.raises(LogIncomplete, match="is not usable: 000000010000000000000008"):
        chosen(target)


def test_an_empty_target_and_another_postgresql_are_said(tmp_path: Path) -> None:
    with pytest.raises(NoBaseInTime, match="no complete base"):
        chosen(target_with(tmp_path / "empty", [], range(0)))
    old = replace(base_at(NOON, 3, 4), postgres="17.9")
    with pytest.raises(OtherPostgres, match=r"PostgreSQL 17\.9; this Amana brings PostgreSQL 18"):
        chosen(target_with(tmp_path / "old", [old], range(3, 5)))


def test_the_newer_keys_are_those_of_whoever_saw_more(tmp_path: Path) -> None:
    source = chosen(target_with(tmp_path, [base_at(NOON, 3, 4)], range(3, 6)))
    later = Header(NOON + timedelta(hours=1), "0/5000000", "x", ())
    before = Header(NOON - timedelta(hours=1), "9/0", "x", ())

    assert not KeySnapshot(source, later, {}).is_covered_by("0/4FFFFFF")
    assert KeySnapshot(source, later, {}).is_covered_by("0/5000000")
    # From another timeline, whose places say nothing here: the base was begun after it.
    assert KeySnapshot(source, before, {}).is_covered_by("0/4FFFFFF")
    assert KeySnapshot(source, None, {}).is_covered_by("0/1")

"""What goes and what stays, by a clock that is moved."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from amana.backup import layout, lsn, pruning
from amana.backup.layout import BaseInfo
from amana.backup.target import LocalTarget
from amana.kernel.ids import Ids
from tests.support.clock import START, FakeClock

SEGMENT_BYTES = 16 << 20
KEEP = timedelta(days=14)


def name(number: int, timeline: int = 1) -> str:
    return lsn.segment_name(timeline, number, SEGMENT_BYTES)


def put_base(target: LocalTarget, at: datetime, number: int, *, timeline: int = 1) -> BaseInfo:
    """A base that begins and ends in segment ``number``."""
    info = BaseInfo(
        stamp=layout.stamp_of(at), started=at.isoformat(), finished=(at + timedelta(minutes=1)).isoformat(),
        timeline=timeline, start_lsn="", end_lsn="", first_wal=name(number, timeline),
        last_wal=name(number, timeline), wal_segment_bytes=SEGMENT_BYTES, system_identifier="1",
        postgres="18.6", amana="", schema="", plain_bytes=1, sealed_bytes=1, sealed_sha256="",
    )  # fmt: skip
    target.put(layout.base_tar(info.stamp), [b"x"])
    target.put(layout.base_manifest(info.stamp), [b"x"])
    target.put(layout.base_info(info.stamp), [info.encode()])
    return info


def put_wal(target: LocalTarget, *numbers: int, timeline: int = 1) -> None:
    for number in numbers:
        target.put(layout.wal_object(name(number, timeline)), [b"x"])


def bases(target: LocalTarget) -> list[str]:
    return layout.list_stamps(target)


def segments(target: LocalTarget) -> list[str]:
    return [one.key for one in layout.list_wal(target)]


@pytest.fixture
def target(tmp_path: Path) -> LocalTarget:
    return LocalTarget(tmp_path)


def test_after_weeks_nothing_in_the_target_is_older_than_promised(
    target: LocalTarget, clock: FakeClock, ids: Ids
) -> None:
    journal = []
    for day in range(17):
        base = put_base(target, clock.now(), day)
        put_wal(target, day)
        path = layout.journal_object(base.stamp, ids.new())
        target.put(path, [b"x"])
        journal.append(path)
        for hour in range(24):
            if hour % 6 == 0:
                target.put(layout.keyring_object(layout.stamp_of(clock.now())), [b"x"])
            clock.advance(hours=1)
            pruning.prune(target, KEEP, clock.now())
            oldest = min(layout.time_of(stamp) for stamp in bases(target))
            assert clock.now() - oldest <= KEEP
            assert clock.now() - layout.time_of(layout.list_keyrings(target)[0].key) <= KEEP

    assert len(bases(target)) == 13
    assert segments(target) == [name(number) for number in range(4, 17)], "what a base that stays needs"
    assert {one.path.split("/")[1] for one in target.list("base/")} == set(bases(target)), "no half bases"
    assert [one.path for one in layout.list_journal(target)] == journal, "the journal is never deleted"
    assert len(layout.list_keyrings(target)) < 20


def test_the_last_good_set_stays_however_old_it_is(target: LocalTarget, clock: FakeClock) -> None:
    good = put_base(target, clock.now(), 1)
    put_wal(target, 1, 2)
    target.put(layout.keyring_object(good.stamp), [b"x"])
    clock.advance(days=1)
    put_base(target, clock.now(), 9)  # its log never came
    clock.advance(days=60)

    pruning.prune(target, KEEP, clock.now())

    assert bases(target) == [good.stamp]
    assert segments(target) == [name(1), name(2)]
    assert len(layout.list_keyrings(target)) == 1


def test_without_any_good_base_nothing_goes(target: LocalTarget, clock: FakeClock) -> None:
    put_base(target, clock.now(), 5)
    put_wal(target, 1)
    clock.advance(days=60)

    pruning.prune(target, KEEP, clock.now())

    assert (len(bases(target)), segments(target)) == (1, [name(1)])


def test_a_copy_that_died_is_swept_after_a_day_and_one_under_way_is_not(
    target: LocalTarget, clock: FakeClock
) -> None:
    put_base(target, clock.now(), 1)
    put_wal(target, 1)
    clock.advance(hours=1)
    died = layout.base_tar(layout.stamp_of(clock.now()))
    target.put(died, [b"x"])

    pruning.prune(target, KEEP, clock.now() + timedelta(hours=2))
    assert died in [one.path for one in target.list()]
    pruning.prune(target, KEEP, clock.now() + timedelta(days=2))
    assert died not in [one.path for one in target.list()]


def test_pieces_go_with_their_time_and_those_after_a_restore_count_by_place(
    target: LocalTarget, clock: FakeClock
) -> None:
    put_base(target, clock.now() - timedelta(days=20), 1)
    put_wal(target, 1, 2)
    target.put(layout.wal_piece(name(3), 0), [b"x"])
    target.put(layout.wal_piece(name(3), 100), [b"x"])
    put_base(target, clock.now() - timedelta(days=1), 7, timeline=2)
    put_wal(target, 7, 8, timeline=2)

    pruning.prune(target, KEEP, clock.now())

    assert segments(target) == [name(7, 2), name(8, 2)]
    assert len(bases(target)) == 1


def test_of_the_keyrings_the_newest_stays_and_the_others_thin_out() -> None:
    now = START
    ages = [timedelta(minutes=10 * number) for number in range(6 * 24 * 20)]
    names = [layout.Named("", layout.stamp_of(now - age), 1, now) for age in sorted(ages, reverse=True)]

    gone = {one.key for one in pruning.old_keyrings(names, now, KEEP)}
    kept = [one.key for one in names if one.key not in gone]

    assert kept[-1] == names[-1].key
    of_last_hour = [key for key in kept if now - layout.time_of(key) <= timedelta(hours=1)]
    assert (len(of_last_hour), len(kept)) == (7, 7 + 23 + 14) or len(kept) < 46
    assert min(layout.time_of(key) for key in kept) >= now - KEEP
    only = [replace(names[0], key=layout.stamp_of(now - timedelta(days=99)))]
    assert pruning.old_keyrings(only, now, KEEP) == [], "a single one is the newest"

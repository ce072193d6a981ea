"""Recurring at nine means nine on the wall, whatever the clocks do."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amana.conversations.scheduling.errors import RepeatInvalid
from amana.conversations.scheduling.recurrence import Repeat, check_repeat, next_after

NOW = datetime(2026, 1, 1, tzinfo=UTC)
BERLIN = "Europe/Berlin"


def repeat(starts: str, rule: str, zone: str = BERLIN) -> Repeat:
    return check_repeat(starts, zone, rule, now=NOW)


def times(of: Repeat, count: int, after: datetime = NOW) -> list[str]:
    """The next occurrences, on the wall of its zone, with the offset."""
    found = []
    for _ in range(count):
        following = next_after(of, after)
        if following is None:
            break
        found.append(f"{following.astimezone(ZoneInfo(of.zone)):%a %d %b %H:%M %z}")
        after = following
    return found


def test_nine_stays_nine_when_summer_begins_and_ends() -> None:
    spring = repeat("2026-03-27T09:00", "FREQ=DAILY")
    autumn = repeat("2026-10-24T09:00", "FREQ=DAILY")

    assert times(spring, 4) == [
        "Fri 27 Mar 09:00 +0100",
        "Sat 28 Mar 09:00 +0100",
        "Sun 29 Mar 09:00 +0200",
        "Mon 30 Mar 09:00 +0200",
    ]
    assert times(autumn, 3) == [
        "Sat 24 Oct 09:00 +0200",
        "Sun 25 Oct 09:00 +0100",
        "Mon 26 Oct 09:00 +0100",
    ]


def test_a_time_that_is_skipped_comes_after_the_gap_and_only_that_day() -> None:
    found = times(repeat("2026-03-28T02:30", "FREQ=DAILY"), 3)

    assert found == ["Sat 28 Mar 02:30 +0100", "Sun 29 Mar 03:30 +0200", "Mon 30 Mar 02:30 +0200"]


def test_of_an_hour_that_comes_twice_the_first_counts_and_only_once() -> None:
    found = times(repeat("2026-10-24T02:30", "FREQ=DAILY"), 3)

    assert found == ["Sat 24 Oct 02:30 +0200", "Sun 25 Oct 02:30 +0200", "Mon 26 Oct 02:30 +0100"]


def test_between_the_two_equal_hours_the_next_one_is_tomorrow() -> None:
    daily = repeat("2026-10-24T02:30", "FREQ=DAILY")
    between = datetime(2026, 10, 25, 1, 15, tzinfo=UTC)  # 02:15, the second time

    assert times(daily, 1, between) == ["Mon 26 Oct 02:30 +0100"]


def test_what_people_ask_for() -> None:
    assert times(repeat("2026-01-05T09:00", "FREQ=WEEKLY;BYDAY=MO,TH"), 3) == [
        "Mon 05 Jan 09:00 +0100",
        "Thu 08 Jan 09:00 +0100",
        "Mon 12 Jan 09:00 +0100",
    ]
    assert times(repeat("2026-01-01T09:00", "FREQ=MONTHLY;BYMONTHDAY=-1"), 2) == [
        "Sat 31 Jan 09:00 +0100",
        "Sat 28 Feb 09:00 +0100",
    ]
    assert times(repeat("2026-01-01T09:00", "FREQ=MONTHLY;BYDAY=1FR"), 2) == [
        "Fri 02 Jan 09:00 +0100",
        "Fri 06 Feb 09:00 +0100",
    ]
    assert times(repeat("2026-01-02T09:00", "FREQ=WEEKLY;INTERVAL=2;COUNT=2", "Asia/Riyadh"), 5) == [
        "Fri 02 Jan 09:00 +0300",
        "Fri 16 Jan 09:00 +0300",
    ]
    assert times(repeat("2026-01-02T09:00", "FREQ=DAILY;UNTIL=20260103T235959"), 5) == [
        "Fri 02 Jan 09:00 +0100",
        "Sat 03 Jan 09:00 +0100",
    ]


@pytest.mark.parametrize(
    ("starts", "zone", "rule", "field"),
    [
        ("tomorrow", BERLIN, "FREQ=DAILY", "starts"),
        ("2026-02-30T09:00", BERLIN, "FREQ=DAILY", "starts"),
        ("2026-01-01T09:00Z", BERLIN, "FREQ=DAILY", "starts"),
        ("1026-01-01T09:00", BERLIN, "FREQ=DAILY", "starts"),
        ("2026-01-01T09:00", "Mars/Olympus", "FREQ=DAILY", "zone"),
        ("2026-01-01T09:00", "../../etc/passwd", "FREQ=DAILY", "zone"),
        ("2026-01-01T09:00", "+02:00", "FREQ=DAILY", "zone"),
        ("2026-01-01T09:00", BERLIN, "", "rule"),
        ("2026-01-01T09:00", BERLIN, "FREQ=SECONDLY", "rule"),
        ("2026-01-01T09:00", BERLIN, "FREQ=HOURLY", "rule"),
        ("2026-01-01T09:00", BERLIN, "FREQ=DAILY;BYHOUR=1,2,3", "rule"),
        ("2026-01-01T09:00", BERLIN, "FREQ=DAILY;INTERVAL=0", "rule"),
        ("2026-01-01T09:00", BERLIN, "FREQ=DAILY;FREQ=WEEKLY", "rule"),
        ("2026-01-01T09:00", BERLIN, "FREQ=DAILY;COUNT=1;UNTIL=20270101", "rule"),
        ("2026-01-01T09:00", BERLIN, "FREQ=DAILY\nRDATE:20260101", "rule"),
        ("2026-01-01T09:00", BERLIN, "FREQ=DAILY;UNTIL=20270101T000000Z", "rule"),
        ("2026-02-01T09:00", BERLIN, "FREQ=MONTHLY;INTERVAL=12;BYMONTHDAY=31", "rule"),
        ("2026-01-01T09:00", BERLIN, "FREQ=DAILY;UNTIL=20250101", "rule"),
    ],
)
def test_what_is_not_understood_is_refused(starts: str, zone: str, rule: str, field: str) -> None:
    with pytest.raises(RepeatInvalid) as refused:
        check_repeat(starts, zone, rule, now=NOW)

    assert refused.value.fields == {"field": field}


@given(
    # On a wall, so without a zone.
    start=st.datetimes(min_value=datetime(2025, 1, 1), max_value=datetime(2027, 12, 31)),  # noqa: DTZ001
    zone=st.sampled_from(["Europe/Berlin", "Europe/Tallinn", "Asia/Riyadh", "Australia/Lord_Howe", "UTC"]),
    rule=st.sampled_from(["FREQ=DAILY", "FREQ=WEEKLY;BYDAY=SU", "FREQ=MONTHLY", "FREQ=YEARLY"]),
)
def test_every_next_time_lies_ahead_and_shows_the_same_hands(start: datetime, zone: str, rule: str) -> None:
    """The hands of the clock are as asked for, or pushed on by the gap of that night."""
    of = repeat(f"{start:%Y-%m-%dT%H:%M}", rule, zone)
    after = datetime(2026, 3, 1, tzinfo=UTC)
    found = []
    for _ in range(5):
        following = next_after(of, after)
        assert following is not None
        found.append(following)
        after = following

    assert all(later - sooner >= timedelta(hours=22) for sooner, later in pairwise(found))
    for one in found:
        wall = one.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
        asked = wall.replace(hour=start.hour, minute=start.minute)
        assert wall == asked or asked + timedelta(hours=0.5) <= wall <= asked + timedelta(hours=1)

"""When something recurs: a part of RFC 5545's RRULE, on the clock of the person's own time zone. Pure.

"Every Monday at nine" means nine on the wall, in summer and in winter. Where the clock is put forward over
the time, it is said as long after the gap as the time lay in it (half past two becomes half past three);
where an hour comes twice, in the first of them. Both as RFC 5545 §3.3.5 says.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dateutil.rrule import rrule, rrulestr

from amana.conversations.scheduling.errors import RepeatInvalid

_DAY: Final = r"(?:MO|TU|WE|TH|FR|SA|SU)"
_UNTIL: Final = r"\d{8}(?:T\d{6})?"
_COMMON: Final = {"INTERVAL": r"[1-9]\d?", "COUNT": r"[1-9]\d{0,3}", "UNTIL": _UNTIL}
# Nothing here can go on for years without a match: that would keep the library busy for seconds.
_PARTS: Final = {
    "DAILY": _COMMON,
    "WEEKLY": {**_COMMON, "BYDAY": rf"{_DAY}(?:,{_DAY}){{0,6}}", "WKST": _DAY},
    "MONTHLY": {**_COMMON, "BYDAY": rf"(?:[1-5]|-1){_DAY}", "BYMONTHDAY": r"[1-9]|[12]\d|3[01]|-1"},
    "YEARLY": _COMMON,
}
_LOCAL: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d)?")
_ZONE: Final = re.compile(r"UTC|[A-Z][A-Za-z0-9_+-]*(?:/[A-Za-z0-9_+-]+)+")
# No zone differs from UTC by more, so an occurrence before that cannot lie after the moment asked for.
_WIDEST: Final = timedelta(hours=27)
# How long something may have been going on, and how far ahead it may begin.
_NEAR: Final = timedelta(days=3_650)


@dataclass(frozen=True, slots=True)
class Repeat:
    """How something recurs.

    Attributes:
        starts: the first time, as the clock on the wall of ``zone`` shows it; without a zone of its own.
        zone: an IANA name, ``Europe/Tallinn``.
        rule: an RRULE without its name, ``FREQ=WEEKLY;BYDAY=MO,WE``.
    """

    starts: datetime
    zone: str
    rule: str


def check_repeat(starts: str, zone: str, rule: str, *, now: datetime) -> Repeat:
    """Understand what a client asks for.

    Args:
        now: what starts years before or after it is a mistake, and would cost the library time.

    Raises:
        RepeatInvalid: a part is not understood, or it never happens.
    """
    if _LOCAL.fullmatch(starts) is None:
        raise RepeatInvalid("starts")
    try:
        first = datetime.fromisoformat(starts)
    except ValueError:
        raise RepeatInvalid("starts") from None
    if abs(first - now.astimezone(UTC).replace(tzinfo=None)) > _NEAR:
        raise RepeatInvalid("starts")
    repeat = Repeat(first, _zone(zone), _rule(rule))
    if next(iter(_occurrences(repeat)), None) is None:
        raise RepeatInvalid("rule")
    return repeat


def next_after(repeat: Repeat, moment: datetime) -> datetime | None:
    """The first occurrence after ``moment``, in UTC; None when there is none any more."""
    zone = ZoneInfo(repeat.zone)
    near = moment.astimezone(UTC).replace(tzinfo=None) - _WIDEST
    for local in _occurrences(repeat).xafter(near, inc=True):
        # fold=0: the first of two equal times, and before a gap the offset from before it.
        at = local.replace(tzinfo=zone).astimezone(UTC)
        if at > moment:
            return at
    return None


def _occurrences(repeat: Repeat) -> rrule:
    try:
        found = rrulestr(repeat.rule, dtstart=repeat.starts)
    except (ValueError, OverflowError):
        raise RepeatInvalid("rule") from None
    if not isinstance(found, rrule):
        raise RepeatInvalid("rule")
    return found


def _zone(name: str) -> str:
    if _ZONE.fullmatch(name) is None:
        raise RepeatInvalid("zone")
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise RepeatInvalid("zone") from None
    return name


def _rule(rule: str) -> str:
    """The parts in order, each of a form that is allowed, none twice."""
    pairs = [part.partition("=") for part in rule.upper().split(";")]
    names = [name for name, _, _ in pairs]
    given = {name: value for name, _, value in pairs}
    allowed = _PARTS.get(given.pop("FREQ", ""))
    if allowed is None or len(set(names)) != len(names):
        raise RepeatInvalid("rule")
    for name, value in given.items():
        if name not in allowed or re.fullmatch(allowed[name], value) is None:
            raise RepeatInvalid("rule")
    if {"COUNT", "UNTIL"} <= given.keys() or {"BYDAY", "BYMONTHDAY"} <= given.keys():
        raise RepeatInvalid("rule")
    return ";".join(f"{name}={value}" for name, _, value in pairs)

"""What a poll is. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import msgspec

from amana.conversations.polls.errors import ChoiceInvalid, PollOptionsInvalid, PollTimeInvalid
from amana.kernel.clock import from_unix_ms
from amana.kernel.ids import Seq, UserId
from amana.kernel.limits import Limit

MIN_OPTIONS: Final = 2
MAX_OPTIONS: Final = 20
MAX_OPTION: Final = 200
MAX_OPEN: Final = timedelta(days=366)
MAX_VOTERS: Final = 200

# The kind of job that closes a poll at its time.
CLOSE_JOB: Final = "poll.close"

LIMITS = (
    Limit("polls.options", MAX_OPTIONS, "choices in a poll", "More than that nobody compares."),
    Limit("polls.option_length", MAX_OPTION, "characters", "A choice is a line; reasons belong above it."),
    Limit("polls.open_days", MAX_OPEN.days, "days", "Longer than a year nobody waits for a result."),
    Limit("polls.page", MAX_VOTERS, "people in one answer", "A list that long is read in parts."),
)


class Poll(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is asked besides the text of the message.

    Attributes:
        options: what may be chosen, in this order; votes name them by their place, from 0.
        multiple: one person may choose several.
        anonymous: nobody can learn who chose what; votes are final, the result is said at the end.
        closes_at: Unix milliseconds; absent: its author, or who looks after the room, closes it.
    """

    options: list[str]
    multiple: bool = False
    anonymous: bool = False
    closes_at: int | None = None


class PollState(msgspec.Struct, frozen=True, kw_only=True):
    """How a poll stands, for one reader.

    Attributes:
        closed: when it was closed (Unix milliseconds); null while people vote.
        voters: how many people voted.
        totals: how many chose each option, in their order. Null, as ``voters``, where the votes of an
            anonymous poll could not be read at its end.
        mine: what the reader chose; always empty in an anonymous poll.
    """

    closed: int | None
    voters: int | None
    totals: list[int] | None
    mine: list[int]


@dataclass(frozen=True, slots=True)
class PollRow:
    """A poll as stored; attributes as the columns."""

    seq: Seq
    anonymous: bool
    closes_at: datetime | None
    closed_ts: int | None
    shown_seq: Seq | None
    box: bytes | None


@dataclass(frozen=True, slots=True)
class Vote:
    """One person's vote in a named poll, still sealed in the event ``event_seq``."""

    seq: Seq
    user_id: UserId
    event_seq: Seq


def check_poll(poll: Poll) -> Poll:
    """Give the poll with each choice on one line, trimmed.

    Raises:
        PollOptionsInvalid
    """
    options = [" ".join(option.split()) for option in poll.options]
    sound = all(option and len(option) <= MAX_OPTION and _storable(option) for option in options)
    different = len(set(options)) == len(options)
    if not (sound and different and MIN_OPTIONS <= len(options) <= MAX_OPTIONS):
        raise PollOptionsInvalid(least=MIN_OPTIONS, limit=MAX_OPTIONS, length=MAX_OPTION)
    return msgspec.structs.replace(poll, options=options)


def check_closing(poll: Poll, now: datetime) -> datetime | None:
    """When the poll closes by itself; raises PollTimeInvalid unless that lies ahead, and not too far."""
    if poll.closes_at is None:
        return None
    try:
        at = from_unix_ms(poll.closes_at)
    except (OverflowError, ValueError, OSError):
        raise PollTimeInvalid(days=MAX_OPEN.days) from None
    if not now < at <= now + MAX_OPEN:
        raise PollTimeInvalid(days=MAX_OPEN.days)
    return at


def check_choices(poll: Poll, choices: Sequence[int]) -> list[int]:
    """Give the choices ascending, each once.

    An empty list takes a vote back, which is not possible in an anonymous poll.

    Raises:
        ChoiceInvalid
    """
    chosen = sorted(set(choices))
    most = len(poll.options) if poll.multiple else 1
    least = 1 if poll.anonymous else 0
    if not least <= len(chosen) <= most or any(not 0 <= one < len(poll.options) for one in chosen):
        raise ChoiceInvalid
    return chosen


def moved(totals: Sequence[int], before: Sequence[int], after: Sequence[int]) -> list[int]:
    """The totals once somebody who had chosen ``before`` chooses ``after``."""
    result = list(totals)
    for one in before:
        result[one] -= 1
    for one in after:
        result[one] += 1
    return result


def _storable(text: str) -> bool:
    """No NUL and no half of a surrogate pair."""
    return "\x00" not in text and not any("\ud800" <= sign <= "\udfff" for sign in text)

"""What a conversation is, and the rules about it that need no database."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Annotated, Final
from uuid import UUID

import msgspec

from amana.conversations.errors import (
    HistoryDaysInvalid,
    PurposeRequired,
    RetentionInvalid,
    TextInvalid,
    TextTooLong,
    TitleRequired,
)
from amana.kernel.ids import ClientId, ConversationId, OrgId, Seq, UserId
from amana.kernel.limits import Limit

MAX_TEXT: Final = 8_000
MAX_TITLE: Final = 120
MAX_PURPOSE: Final = 500
MAX_HISTORY_DAYS: Final = 3_650
MAX_RETENTION_DAYS: Final = 3_650
MAX_ADDED_AT_ONCE: Final = 500
MAX_PAGE: Final = 200
TRACE_PERIOD: Final = timedelta(days=30)
SEND_BURST: Final = 4_000
SEND_PER_S: Final = 2_000
MEMBERS_A_MESSAGE: Final = 250
CHANGE_BURST: Final = 60
CHANGE_PER_S: Final = 5
# What clients may name as a place: the largest number that JavaScript counts exactly. No column is smaller.
Number = Annotated[int, msgspec.Meta(ge=0, le=2**53 - 1)]

LIMITS = (
    Limit("messages.text_characters", MAX_TEXT, "characters", "Longer texts are documents; attach them."),
    Limit("conversations.title_characters", MAX_TITLE, "characters", "A name must fit in a list."),
    Limit("conversations.purpose_characters", MAX_PURPOSE, "characters", "One or two sentences."),
    Limit("conversations.history_days", MAX_HISTORY_DAYS, "days", "Ten years; choose everything for more."),
    Limit(
        "conversations.retention_days", MAX_RETENTION_DAYS, "days", "Ten years; choose no period for more."
    ),
    Limit("conversations.added_at_once", MAX_ADDED_AT_ONCE, "people", "One transaction stays short."),
    Limit("conversations.page", MAX_PAGE, "entries", "One answer stays small enough for a slow telephone."),
    Limit("messages.trace_days", TRACE_PERIOD.days, "days", "How long a removed text can still be examined."),
    Limit("messages.send_burst", SEND_BURST, "messages", "A full outbox empties at once."),
    Limit(
        "messages.send_per_s",
        SEND_PER_S,
        "messages a second",
        "Busy bots pass, runaway loops do not.",
        per="a person",
    ),
    Limit(
        "messages.members_a_message",
        MEMBERS_A_MESSAGE,
        "members",
        "In a room of ten thousand a message counts as forty: so much more work it is.",
    ),
    Limit(
        "messages.change_burst",
        CHANGE_BURST,
        "edits and removals",
        "Tidying up after a mistake goes through at once.",
    ),
    Limit(
        "messages.change_per_s",
        CHANGE_PER_S,
        "edits and removals a second",
        "Each costs a transaction of its own and goes out to everybody in the room.",
        per="a person",
    ),
)


class Kind(IntEnum):
    """Stored number of each kind of conversation; final once released."""

    DIRECT = 1
    GROUP = 2
    CHANNEL = 3
    ANNOUNCEMENT = 4


class MemberRole(IntEnum):
    """Standing inside one conversation; final once released.

    A deputy acts for the owner and follows them; a poster may write where not everybody does.
    """

    MEMBER = 1
    OWNER = 2
    DEPUTY = 3
    POSTER = 4


class History(IntEnum):
    """What somebody who joins later may read; final once released."""

    ALL = 1
    SINCE_JOINING = 2
    DAYS = 3


HISTORY_NAMES = {History.ALL: "all", History.SINCE_JOINING: "since_joining", History.DAYS: "days"}


@dataclass(frozen=True, slots=True)
class HistoryPolicy:
    """History for new members; ``days`` is 0 unless the policy counts days."""

    policy: History
    days: int = 0

    def check(self) -> None:
        """Raise HistoryDaysInvalid when days are missing or out of range."""
        if self.policy is History.DAYS and not 1 <= self.days <= MAX_HISTORY_DAYS:
            raise HistoryDaysInvalid(limit=MAX_HISTORY_DAYS)


@dataclass(frozen=True, slots=True)
class Member:
    """One active member. ``visible_from`` is the first event they may see."""

    conversation_id: ConversationId
    user_id: UserId
    role: MemberRole
    visible_from: Seq
    joined_seq: Seq
    joined_at: datetime
    read_seq: Seq
    read_no: int


def direct_id(org_id: OrgId, one: UserId, other: UserId) -> ConversationId:
    """The id of the conversation between two people: whoever begins, creating twice meets itself."""
    first, second = sorted((one.bytes, other.bytes))
    return ConversationId(uuid8(b"amana/direct/v1" + org_id.bytes + first + second))


def group_id(org_id: OrgId, creator: UserId, client_id: ClientId) -> ConversationId:
    """The id of the group that ``creator`` made with this retry key: a retry meets its original."""
    return ConversationId(uuid8(b"amana/group/v1" + org_id.bytes + creator.bytes + client_id.bytes))


def check_retention(days: int | None) -> int | None:
    """Give the days; raises RetentionInvalid when they are out of range."""
    if days is not None and not 1 <= days <= MAX_RETENTION_DAYS:
        raise RetentionInvalid(limit=MAX_RETENTION_DAYS)
    return days


def uuid8(source: bytes) -> UUID:
    """A UUIDv8 (RFC 9562 §5.8) from a SHA-256."""
    number = int.from_bytes(hashlib.sha256(source).digest()[:16], "big")
    number &= ~(0xF << 76) & ~(0b11 << 62)
    return UUID(int=number | 0x8 << 76 | 0b10 << 62)


def check_text(text: str, *, field: str, limit: int) -> str:
    """Give ``text`` with plain line breaks.

    Raises:
        TextTooLong: more than ``limit`` characters.
        TextInvalid: NUL or half a surrogate pair: no database and no client would give it back as it was.
    """
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if len(text) > limit:
        raise TextTooLong(field=field, limit=limit, length=len(text))
    if "\x00" in text:
        raise TextInvalid(field=field)
    try:
        text.encode()
    except UnicodeEncodeError:
        raise TextInvalid(field=field) from None
    return text


def check_title(title: str) -> str:
    """Give the trimmed title, on one line; raises TitleRequired, TextTooLong, TextInvalid."""
    title = " ".join(check_text(title, field="title", limit=MAX_TITLE).split())
    if not title:
        raise TitleRequired
    return title


def check_purpose(purpose: str) -> str:
    """Give the trimmed purpose; raises PurposeRequired, TextTooLong, TextInvalid."""
    purpose = check_text(purpose, field="purpose", limit=MAX_PURPOSE).strip()
    if not purpose:
        raise PurposeRequired
    return purpose

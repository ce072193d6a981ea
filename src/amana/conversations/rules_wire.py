"""The rules of a room on the wire: as clients see them, and as they ask for others."""

from dataclasses import replace
from datetime import datetime
from enum import IntEnum
from typing import Annotated, Literal, TypeVar

import msgspec
from msgspec import UNSET, UnsetType

from amana.conversations.rules import (
    Joining,
    MentionAll,
    Posting,
    Receipts,
    Removal,
    RoomRules,
    Threads,
)
from amana.kernel.clock import from_unix_ms, unix_ms

# Until the year 9999, where dates end.
Milliseconds = Annotated[int, msgspec.Meta(ge=0, le=253_402_300_799_000)]

T = TypeVar("T")
E = TypeVar("E", bound=IntEnum)


class RulesBody(msgspec.Struct, frozen=True, kw_only=True):
    """The rules of a room as clients see them; history and retention stand beside them.

    Attributes:
        edit_window_s: seconds after sending in which an author may edit; null: always, 0: never.
        ends_at: when the room closes by itself, Unix milliseconds; null: never.
    """

    posting: str
    threads: str
    edit_window_s: int | None
    removal: str
    receipts: str
    mention_all: str
    forwarding: bool
    joining: str
    ends_at: int | None


def rules_body(rules: RoomRules) -> RulesBody:
    """The rules as clients see them."""
    return RulesBody(
        posting=rules.posting.name.lower(),
        threads=rules.threads.name.lower(),
        edit_window_s=rules.edit_window_s,
        removal=rules.removal.name.lower(),
        receipts=rules.receipts.name.lower(),
        mention_all=rules.mention_all.name.lower(),
        forwarding=rules.forwarding,
        joining=rules.joining.name.lower(),
        ends_at=None if rules.ends_at is None else unix_ms(rules.ends_at),
    )


class RulesWanted(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Rules somebody asks for; what is left out stays. Names and units are those of the answer."""

    posting: Literal["all", "posters"] | UnsetType = UNSET
    threads: Literal["quotes", "threads"] | UnsetType = UNSET
    edit_window_s: int | UnsetType | None = UNSET
    removal: Literal["author", "author_and_owners", "owners"] | UnsetType = UNSET
    receipts: Literal["off", "count", "named"] | UnsetType = UNSET
    mention_all: Literal["all", "owners"] | UnsetType = UNSET
    forwarding: bool | UnsetType = UNSET
    joining: Literal["closed", "approval", "open"] | UnsetType = UNSET
    ends_at: Milliseconds | UnsetType | None = UNSET


def changed_rules(rules: RoomRules, wanted: RulesWanted) -> RoomRules:
    """The rules with what somebody asks for; ``RoomRules.check`` says whether it can be had."""
    return replace(
        rules,
        posting=_choice(Posting, wanted.posting, rules.posting),
        threads=_choice(Threads, wanted.threads, rules.threads),
        edit_window_s=_kept(wanted.edit_window_s, rules.edit_window_s),
        removal=_choice(Removal, wanted.removal, rules.removal),
        receipts=_choice(Receipts, wanted.receipts, rules.receipts),
        mention_all=_choice(MentionAll, wanted.mention_all, rules.mention_all),
        forwarding=_kept(wanted.forwarding, rules.forwarding),
        joining=_choice(Joining, wanted.joining, rules.joining),
        ends_at=_moment(wanted.ends_at, rules.ends_at),
    )


def _kept(wanted: T | UnsetType, current: T) -> T:
    return current if isinstance(wanted, UnsetType) else wanted


def _choice(choices: type[E], wanted: str | UnsetType, current: E) -> E:
    return current if isinstance(wanted, UnsetType) else choices[wanted.upper()]


def _moment(wanted: int | UnsetType | None, current: datetime | None) -> datetime | None:
    if isinstance(wanted, UnsetType):
        return current
    return None if wanted is None else from_unix_ms(wanted)

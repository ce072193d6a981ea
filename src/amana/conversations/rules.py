"""The rules of one room: what its owner chooses, and what follows from it for everybody. Pure.

Whoever offers something in a room (sending, editing, removing, receipts, mentions, forwarding, coming in)
asks here. Two rules hold in the database as well, because they are asked for every message: who may write,
and that nobody writes where a room is closed (``post_messages``).
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum
from functools import partial
from typing import Final

from amana.conversations.errors import (
    EditWindowInvalid,
    EndDateInvalid,
    RuleFixed,
)
from amana.conversations.model import History, HistoryPolicy, Kind, MemberRole, check_retention

MAX_EDIT_WINDOW_S: Final = 365 * 86_400
MAX_UNTIL_END: Final = timedelta(days=3_650)


class Posting(IntEnum):
    """Who writes; final once released."""

    ALL = 1
    POSTERS = 2


class Threads(IntEnum):
    """How answers are shown: as quotes in the stream, or in a thread of their own; final once released."""

    QUOTES = 1
    THREADS = 2


class Removal(IntEnum):
    """Who takes messages away; final once released. Owners are the owner, deputies and administrators."""

    AUTHOR = 1
    AUTHOR_AND_OWNERS = 2
    OWNERS = 3


class Receipts(IntEnum):
    """What is shown of who has read; final once released."""

    OFF = 1
    COUNT = 2
    NAMED = 3


class MentionAll(IntEnum):
    """Who may call everybody at once; final once released."""

    ALL = 1
    OWNERS = 2


class Joining(IntEnum):
    """How people come in who were not added: not at all, by asking, or at will; final once released."""

    CLOSED = 1
    APPROVAL = 2
    OPEN = 3


@dataclass(frozen=True, slots=True)
class RoomRules:
    """Everything that can be chosen for one room.

    Attributes:
        edit_window_s: how long after sending an author may edit; None: always, 0: never.
        forwarding: whether messages of this room may be forwarded to another one.
        retention_days: after how many days messages are erased; None: when somebody removes them.
        ends_at: when the room closes by itself; None: never.
    """

    posting: Posting = Posting.ALL
    threads: Threads = Threads.QUOTES
    edit_window_s: int | None = None
    removal: Removal = Removal.AUTHOR_AND_OWNERS
    receipts: Receipts = Receipts.NAMED
    mention_all: MentionAll = MentionAll.ALL
    forwarding: bool = True
    history: HistoryPolicy = field(default_factory=partial(HistoryPolicy, History.SINCE_JOINING))
    retention_days: int | None = None
    joining: Joining = Joining.CLOSED
    ends_at: datetime | None = None

    def check(self, kind: Kind, *, now: datetime, before: "RoomRules | None" = None) -> None:
        """Refuse what cannot be chosen.

        Args:
            before: the rules that held until now: an end date that is over may stay as it is.

        Raises:
            RuleFixed: in an announcement room only posters write, whatever else is chosen.
            EditWindowInvalid, EndDateInvalid, HistoryDaysInvalid, RetentionInvalid
        """
        if kind is Kind.ANNOUNCEMENT and self.posting is not Posting.POSTERS:
            raise RuleFixed(field="posting")
        if self.edit_window_s is not None and not 0 <= self.edit_window_s <= MAX_EDIT_WINDOW_S:
            raise EditWindowInvalid(limit=MAX_EDIT_WINDOW_S)
        self.history.check()
        check_retention(self.retention_days)
        if self.ends_at is None or (before is not None and before.ends_at == self.ends_at):
            return
        if not now < self.ends_at <= now + MAX_UNTIL_END:
            raise EndDateInvalid(limit=MAX_UNTIL_END.days)


# Between two people nothing is chosen: whoever wrote it takes it away.
_DEFAULTS: Final = {
    Kind.DIRECT: RoomRules(removal=Removal.AUTHOR, history=HistoryPolicy(History.ALL)),
    Kind.GROUP: RoomRules(),
    Kind.CHANNEL: RoomRules(
        threads=Threads.THREADS,
        receipts=Receipts.COUNT,
        mention_all=MentionAll.OWNERS,
        history=HistoryPolicy(History.ALL),
    ),
    Kind.ANNOUNCEMENT: RoomRules(
        posting=Posting.POSTERS,
        receipts=Receipts.COUNT,
        mention_all=MentionAll.OWNERS,
        history=HistoryPolicy(History.ALL),
    ),
}
OWNERS: Final = frozenset({MemberRole.OWNER, MemberRole.DEPUTY})
POSTERS: Final = OWNERS | {MemberRole.POSTER}


def default_rules(kind: Kind) -> RoomRules:
    """What holds in a new room until its owner chooses otherwise; in a direct conversation for ever."""
    return _DEFAULTS[kind]


def may_post(rules: RoomRules, standing: MemberRole) -> bool:
    """Whether a member of this standing writes here; ``post_messages`` says the same."""
    return rules.posting is Posting.ALL or standing in POSTERS


def may_edit(rules: RoomRules, *, is_author: bool, sent_at: datetime, now: datetime) -> bool:
    """Whether a message may still be edited: by its author, while the window is open."""
    if not is_author:
        return False
    return rules.edit_window_s is None or now - sent_at < timedelta(seconds=rules.edit_window_s)


def may_remove(rules: RoomRules, *, is_author: bool, governs: bool) -> bool:
    """Whether somebody may take a message away.

    Args:
        governs: may remove what others wrote, by their standing (``message.remove_any``).
    """
    match rules.removal:
        case Removal.AUTHOR:
            return is_author
        case Removal.AUTHOR_AND_OWNERS:
            return is_author or governs
        case Removal.OWNERS:
            return governs


def may_mention_all(rules: RoomRules, standing: MemberRole) -> bool:
    """Whether a member of this standing may call everybody at once."""
    return rules.mention_all is MentionAll.ALL or standing in OWNERS

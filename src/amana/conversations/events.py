"""What the conversations domain writes into the logs: numbers, names and payloads.

Numbers are final once released. Payloads are the sealed content of an event exactly as clients get it.
"""

from typing import Final
from uuid import UUID

import msgspec

from amana.conversations.forwarding.events import Forwarded
from amana.conversations.joining.events import USER_KINDS as JOINING_KINDS
from amana.conversations.mentions.model import Naming
from amana.conversations.messages.formatting import Block
from amana.conversations.model import HISTORY_NAMES, HistoryPolicy
from amana.conversations.pins.events import MessagePinned, MessageUnpinned
from amana.conversations.polls.events import PollEnded, PollVoted
from amana.conversations.polls.model import Poll
from amana.conversations.private.events import USER_KINDS as PRIVATE_KINDS
from amana.conversations.reactions.events import ReactionAdded, ReactionRemoved
from amana.conversations.rules_wire import RulesBody
from amana.conversations.scheduling.events import SCHEDULE_CHANGED, ScheduleChanged
from amana.kernel.feature import EventKind

CONVERSATION_CREATED: Final = 1
CONVERSATION_CHANGED: Final = 2
MEMBER_ADDED: Final = 3
MEMBER_REMOVED: Final = 4
OWNER_CHANGED: Final = 5
MEMBER_CHANGED: Final = 6
CONVERSATION_CLOSED: Final = 7
CONVERSATION_REOPENED: Final = 8
MESSAGE_CREATED: Final = 10
MESSAGE_EDITED: Final = 11
MESSAGE_REMOVED: Final = 12
MESSAGES_ERASED: Final = 13
REACTION_ADDED: Final = 14
REACTION_REMOVED: Final = 15
MESSAGE_PINNED: Final = 16
MESSAGE_UNPINNED: Final = 17
POLL_VOTED: Final = 20
POLL_CLOSED: Final = 21

# These stand beside one message.
MARKS: Final = frozenset(
    {REACTION_ADDED, REACTION_REMOVED, MESSAGE_PINNED, MESSAGE_UNPINNED, POLL_VOTED, POLL_CLOSED}
)
# These change or mark one message, and say which.
CHANGES: Final = frozenset({MESSAGE_EDITED, MESSAGE_REMOVED}) | MARKS
# These change messages and are no entries themselves.
NO_ENTRIES: Final = CHANGES | {MESSAGES_ERASED}
# What somebody wrote.
WITH_TEXT: Final = frozenset({MESSAGE_CREATED, MESSAGE_EDITED})
# What somebody wrote or chose: it ends with them.
PERSONAL: Final = WITH_TEXT | {REACTION_ADDED, POLL_VOTED}

# In a person's own log. Body: ids and numbers only, stored in the clear.
CONVERSATION_JOINED: Final = 1
CONVERSATION_LEFT: Final = 2
READ_MOVED: Final = 3
MENTIONED: Final = 4
THREAD_MOVED: Final = 5


class HistoryBody(msgspec.Struct, frozen=True):
    """What those who join later may read."""

    policy: str
    days: int | None


def history_body(history: HistoryPolicy) -> HistoryBody:
    """The policy as clients see it."""
    return HistoryBody(policy=HISTORY_NAMES[history.policy], days=history.days or None)


class ConversationCreated(msgspec.Struct, frozen=True, kw_only=True):
    """The first event. ``member_ids`` are those who are in from the start; a group's owner is its creator.

    Rooms of the first release have no ``rules`` in here.
    """

    by: UUID
    kind: str
    title: str | None
    purpose: str | None
    owner_id: UUID | None
    history: HistoryBody
    member_ids: list[UUID]
    rules: RulesBody | None = None


class ConversationChanged(msgspec.Struct, frozen=True, kw_only=True):
    """New title, purpose, retention, history and rules, all in full, and which of them ``changed``.

    ``retention_days`` null: messages stay until somebody removes them. The first release wrote no
    ``history`` and no ``rules``: what is null or not there stays as it was.
    """

    by: UUID
    title: str
    purpose: str
    retention_days: int | None
    changed: list[str]
    history: HistoryBody | None = None
    rules: RulesBody | None = None


class MemberAdded(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody came in and may read from ``visible_from`` on."""

    user_id: UUID
    by: UUID
    role: str
    visible_from: int


class MemberRemoved(msgspec.Struct, frozen=True, kw_only=True):
    """``by`` equals ``user_id`` when somebody left."""

    user_id: UUID
    by: UUID


class OwnerChanged(msgspec.Struct, frozen=True, kw_only=True):
    """The room is handed over; the one before stays as an ordinary member.

    The new owner may be somebody of the organisation who is not in the room and reads nothing of it.
    """

    owner_id: UUID
    previous_id: UUID | None
    by: UUID


class MemberChanged(msgspec.Struct, frozen=True, kw_only=True):
    """A member's standing is another one now: ``member``, ``deputy`` or ``poster``."""

    user_id: UUID
    by: UUID
    role: str
    previous: str


class ConversationClosed(msgspec.Struct, frozen=True, kw_only=True):
    """Nobody writes any more, members read on. ``reason`` is ``closed``, ``archived`` or ``ended``."""

    by: UUID
    reason: str


class ConversationReopened(msgspec.Struct, frozen=True, kw_only=True):
    """People write again; ``ends_at`` (Unix milliseconds or null) is the end date from now on."""

    by: UUID
    ends_at: int | None


class ReplyTo(msgspec.Struct, frozen=True):
    """Only the place: a copy of the answered text would survive its removal."""

    seq: int


class MessageCreated(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What somebody wrote, as typed and as formatted; without `spans` it is one plain paragraph.

    ``thread`` is the message under which it stands; then it does not count as unread. ``everyone``: all
    members are called. ``silent``: no device makes a sound for it. ``poll``: it can be voted on.
    """

    text: str
    spans: list[Block] = msgspec.field(default_factory=list)
    reply_to: ReplyTo | None = None
    thread: int | None = None
    mentions: list[Naming] = msgspec.field(default_factory=list)
    everyone: bool = False
    silent: bool = False
    forwarded: Forwarded | None = None
    poll: Poll | None = None


class MessageEdited(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The whole new content of ``target``, said to all members, also those who may not see ``target``.

    What was answered stays, and so does the thread. The place is said in here as well because a seal does
    not cover the row's ``target_seq``.
    """

    target: int
    text: str
    spans: list[Block]
    reply_to: ReplyTo | None = None
    thread: int | None = None
    mentions: list[Naming] = msgspec.field(default_factory=list)
    everyone: bool = False


class MessageRemoved(msgspec.Struct, frozen=True, kw_only=True):
    """Message ``target`` is not to be read any more."""

    target: int
    by: UUID


class MessagesErased(msgspec.Struct, frozen=True, kw_only=True):
    """The messages of these places, both ends included, can never be read again, in no wording.

    Only messages: what else happened at a place in a range stays. ``reason`` is ``retention`` or ``erasure``.
    """

    ranges: list[tuple[int, int]]
    reason: str


class ConversationJoined(msgspec.Struct, frozen=True, kw_only=True):
    """A conversation appears in the person's list."""

    visible_from: int


class ConversationLeft(msgspec.Struct, frozen=True, kw_only=True):
    """A conversation disappears from the person's list."""

    by: UUID


class ReadMoved(msgspec.Struct, frozen=True, kw_only=True):
    """The person has read further, on one of their devices."""

    read_no: int


class Mentioned(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The person is named in message ``seq``, or no longer.

    ``at`` is the event that named them: unread until they have read that far. ``everyone``: as one of all.
    ``again``: they were told before. ``gone``: the name, or the message, was taken away.
    """

    at: int
    thread: int | None = None
    everyone: bool = False
    again: bool = False
    gone: bool = False


class ThreadMoved(msgspec.Struct, frozen=True, kw_only=True):
    """How the person stands to the thread under message ``seq``: follows it, has read ``read_no`` answers.

    ``after`` is the newest event when it was said: an own answer after it follows the thread again.
    """

    following: bool
    read_seq: int
    read_no: int
    after: int


KINDS = (
    EventKind(CONVERSATION_CREATED, "conversation.created", False, ConversationCreated),
    EventKind(CONVERSATION_CHANGED, "conversation.changed", False, ConversationChanged),
    EventKind(MEMBER_ADDED, "member.added", False, MemberAdded),
    EventKind(MEMBER_REMOVED, "member.removed", False, MemberRemoved),
    EventKind(OWNER_CHANGED, "owner.changed", False, OwnerChanged),
    EventKind(MEMBER_CHANGED, "member.changed", False, MemberChanged),
    EventKind(CONVERSATION_CLOSED, "conversation.closed", False, ConversationClosed),
    EventKind(CONVERSATION_REOPENED, "conversation.reopened", False, ConversationReopened),
    EventKind(MESSAGE_CREATED, "message.created", True, MessageCreated),
    EventKind(MESSAGE_EDITED, "message.edited", False, MessageEdited),
    EventKind(MESSAGE_REMOVED, "message.removed", False, MessageRemoved),
    EventKind(MESSAGES_ERASED, "messages.erased", False, MessagesErased),
    EventKind(REACTION_ADDED, "reaction.added", False, ReactionAdded),
    EventKind(REACTION_REMOVED, "reaction.removed", False, ReactionRemoved),
    EventKind(MESSAGE_PINNED, "message.pinned", False, MessagePinned),
    EventKind(MESSAGE_UNPINNED, "message.unpinned", False, MessageUnpinned),
    EventKind(POLL_VOTED, "poll.voted", False, PollVoted),
    EventKind(POLL_CLOSED, "poll.closed", False, PollEnded),
)

USER_KINDS = (
    EventKind(CONVERSATION_JOINED, "conversation.joined", False, ConversationJoined),
    EventKind(CONVERSATION_LEFT, "conversation.left", False, ConversationLeft),
    EventKind(READ_MOVED, "read.moved", False, ReadMoved),
    *PRIVATE_KINDS,
    EventKind(MENTIONED, "mentioned", False, Mentioned),
    EventKind(THREAD_MOVED, "thread.moved", False, ThreadMoved),
    EventKind(SCHEDULE_CHANGED, "schedule.changed", False, ScheduleChanged),
    *JOINING_KINDS,
)

NAMES = {kind.number: kind.name for kind in KINDS}
USER_NAMES = {kind.number: kind.name for kind in USER_KINDS}

_encoder = msgspec.json.Encoder()


def encode(payload: msgspec.Struct) -> bytes:
    """The bytes that are sealed, stored and later spliced into every frame and answer."""
    return _encoder.encode(payload)

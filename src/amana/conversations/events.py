"""What the conversations domain writes into the logs: numbers, names and payloads.

Numbers are final once released. Payloads are the sealed content of an event exactly as clients get it.
"""

from typing import Final
from uuid import UUID

import msgspec

from amana.conversations.messages.formatting import Block
from amana.conversations.model import HISTORY_NAMES, HistoryPolicy
from amana.kernel.feature import EventKind

CONVERSATION_CREATED: Final = 1
CONVERSATION_CHANGED: Final = 2
MEMBER_ADDED: Final = 3
MEMBER_REMOVED: Final = 4
OWNER_CHANGED: Final = 5
MESSAGE_CREATED: Final = 10
MESSAGE_EDITED: Final = 11
MESSAGE_REMOVED: Final = 12
MESSAGES_ERASED: Final = 13

# These change one message, and say which.
CHANGES: Final = frozenset({MESSAGE_EDITED, MESSAGE_REMOVED})
# These change messages and are no entries themselves.
NO_ENTRIES: Final = CHANGES | {MESSAGES_ERASED}
# What somebody wrote.
WITH_TEXT: Final = frozenset({MESSAGE_CREATED, MESSAGE_EDITED})

# In a person's own log. Body: ids and numbers only, stored in the clear.
CONVERSATION_JOINED: Final = 1
CONVERSATION_LEFT: Final = 2
READ_MOVED: Final = 3


class HistoryBody(msgspec.Struct, frozen=True):
    """What those who join later may read."""

    policy: str
    days: int | None


def history_body(history: HistoryPolicy) -> HistoryBody:
    """The policy as clients see it."""
    return HistoryBody(policy=HISTORY_NAMES[history.policy], days=history.days or None)


class ConversationCreated(msgspec.Struct, frozen=True, kw_only=True):
    """The first event. ``member_ids`` are those who are in from the start; a group's owner is its creator."""

    by: UUID
    kind: str
    title: str | None
    purpose: str | None
    owner_id: UUID | None
    history: HistoryBody
    member_ids: list[UUID]


class ConversationChanged(msgspec.Struct, frozen=True, kw_only=True):
    """New title, purpose and retention, all in full, and which of them ``changed``.

    ``retention_days`` null: messages stay until somebody removes them.
    """

    by: UUID
    title: str
    purpose: str
    retention_days: int | None
    changed: list[str]


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
    """The group is handed over; the one before stays a member."""

    owner_id: UUID
    previous_id: UUID | None
    by: UUID


class ReplyTo(msgspec.Struct, frozen=True):
    """Only the place: a copy of the answered text would survive its removal."""

    seq: int


class MessageCreated(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What somebody wrote, as typed and as formatted; without `spans` it is one plain paragraph."""

    text: str
    spans: list[Block] = msgspec.field(default_factory=list)
    reply_to: ReplyTo | None = None


class MessageEdited(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The whole new content of ``target``, said to all members, also those who may not see ``target``.

    What was answered stays. The place is said in here as well because a seal does not cover the row's
    ``target_seq``.
    """

    target: int
    text: str
    spans: list[Block]
    reply_to: ReplyTo | None = None


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


KINDS = (
    EventKind(CONVERSATION_CREATED, "conversation.created", False, ConversationCreated),
    EventKind(CONVERSATION_CHANGED, "conversation.changed", False, ConversationChanged),
    EventKind(MEMBER_ADDED, "member.added", False, MemberAdded),
    EventKind(MEMBER_REMOVED, "member.removed", False, MemberRemoved),
    EventKind(OWNER_CHANGED, "owner.changed", False, OwnerChanged),
    EventKind(MESSAGE_CREATED, "message.created", True, MessageCreated),
    EventKind(MESSAGE_EDITED, "message.edited", False, MessageEdited),
    EventKind(MESSAGE_REMOVED, "message.removed", False, MessageRemoved),
    EventKind(MESSAGES_ERASED, "messages.erased", False, MessagesErased),
)

USER_KINDS = (
    EventKind(CONVERSATION_JOINED, "conversation.joined", False, ConversationJoined),
    EventKind(CONVERSATION_LEFT, "conversation.left", False, ConversationLeft),
    EventKind(READ_MOVED, "read.moved", False, ReadMoved),
)

NAMES = {kind.number: kind.name for kind in KINDS}
USER_NAMES = {kind.number: kind.name for kind in USER_KINDS}

_encoder = msgspec.json.Encoder()


def encode(payload: msgspec.Struct) -> bytes:
    """The bytes that are sealed, stored and later spliced into every frame and answer."""
    return _encoder.encode(payload)

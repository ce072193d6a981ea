"""One conversation as it is stored, and whether anybody may write in it."""

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum

from amana.conversations.errors import ConversationClosed, PostingNotAllowed
from amana.conversations.model import HistoryPolicy, Kind, MemberRole
from amana.conversations.rules import RoomRules, may_post
from amana.kernel.ids import ConversationId, OrgId, UserId


class ClosedBecause(IntEnum):
    """Why nobody writes any more; final once released.

    A closed room is over for its owner, an archived one for the organisation, and an ended one by its date.
    """

    CLOSED = 1
    ARCHIVED = 2
    ENDED = 3


@dataclass(frozen=True, slots=True)
class Closed:
    """That a conversation is closed: members read on, nobody writes and nobody comes in."""

    at: datetime
    by: UserId
    because: ClosedBecause


@dataclass(frozen=True, slots=True)
class Conversation:
    """One conversation as stored; title and purpose are still sealed.

    Attributes:
        owner_id: None between two people. It may be somebody of the organisation who is not in the room,
            where nobody in it could follow its last owner.
        closed: None while people write in it.
    """

    org_id: OrgId
    conversation_id: ConversationId
    kind: Kind
    title: bytes | None
    purpose: bytes | None
    owner_id: UserId | None
    members_count: int
    created_at: datetime
    rules: RoomRules
    closed: Closed | None = None

    @property
    def history(self) -> HistoryPolicy:
        """What those who join later may read."""
        return self.rules.history

    @property
    def retention_days(self) -> int | None:
        """How long messages stay; None where that is until somebody removes them."""
        return self.rules.retention_days


def require_open(conversation: Conversation) -> None:
    """Raise ConversationClosed where nobody writes any more."""
    if conversation.closed is not None:
        raise ConversationClosed


def require_may_post(conversation: Conversation, standing: MemberRole) -> None:
    """Raise unless a member of this standing may write now: what ``post_messages`` asks for plain words.

    Raises:
        ConversationClosed, PostingNotAllowed
    """
    require_open(conversation)
    if not may_post(conversation.rules, standing):
        raise PostingNotAllowed

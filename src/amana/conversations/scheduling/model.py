"""What waits to be said, and the pure rules about it."""

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Final
from uuid import UUID

from amana.conversations.model import uuid8
from amana.conversations.scheduling.errors import TimeInvalid, UndoTimeInvalid
from amana.conversations.scheduling.recurrence import Repeat
from amana.kernel.clock import unix_ms
from amana.kernel.ids import ClientId, ConversationId, DeviceId, OrgId, Seq, UserId, uuid7
from amana.kernel.limits import Limit
from amana.vault.model import Address

MAX_UNDO_S: Final = 10
MAX_AHEAD: Final = timedelta(days=730)
MAX_WAITING: Final = 500
# What was taken back or sent is remembered as long as its retry key is good for anything.
REMEMBERED: Final = timedelta(days=181)

# Kinds of job: a message that is due, and what somebody left behind who is gone from a room.
DUE_JOB: Final = "message.due"
HEIRS_JOB: Final = "message.heirs"

LIMITS = (
    Limit(
        "messages.undo_seconds", MAX_UNDO_S, "seconds", "Long enough to notice, short enough for a dialogue."
    ),
    Limit(
        "messages.scheduled_ahead_days", MAX_AHEAD.days, "days", "Two years; what is later is a calendar's."
    ),
    Limit("messages.scheduled", MAX_WAITING, "messages", "Waiting for one person at a time."),
)


class Kind(IntEnum):
    """Why it waits; final once released."""

    HELD = 1
    """For some seconds, so that its author can take it back."""
    ONCE = 2
    RECURRING = 3


class State(IntEnum):
    """How far it is; final once released."""

    WAITING = 1
    SENT = 2
    CANCELLED = 3
    FAILED = 4
    """Could not be said; ``reason`` says why. The text is kept for its author."""


@dataclass(frozen=True, slots=True)
class Scheduled:
    """One message that is to be said later, still sealed.

    Attributes:
        owner_id: in whose name it is said, and who sees it until then.
        client_id: the retry key it was made with; a held message is said under it.
        due: the next time; None when it is never said again.
        repeat: how it recurs; None unless it does.
        body: None when there is nothing to say any more.
        reason: code of the refusal that ended it.
    """

    org_id: OrgId
    conversation_id: ConversationId
    schedule_id: UUID
    kind: Kind
    state: State
    owner_id: UserId
    created_by: UserId
    device_id: DeviceId
    client_id: ClientId
    due: datetime | None
    repeat: Repeat | None
    revision: int
    body: bytes | None
    sent_count: int
    last_seq: Seq | None
    reason: str | None
    created_at: datetime
    ended_at: datetime | None = None

    @property
    def address(self) -> Address:
        """What the sealed text is bound to: owner and wording among it."""
        return Address(
            self.org_id,
            self.conversation_id,
            self.owner_id,
            self.device_id,
            ClientId(self.schedule_id),
            self.revision,
        )

    @property
    def when(self) -> datetime:
        """When it is due, of what waits."""
        if self.due is None:
            raise ValueError("It is never said again.")
        return self.due

    def ended(self, state: State, now: datetime, *, reason: str | None = None) -> "Scheduled":
        """The same without its text, at its end: kept for retries to meet."""
        return replace(self, state=state, body=None, due=None, reason=reason, ended_at=now)

    def failed(self, reason: str) -> "Scheduled":
        """The same when it could not be said; its author still finds the text."""
        return replace(self, state=State.FAILED, due=None, reason=reason)


def schedule_id_of(
    org_id: OrgId, conversation_id: ConversationId, user_id: UserId, client_id: ClientId
) -> UUID:
    """The id of what somebody made with this retry key: a retry meets its original. A UUIDv8."""
    source = b"amana/schedule/v1" + org_id.bytes + conversation_id.bytes + user_id.bytes + client_id.bytes
    return uuid8(source)


def heirs_id_of(conversation_id: ConversationId, user_id: UserId) -> UUID:
    """The subject of the job that looks after what somebody left behind in a room."""
    return uuid8(b"amana/heirs/v1" + conversation_id.bytes + user_id.bytes)


def occurrence_id(schedule_id: UUID, due: datetime) -> ClientId:
    """The retry key of one occurrence: whoever tries to say it, however often, it is said once.

    A UUIDv7 of the time it is due, so that its month is one that the log searches and has a partition for;
    the rest of its bits are a hash of schedule and time.
    """
    due_ms = unix_ms(due)
    source = b"amana/occurrence/v1" + schedule_id.bytes + due_ms.to_bytes(8, "big")
    return ClientId(uuid7(due_ms, hashlib.sha256(source).digest()[:10]))


def check_undo(undo_s: int) -> timedelta:
    """Raises UndoTimeInvalid."""
    if not 1 <= undo_s <= MAX_UNDO_S:
        raise UndoTimeInvalid(limit=MAX_UNDO_S)
    return timedelta(seconds=undo_s)


def check_time(at: datetime, now: datetime) -> datetime:
    """Raises TimeInvalid unless ``at`` lies ahead, and not too far."""
    if not now < at <= now + MAX_AHEAD:
        raise TimeInvalid(days=MAX_AHEAD.days)
    return at

"""What a follower of a conversation is told: shared by who knows the members and who holds the sockets."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple

from amana.kernel.ids import ConversationId, Seq

# An event's time is fixed before its commit: one that is dated longer ago can be seen by everybody now.
# Longer than a commit can take, plus one digest that was missed.
SETTLED_AFTER = timedelta(seconds=30)


class Subscription(NamedTuple):
    """A conversation that somebody may follow, as of one database snapshot.

    Attributes:
        visible_from: first ``seq`` this person may see.
        members: active members; decides whether passive sockets get full frames.
        last_ts_ms: time of the newest event, Unix milliseconds.
    """

    conversation_id: ConversationId
    seq: Seq
    msg_no: int
    fence: int
    members: int
    visible_from: Seq
    last_ts_ms: int


class Missed(NamedTuple):
    """A conversation and the last event that somebody holds of it."""

    conversation_id: ConversationId
    after: Seq


@dataclass(frozen=True, slots=True)
class RangeBlob:
    """Ready event elements in ``seq`` order, one for each place from ``first`` to ``last``.

    Attributes:
        first: ``seq`` of the first element; larger than ``after + 1`` when something before it is
            left out (not visible to the reader, or ``limited``): the reader gets an explicit gap.
        last: ``seq`` of the last element. Nothing to send: ``last == after`` and no frames.
        limited: more than ``limit`` events were missing: these are only the newest ones.
    """

    first: Seq
    last: Seq
    frames: Sequence[bytes]
    limited: bool

    def after(self, seq: int) -> bytes:
        """The elements after ``seq``, joined by commas."""
        return b",".join(self.frames[max(0, seq + 1 - self.first) :])

"""What a follower of a conversation is told: shared by who knows the members and who holds the sockets."""

from dataclasses import dataclass

from amana.kernel.ids import ConversationId, Seq


@dataclass(frozen=True, slots=True)
class Subscription:
    """A conversation that somebody may follow, as of one database snapshot.

    Attributes:
        visible_from: first ``seq`` this person may see.
        members: active members; decides whether passive sockets get full frames.
    """

    conversation_id: ConversationId
    seq: Seq
    msg_no: int
    fence: int
    members: int
    visible_from: Seq


@dataclass(frozen=True, slots=True)
class RangeBlob:
    """Ready event elements, joined by commas, in ``seq`` order.

    Attributes:
        first: ``seq`` of the first element; larger than ``after + 1`` when something before it is
            left out (not visible to the reader, or ``limited``): the reader gets an explicit gap.
        last: ``seq`` of the last element. Nothing to send: ``last == after`` and an empty blob.
        limited: more than ``limit`` events were missing: these are only the newest ones.
    """

    first: Seq
    last: Seq
    blob: bytes
    limited: bool

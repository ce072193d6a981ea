"""What a room shows of reading. Pure."""

from dataclasses import dataclass
from typing import Final

from amana.conversations.room import Conversation
from amana.conversations.rules import Receipts
from amana.kernel.ids import UserId
from amana.kernel.limits import Limit

# The same as for whole events: up to here everybody hears of everybody.
NAMED_MEMBERS: Final = 256
SUMMED_MEMBERS: Final = 32
DELIVERIES_WAITING: Final = 20_000

LIMITS = (
    Limit(
        "receipts.named_members", NAMED_MEMBERS, "members", "In larger rooms readers are counted when asked."
    ),
    Limit(
        "receipts.summed_members",
        SUMMED_MEMBERS,
        "members",
        "In larger rooms the list does not say what everybody has read.",
    ),
    Limit(
        "receipts.deliveries_waiting",
        DELIVERIES_WAITING,
        "watermarks",
        "They are saved every two seconds; what does not fit is left to the next one.",
    ),
)


@dataclass(frozen=True, slots=True)
class Received:
    """How far one message has come with one person.

    Attributes:
        is_read: False: it has only reached a device.
        at_ms: by when at the latest, in Unix milliseconds; None when nobody noted it.
    """

    user_id: UserId
    is_read: bool
    at_ms: int | None


@dataclass(frozen=True, slots=True)
class MessageReceipts:
    """How far one message has come, as far as the room says.

    Attributes:
        delivered: to how many people it has come, those who read it among them; None: not said.
        people: None where they are only counted, or not even that.
    """

    shown: Receipts
    delivered: int | None = None
    read: int | None = None
    people: tuple[Received, ...] | None = None


@dataclass(frozen=True, slots=True)
class Ticks:
    """Up to where everybody else has got, and read, everything."""

    delivered_to: int
    read_by: int


def shown_in(receipts: Receipts, members_count: int) -> Receipts:
    """What is shown in a room of this size: in large ones nobody is named."""
    if receipts is Receipts.NAMED and members_count > NAMED_MEMBERS:
        return Receipts.COUNT
    return receipts


def is_summed(conversation: Conversation) -> bool:
    """Whether the list says up to where everybody has read."""
    return conversation.rules.receipts is not Receipts.OFF and conversation.members_count <= SUMMED_MEMBERS

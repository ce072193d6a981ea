"""What is forwarded, and what cannot be. Pure."""

from dataclasses import dataclass
from typing import Final

import msgspec

from amana.conversations.forwarding.errors import ForwardingImpossible
from amana.conversations.forwarding.events import Forwarded
from amana.kernel.ids import ClientId, ConversationId, Seq, UserId
from amana.kernel.limits import Limit

MAX_TARGETS: Final = 20

LIMITS = (
    Limit("forwarding.targets", MAX_TARGETS, "chats at once", "News for more people belongs into a room."),
)
# Whatever else a content holds (a poll, a checklist) means something only where it was said.
_CARRIED = frozenset(
    {"target", "text", "spans", "reply_to", "thread", "mentions", "everyone", "silent", "forwarded"}
)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the words of a forwarded message come from.

    Attributes:
        label: what readers of the copy see of it.
    """

    conversation_id: ConversationId
    seq: Seq
    label: Forwarded


@dataclass(frozen=True, slots=True)
class ForwardTo:
    """One place that a message is forwarded to, with the retry key of the copy."""

    conversation_id: ConversationId
    client_id: ClientId


class _Carried(msgspec.Struct):
    text: str = ""
    forwarded: Forwarded | None = None


def carry(
    content: bytes, *, conversation_id: ConversationId, seq: Seq, author_id: UserId, ts_ms: int
) -> tuple[str, Origin]:
    """The text of a message and where it comes from; a copy of a copy names the first author.

    Raises:
        ForwardingImpossible: it is more than its words.
    """
    held = msgspec.json.decode(content)
    if not isinstance(held, dict) or held.keys() - _CARRIED:
        raise ForwardingImpossible
    carried = msgspec.convert(held, _Carried)
    before = carried.forwarded
    label = Forwarded(
        author_id=before.author_id if before else author_id,
        at=before.at if before else ts_ms,
        hops=before.hops + 1 if before else 1,
    )
    return carried.text, Origin(conversation_id, seq, label)

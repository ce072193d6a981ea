"""Where a list over many conversations goes on: time, conversation and message of the last one shown."""

from uuid import UUID

from amana.conversations.errors import CursorInvalid
from amana.kernel.ids import ConversationId, Seq

Cursor = tuple[int, ConversationId, Seq]


def encode(ts: int, conversation_id: UUID, seq: int) -> str:
    """The words that a client gives back as they are."""
    return f"{ts}.{conversation_id.hex}.{seq}"


def decode(words: str | None) -> Cursor | None:
    """The place; None for the beginning. Raises CursorInvalid."""
    if words is None:
        return None
    try:
        ts, room, seq = words.split(".")
        found = (int(ts), ConversationId(UUID(hex=room)), Seq(int(seq)))
    except ValueError:
        raise CursorInvalid from None
    if not (0 <= found[0] < 2**53 and 0 <= found[2] < 2**53):
        raise CursorInvalid
    return found

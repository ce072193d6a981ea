"""What a socket is told of a message that is held back."""

from uuid import UUID

import msgspec

from amana.conversations.scheduling.holding import Held
from amana.kernel.clock import unix_ms
from amana.kernel.ids import ConversationId


class HeldFrame(msgspec.Struct, frozen=True, tag_field="t", tag="held"):
    """My message waits; it can be taken back until then (Unix milliseconds)."""

    c: UUID
    client_id: UUID
    undo_until: int


def held_frame(conversation_id: ConversationId, held: Held) -> bytes:
    """The answer to a ``send`` with ``undo_s``."""
    return msgspec.json.encode(HeldFrame(conversation_id, held.client_id, unix_ms(held.until)))

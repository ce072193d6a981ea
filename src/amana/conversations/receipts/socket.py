"""Delivery and typing on the socket."""

from collections.abc import Awaitable, Mapping
from uuid import UUID

import msgspec

from amana.conversations.model import Number
from amana.conversations.receipts.delivery import Deliveries
from amana.conversations.receipts.typing import Typing
from amana.conversations.socket import Operation, Socket
from amana.kernel.ids import ConversationId


class DeliveredFrame(msgspec.Struct, tag_field="t", tag="delivered"):
    """This device has got everything up to ``seq``; saved within two seconds, never answered."""

    c: UUID
    seq: Number


class TypingFrame(msgspec.Struct, tag_field="t", tag="typing"):
    """I am writing; said again every three seconds or so, never stored."""

    c: UUID


class ReceiptOperations:
    """What devices say without being asked."""

    def __init__(self, deliveries: Deliveries, typing: Typing) -> None:
        self._deliveries = deliveries
        self._typing = typing

    def table(self) -> Mapping[str, Operation]:
        """Frame type → operation."""
        return {
            "delivered": Operation(DeliveredFrame, self.delivered),
            "typing": Operation(TypingFrame, self.typing),
        }

    def delivered(self, socket: Socket, frame: DeliveredFrame) -> None:
        self._deliveries.note(socket.actor, ConversationId(frame.c), frame.seq)

    def typing(self, socket: Socket, frame: TypingFrame) -> Awaitable[None] | None:
        """Nobody waits for it, so what comes too fast is not refused but left out."""
        room = ConversationId(frame.c)
        return self._typing.tell(socket.actor, room) if self._typing.may_ask(socket.actor, room) else None

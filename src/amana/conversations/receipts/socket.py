"""Delivery on the socket."""

from collections.abc import Mapping
from uuid import UUID

import msgspec

from amana.conversations.model import Number
from amana.conversations.receipts.delivery import Deliveries
from amana.conversations.socket import Operation, Socket
from amana.kernel.ids import ConversationId


class DeliveredFrame(msgspec.Struct, tag_field="t", tag="delivered"):
    """This device has got everything up to ``seq``; saved within two seconds, never answered."""

    c: UUID
    seq: Number


class ReceiptOperations:
    """What devices say without being asked."""

    def __init__(self, deliveries: Deliveries) -> None:
        self._deliveries = deliveries

    def table(self) -> Mapping[str, Operation]:
        """Frame type → operation."""
        return {"delivered": Operation(DeliveredFrame, self.delivered)}

    def delivered(self, socket: Socket, frame: DeliveredFrame) -> None:
        self._deliveries.note(socket.actor, ConversationId(frame.c), frame.seq)

"""Reactions on the socket."""

from collections.abc import Mapping
from uuid import UUID

import msgspec

from amana.conversations.messages.sending import Sending
from amana.conversations.model import Number
from amana.conversations.reactions.service import ReactionService
from amana.conversations.socket import Operation, Socket
from amana.kernel.ids import ClientId, ConversationId, Seq
from amana.storage.database import Database
from amana.storage.space import essential


class ReactFrame(msgspec.Struct, tag_field="t", tag="react"):
    """I put ``emoji`` to message ``seq``."""

    c: UUID
    client_id: UUID
    seq: Number
    emoji: str


class UnreactFrame(msgspec.Struct, tag_field="t", tag="unreact"):
    """I take ``emoji`` back from message ``seq``."""

    c: UUID
    client_id: UUID
    seq: Number
    emoji: str


class ReactionOperations:
    """Answered by ``ack`` or ``refused`` like every change."""

    def __init__(self, database: Database, sending: Sending, reactions: ReactionService) -> None:
        self._database = database
        self._sending = sending
        self._reactions = reactions

    def table(self) -> Mapping[str, Operation]:
        """Frame type → operation."""
        return {
            "react": Operation(ReactFrame, self.react),
            "unreact": Operation(UnreactFrame, self.unreact),
        }

    async def react(self, socket: Socket, frame: ReactFrame) -> None:
        self._sending.count_change(socket.actor)
        room, client_id = ConversationId(frame.c), ClientId(frame.client_id)
        async with self._database.write(socket.actor.org_id) as tx:
            place = await self._reactions.add(
                tx, socket.actor, room, Seq(frame.seq), client_id=client_id, emoji=frame.emoji
            )
        socket.settle(room, frame.client_id)(place)

    async def unreact(self, socket: Socket, frame: UnreactFrame) -> None:
        self._sending.count_change(socket.actor)
        room, client_id = ConversationId(frame.c), ClientId(frame.client_id)
        with essential():
            async with self._database.write(socket.actor.org_id) as tx:
                place = await self._reactions.remove(
                    tx, socket.actor, room, Seq(frame.seq), client_id=client_id, emoji=frame.emoji
                )
        socket.settle(room, frame.client_id)(place)

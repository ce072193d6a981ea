"""What clients may send on the socket. The composition root registers these with the gateway."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

import msgspec

from amana.conversations.messages.draft import Draft
from amana.conversations.messages.sending import Sending
from amana.conversations.messages.service import MessageService
from amana.conversations.model import Number
from amana.conversations.reading.service import ReadingService
from amana.events.model import Appended
from amana.kernel.actor import Actor
from amana.kernel.errors import Refusal
from amana.kernel.ids import ClientId, ConversationId, Seq
from amana.storage.database import Database
from amana.storage.space import essential


class SendFrame(msgspec.Struct, tag_field="t", tag="send"):
    """A message; ``reply_to`` is the ``seq`` of the one it answers."""

    c: UUID
    client_id: UUID
    text: str
    reply_to: Number | None = None


class EditFrame(msgspec.Struct, tag_field="t", tag="edit"):
    """The new text of my message ``seq``."""

    c: UUID
    client_id: UUID
    seq: Number
    text: str


class RemoveFrame(msgspec.Struct, tag_field="t", tag="remove"):
    """Message ``seq`` is to go."""

    c: UUID
    client_id: UUID
    seq: Number


class ReadFrame(msgspec.Struct, tag_field="t", tag="read"):
    """I have read up to ``seq``."""

    c: UUID
    seq: Number


class Socket(Protocol):
    """One socket, as much of it as operations need."""

    @property
    def actor(self) -> Actor:
        """Who sends."""

    def settle(
        self, conversation_id: ConversationId, client_id: UUID
    ) -> Callable[[Appended | Refusal], None]:
        """Give the callback that turns an outcome into ``ack`` or ``refused``."""


@dataclass(frozen=True, slots=True)
class Operation:
    """A frame type and what it does; a Refusal raised in ``run`` becomes a ``refused`` element."""

    frame: type[msgspec.Struct]
    run: Callable[..., Awaitable[bytes | None] | None]


class SocketOperations:
    """The four things people do in a conversation that is open in front of them."""

    def __init__(
        self, database: Database, sending: Sending, messages: MessageService, reading: ReadingService
    ) -> None:
        self._database = database
        self._sending = sending
        self._messages = messages
        self._reading = reading
        # Read markers under way: how far each is to go.
        self._markers: dict[tuple[Socket, ConversationId], int] = {}

    def table(self) -> Mapping[str, Operation]:
        """Frame type → operation."""
        return {
            "send": Operation(SendFrame, self.send),
            "edit": Operation(EditFrame, self.edit),
            "remove": Operation(RemoveFrame, self.remove),
            "read": Operation(ReadFrame, self.read),
        }

    def send(self, socket: Socket, frame: SendFrame) -> None:
        """Queue a message. No task and no wait: many may be under way on one socket."""
        conversation_id = ConversationId(frame.c)
        reply_to = None if frame.reply_to is None else Seq(frame.reply_to)
        draft = Draft(conversation_id, ClientId(frame.client_id), frame.text, reply_to)
        self._sending.submit(socket.actor, draft, socket.settle(conversation_id, frame.client_id))

    async def edit(self, socket: Socket, frame: EditFrame) -> None:
        self._sending.count_change(socket.actor)
        conversation_id = ConversationId(frame.c)
        async with self._database.write(socket.actor.org_id) as tx:
            appended = await self._messages.edit(
                tx,
                socket.actor,
                conversation_id,
                Seq(frame.seq),
                client_id=ClientId(frame.client_id),
                text=frame.text,
            )
        socket.settle(conversation_id, frame.client_id)(appended)

    async def remove(self, socket: Socket, frame: RemoveFrame) -> None:
        self._sending.count_change(socket.actor)
        conversation_id = ConversationId(frame.c)
        with essential():
            async with self._database.write(socket.actor.org_id) as tx:
                appended = await self._messages.remove(
                    tx, socket.actor, conversation_id, Seq(frame.seq), client_id=ClientId(frame.client_id)
                )
        socket.settle(conversation_id, frame.client_id)(appended)

    async def read(self, socket: Socket, frame: ReadFrame) -> None:
        """Move the marker. One at a time: what comes meanwhile waits for it, and only the furthest counts."""
        key = (socket, ConversationId(frame.c))
        wanted = self._markers.get(key)
        self._markers[key] = max(frame.seq, wanted or 0)
        if wanted is not None:
            return
        reached = -1
        try:
            while self._markers[key] > reached:
                reached = self._markers[key]
                with essential():
                    async with self._database.write(socket.actor.org_id) as tx:
                        await self._reading.mark_read(tx, socket.actor, key[1], Seq(reached))
        finally:
            del self._markers[key]

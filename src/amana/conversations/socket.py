"""What clients may send on the socket. The composition root registers these with the gateway."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

import msgspec

from amana.conversations.mentions.model import Naming
from amana.conversations.messages.draft import Draft
from amana.conversations.messages.sending import Sending
from amana.conversations.messages.service import MessageService
from amana.conversations.model import Number
from amana.conversations.reading.service import ReadingService
from amana.conversations.scheduling.frames import held_frame
from amana.conversations.scheduling.holding import Held, Holding
from amana.events.model import Appended
from amana.kernel.actor import Actor
from amana.kernel.errors import Refusal
from amana.kernel.ids import ClientId, ConversationId, Seq
from amana.storage.database import Database
from amana.storage.space import essential


class SendFrame(msgspec.Struct, tag_field="t", tag="send"):
    """A message; ``reply_to`` is the ``seq`` of the one it answers, ``thread`` of the one it stands under.

    ``mentions`` are those it names, ``everyone`` calls all: the number of others that the writer was shown.
    ``silent``: no device makes a sound for it. ``undo_s``: it is held back so long and can be taken back.
    """

    c: UUID
    client_id: UUID
    text: str
    reply_to: Number | None = None
    thread: Number | None = None
    mentions: tuple[Naming, ...] = ()
    everyone: Number | None = None
    silent: bool = False
    undo_s: Number | None = None


class EditFrame(msgspec.Struct, tag_field="t", tag="edit"):
    """The new text of my message ``seq``."""

    c: UUID
    client_id: UUID
    seq: Number
    text: str
    mentions: tuple[Naming, ...] | None = None


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


class Operations(Protocol):
    """What one feature adds to the socket."""

    def table(self) -> Mapping[str, Operation]:
        """Frame type → operation."""


class SocketOperations:
    """What people do in a conversation that is open in front of them.

    Args:
        more: operations of other features, in a table of their own.
    """

    def __init__(
        self,
        database: Database,
        sending: Sending,
        messages: MessageService,
        reading: ReadingService,
        more: Sequence[Operations] = (),
        *,
        holding: Holding,
    ) -> None:
        self._database = database
        self._sending = sending
        self._messages = messages
        self._reading = reading
        self._more = more
        self._holding = holding
        # Read markers under way: how far each is to go.
        self._markers: dict[tuple[Socket, ConversationId], int] = {}

    def table(self) -> Mapping[str, Operation]:
        """Frame type → operation."""
        return {
            "send": Operation(SendFrame, self.send),
            "edit": Operation(EditFrame, self.edit),
            "remove": Operation(RemoveFrame, self.remove),
            "read": Operation(ReadFrame, self.read),
            **{name: one for part in self._more for name, one in part.table().items()},
        }

    def send(self, socket: Socket, frame: SendFrame) -> Awaitable[bytes | None] | None:
        """Queue a message. No task and no wait: many may be under way on one socket."""
        conversation_id = ConversationId(frame.c)
        reply_to = None if frame.reply_to is None else Seq(frame.reply_to)
        thread = None if frame.thread is None else Seq(frame.thread)
        draft = Draft(
            conversation_id,
            ClientId(frame.client_id),
            frame.text,
            reply_to,
            thread=thread,
            mentions=frame.mentions,
            everyone=frame.everyone,
            silent=frame.silent,
        )
        if frame.undo_s is not None:
            return self._hold(socket, draft, frame.undo_s)
        self._sending.submit(socket.actor, draft, socket.settle(conversation_id, frame.client_id))
        return None

    async def _hold(self, socket: Socket, draft: Draft, undo_s: int) -> bytes | None:
        held = await self._holding.send(socket.actor, draft, undo_s)
        if isinstance(held, Held):
            return held_frame(draft.conversation_id, held)
        socket.settle(draft.conversation_id, draft.client_id)(held)
        return None

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
                mentions=frame.mentions,
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

"""Finding a message that somebody wants to change or to mark, under the lock of its conversation."""

from collections.abc import Sequence
from dataclasses import dataclass

from amana.conversations import events
from amana.conversations.errors import (
    MessageDamaged,
    MessageErased,
    MessageNotFound,
    MessageRemoved,
)
from amana.conversations.messages import queries as message_queries
from amana.conversations.messages.model import Content, is_wording_of
from amana.conversations.messages.queries import MessageState, untouched
from amana.conversations.model import TRACE_PERIOD, Member
from amana.conversations.opening import open_content, proof_of, report_damage
from amana.conversations.queries import Mine
from amana.conversations.writing import Desk
from amana.events.model import Head, StoredEvent
from amana.kernel.actor import Actor
from amana.kernel.ids import ConversationId, Seq
from amana.storage.database import Tx
from amana.vault import Cause, Ground, Unreadable

# Sealing thousands anew would keep the room waiting for seconds; nobody examines more than these.
TRACED = 1_000


@dataclass(frozen=True, slots=True)
class Target:
    """A message as it is now; nothing can happen to it before the transaction ends."""

    mine: Mine
    head: Head
    event: StoredEvent
    state: MessageState

    @property
    def member(self) -> Member:
        return self.mine.member


class Targets:
    """Finds messages for those who may see them."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def find(self, tx: Tx, actor: Actor, conversation_id: ConversationId, seq: Seq) -> Target:
        """Lock the conversation and find the message.

        Raises:
            ConversationNotFound: ``actor`` is no member.
            MessageNotFound: there is no message at that place, or none that ``actor`` may see.
        """
        mine, head = await self._desk.enter(tx, actor, conversation_id)
        if not mine.member.visible_from <= seq <= head.seq:
            raise MessageNotFound(seq=seq)
        (event,) = await self._desk.log.at(tx, conversation_id, [seq])
        if event.kind != events.MESSAGE_CREATED:
            raise MessageNotFound(seq=seq)
        states = await message_queries.states(tx, conversation_id, actor.user_id, [seq])
        return Target(mine, head, event, states.get(seq) or untouched(seq))

    async def current(self, tx: Tx, actor: Actor, target: Target) -> tuple[StoredEvent, Content]:
        """The event that holds the text now, and the text.

        Raises:
            MessageDamaged: the rows name an event that is no edit of this message. Ending its text would
                take away another one, and leave this one to be read.
        """
        message, state = target.event, target.state
        current = message
        if state.current_seq != message.seq:
            found = await self._desk.log.at(tx, message.conversation_id, [state.current_seq])
            current = found[0] if found else message
        if not is_wording_of(message, state, current):
            report_damage(message, "state")
            raise MessageDamaged(seq=message.seq)
        proof = proof_of(actor.org_id, target.member)
        content = (await open_content(self._desk.vault, tx, proof, [current]))[current.seq]
        if content is Unreadable.DAMAGED and current.seq != message.seq:
            raise MessageDamaged(seq=message.seq)
        return current, content

    async def readable(self, tx: Tx, actor: Actor, target: Target) -> bytes:
        """The text of a message that can be read.

        Raises:
            MessageRemoved, MessageErased, MessageDamaged
        """
        seq = target.event.seq
        if target.state.removed_ts is not None:
            raise MessageRemoved(seq=seq)
        _, content = await self.current(tx, actor, target)
        if content is Unreadable.ERASED:
            raise MessageErased(seq=seq)
        if not isinstance(content, bytes):
            raise MessageDamaged(seq=seq)
        return content

    async def to_trace(self, tx: Tx, actor: Actor, target: Target, stored: Sequence[StoredEvent]) -> None:
        """The contents of these events are not to be read by members from now on."""
        now = self._desk.clock.now()
        proof = proof_of(actor.org_id, target.member)
        sealed = [event.sealed for event in stored]
        await self._desk.vault.move_to_trace(tx, proof, sealed, due=now + TRACE_PERIOD, now=now)

    async def beside_to_trace(
        self, tx: Tx, actor: Actor, target: Target, seqs: Sequence[Seq], *, traced: int = TRACED
    ) -> None:
        """The same for what stands beside a removed message: the first ones become traces, the others end."""
        room = target.event.conversation_id
        await self.to_trace(tx, actor, target, await self._desk.log.at(tx, room, seqs[:traced]))
        now = self._desk.clock.now()
        await self._desk.vault.end_grounds(
            tx, room, seqs[traced:], (Ground.LIVE,), cause=Cause.CHANGED, now=now
        )

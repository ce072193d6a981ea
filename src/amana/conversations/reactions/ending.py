"""What becomes of reactions when their message ends, and of those of somebody who is erased."""

from collections.abc import Sequence

from amana.conversations import events
from amana.conversations.messages.targets import TRACED, Target, Targets
from amana.conversations.reactions import queries
from amana.conversations.reactions.service import rest_of
from amana.conversations.writing import Desk
from amana.events.model import NewEvent
from amana.kernel.actor import Actor
from amana.kernel.ids import NO_DEVICE, SERVER, ClientId, ConversationId, Seq, UserId
from amana.storage.database import Tx


class ReactionEnding:
    """The caller holds the lock of the conversation's head and tells the members of the message's end."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._targets = Targets(desk)

    async def with_removed(self, tx: Tx, actor: Actor, target: Target) -> None:
        """A message was removed: its reactions go with it, the first ones as traces like its text."""
        room = target.event.conversation_id
        places = await queries.delete_of_messages(tx, room, [target.event.seq])
        await self._targets.beside_to_trace(tx, actor, target, places, traced=TRACED)

    async def with_erased(self, tx: Tx, conversation_id: ConversationId, seqs: Sequence[Seq]) -> list[Seq]:
        """Messages were erased; gives the events of their reactions, whose contents are to end as well.

        Those that were taken back are among them: they are traces for a while.
        """
        if not seqs:
            return []
        await queries.delete_of_messages(tx, conversation_id, seqs)
        return await self._desk.log.changes_of(tx, conversation_id, events.REACTION_ADDED, seqs)

    async def of_person(
        self, tx: Tx, conversation_id: ConversationId, user_id: UserId, seqs: Sequence[Seq]
    ) -> None:
        """Take back what somebody who is erased had put with the events ``seqs``, and tell the members.

        The server says it, as the person is not here any more.
        """
        told: list[NewEvent] = []
        for reacted in await queries.list_of_person(tx, conversation_id, user_id, seqs):
            left = await queries.delete(tx, conversation_id, reacted)
            if left is not None:
                content = events.encode(rest_of(left, user_id))
                told.append(self._taken_back(conversation_id, reacted.seq, content))
        if told:
            await self._desk.log.append(tx, told)

    def _taken_back(self, conversation_id: ConversationId, target: Seq, content: bytes) -> NewEvent:
        return NewEvent(
            conversation_id=conversation_id,
            kind=events.REACTION_REMOVED,
            countable=False,
            sender_id=SERVER,
            device_id=NO_DEVICE,
            client_id=ClientId(self._desk.ids.new()),
            content=content,
            target_seq=target,
        )

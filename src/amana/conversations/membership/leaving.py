"""The stays of somebody who is erased end, in every room, and no room loses its owner by it."""

from dataclasses import dataclass

from amana.conversations import events, queries
from amana.conversations.membership import people
from amana.conversations.membership import queries as membership_queries
from amana.conversations.model import Kind, MemberRole
from amana.conversations.writing import Desk
from amana.kernel.actor import Actor
from amana.kernel.ids import ConversationId, UserId
from amana.storage.database import Tx


@dataclass(frozen=True, slots=True)
class Left:
    """What leaving one room meant for it.

    Attributes:
        handed_over: somebody else owns it now.
        closed: nobody is in it any more: nobody reads it and nobody can come in.
    """

    handed_over: bool = False
    closed: bool = False


class Leaving:
    """Ends stays without asking the room; who may ask for it is decided above."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def next_room(self, tx: Tx, user_id: UserId, after: ConversationId | None) -> ConversationId | None:
        """The first room after ``after``, by id, that this person is in or ever was in."""
        return await membership_queries.next_stay(tx, user_id, after)

    async def leave(self, tx: Tx, actor: Actor, conversation_id: ConversationId, user_id: UserId) -> Left:
        """End the stay of ``user_id``; a group of theirs goes to whoever has been in it longest.

        Doing it again changes nothing. A direct conversation stays with the other person.

        Args:
            actor: who asked for the erasure; named in the events.
        """
        await self._desk.log.lock_head(tx, conversation_id)
        conversation = await queries.lock_conversation(tx, conversation_id)
        member = await queries.find_member(tx, conversation_id, user_id)
        if conversation is None or member is None:
            return Left()
        heir = await membership_queries.longest_member(tx, conversation_id, without=user_id)
        owned = conversation.kind is Kind.GROUP and member.role is MemberRole.OWNER
        if owned and heir is not None:
            await self._hand_over(tx, actor, conversation_id, user_id, heir)
        await people.end_stay(self._desk, tx, actor, conversation_id, user_id)
        if heir is None:
            await self._desk.record(tx, actor, "conversation.closed", conversation_id)
        return Left(handed_over=owned and heir is not None, closed=heir is None)

    async def _hand_over(
        self, tx: Tx, actor: Actor, conversation_id: ConversationId, owner: UserId, heir: UserId
    ) -> None:
        await queries.update_owner(tx, conversation_id, owner_id=heir)
        payload = events.OwnerChanged(owner_id=heir, previous_id=owner, by=actor.user_id)
        await self._desk.append(tx, actor, conversation_id, events.OWNER_CHANGED, payload)
        await self._desk.record(tx, actor, "owner.changed", conversation_id, owner_id=heir)

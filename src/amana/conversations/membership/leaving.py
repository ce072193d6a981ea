"""The stays of somebody who is erased end, in every room, and no room loses its owner by it."""

from dataclasses import dataclass

from amana.conversations import queries
from amana.conversations.closing.service import shut
from amana.conversations.forwarding import queries as forwarding_queries
from amana.conversations.joining import pending
from amana.conversations.membership import people
from amana.conversations.membership import queries as membership_queries
from amana.conversations.membership.succession import find_heir, hand_over
from amana.conversations.model import MemberRole
from amana.conversations.private.forgetting import forget_person
from amana.conversations.room import ClosedBecause
from amana.conversations.scheduling.leaving import look_after
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
        """The first room after ``after``, by id, that this person is or was in, or that holds their words."""
        stay = await membership_queries.next_stay(tx, user_id, after)
        copies = await forwarding_queries.next_room_with(tx, user_id, after)
        return min((room for room in (stay, copies) if room is not None), default=None)

    async def forget(self, tx: Tx, user_id: UserId) -> None:
        """Drop everything that this person kept for themselves, asked, or was asked."""
        await forget_person(tx, user_id)
        await pending.forget(self._desk, tx, user_id)

    async def leave(self, tx: Tx, actor: Actor, conversation_id: ConversationId, user_id: UserId) -> Left:
        """End the stay of ``user_id``; a room of theirs goes to a deputy, or to the organisation.

        Doing it again changes nothing. A direct conversation stays with the other person; a room in which
        nobody is left is closed.

        Args:
            actor: who asked for the erasure; named in the events.
        """
        await self._desk.log.lock_head(tx, conversation_id)
        await look_after(tx, conversation_id, user_id, now=self._desk.clock.now())
        conversation = await queries.lock_conversation(tx, conversation_id)
        member = await queries.find_member(tx, conversation_id, user_id)
        if conversation is None or member is None:
            held = conversation is not None and conversation.owner_id == user_id
            return Left(handed_over=held and await self._pass_on(tx, actor, conversation_id, user_id))
        alone = await membership_queries.longest_member(tx, conversation_id, without=user_id) is None
        owned = member.role is MemberRole.OWNER
        handed_over = owned and await self._pass_on(tx, actor, conversation_id, user_id)
        if alone and conversation.closed is None:
            await shut(self._desk, tx, actor, conversation_id, ClosedBecause.CLOSED)
        await people.end_stay(self._desk, tx, actor, conversation_id, user_id)
        if alone:
            await self._desk.record(tx, actor, "conversation.closed", conversation_id)
        return Left(handed_over=handed_over, closed=alone)

    async def _pass_on(self, tx: Tx, actor: Actor, conversation_id: ConversationId, owner: UserId) -> bool:
        """Let somebody follow ``owner``; False where nobody else is in the room."""
        heir = await find_heir(tx, conversation_id, owner)
        if heir is not None:
            await hand_over(self._desk, tx, actor, conversation_id, before=owner, heir=heir)
        return heir is not None

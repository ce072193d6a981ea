"""Asking to come in, being asked to, and the answers to both."""

from dataclasses import dataclass

from amana.conversations import permissions
from amana.conversations import queries as conversation_queries
from amana.conversations.errors import ConversationNotFound, DirectIsFixed
from amana.conversations.joining import pending, queries
from amana.conversations.joining.errors import JoinNotFound
from amana.conversations.joining.links import request
from amana.conversations.joining.model import Outcome, Pending, Way
from amana.conversations.membership.admitting import admit, lock_room
from amana.conversations.model import MAX_PAGE, Kind
from amana.conversations.room import Conversation, require_open
from amana.conversations.rules import Joining
from amana.conversations.service import ConversationService
from amana.conversations.writing import Desk
from amana.events.model import Head
from amana.kernel.actor import Actor, Role
from amana.kernel.ids import ConversationId, UserId
from amana.storage.database import Tx


@dataclass(frozen=True, slots=True)
class WaitingRoom:
    """A room that a person asks to come into, or is asked to, as far as they may know it.

    Attributes:
        title: None where only the person asks: they may know no more than the link told them.
    """

    pending: Pending
    kind: Kind
    title: str | None
    purpose: str | None
    members_count: int


class JoinService:
    """Every change takes the head's lock first, as every change of members does."""

    def __init__(self, desk: Desk, conversations: ConversationService) -> None:
        self._desk = desk
        self._conversations = conversations

    async def ask(self, tx: Tx, actor: Actor, conversation_id: ConversationId) -> Outcome:
        """Come into a room whose rules let people in, or ask to where they want that.

        Whoever was in it before asks in any case. Guests come in only by being added or by a link.

        Raises:
            ConversationNotFound: the room lets nobody in by themselves, or is closed.
        """
        conversation, head = await lock_room(self._desk, tx, conversation_id)
        if await conversation_queries.find_member(tx, conversation_id, actor.user_id) is not None:
            return "member"
        if not _lets_in(conversation) or actor.role is Role.GUEST:
            raise ConversationNotFound
        waiting = await pending.find(tx, conversation_id, [actor.user_id])
        asks = conversation.rules.joining is Joining.APPROVAL
        asks = asks or await queries.was_here(tx, conversation_id, actor.user_id)
        if asks and actor.user_id not in waiting:
            await request(self._desk, tx, actor, conversation_id)
            return "requested"
        if asks and waiting[actor.user_id].way is Way.REQUEST:
            return "requested"
        await admit(self._desk, tx, actor, conversation, head, [actor.user_id])
        return "joined"

    async def accept(self, tx: Tx, actor: Actor, conversation_id: ConversationId) -> None:
        """Come into a room that one is asked to come into.

        Raises:
            JoinNotFound: nobody asks.
            ConversationClosed: nobody comes in now.
        """
        conversation, head = await self._waiting(tx, conversation_id, actor.user_id, Way.OFFER)
        require_open(conversation)
        await admit(self._desk, tx, actor, conversation, head, [actor.user_id])

    async def give_up(self, tx: Tx, actor: Actor, conversation_id: ConversationId) -> None:
        """Decline what one is asked, or withdraw what one asked.

        Raises:
            JoinNotFound: nothing waits.
        """
        await self._waiting(tx, conversation_id, actor.user_id, None)
        await self._end(tx, actor, conversation_id, actor.user_id)

    async def approve(self, tx: Tx, actor: Actor, conversation_id: ConversationId, user_id: UserId) -> None:
        """Let somebody in who asks.

        Raises:
            ConversationNotFound, NotPermitted, DirectIsFixed, ConversationClosed
            JoinNotFound: they do not ask (any more).
        """
        await self._govern(tx, actor, conversation_id)
        conversation, head = await self._waiting(tx, conversation_id, user_id, Way.REQUEST)
        require_open(conversation)
        await admit(self._desk, tx, actor, conversation, head, [user_id])

    async def refuse(self, tx: Tx, actor: Actor, conversation_id: ConversationId, user_id: UserId) -> None:
        """Decline what somebody asks, or take back what they are asked.

        Raises:
            ConversationNotFound, NotPermitted, DirectIsFixed
            JoinNotFound: nothing waits.
        """
        await self._govern(tx, actor, conversation_id)
        await self._waiting(tx, conversation_id, user_id, None)
        await self._end(tx, actor, conversation_id, user_id)

    async def at_room(self, tx: Tx, actor: Actor, conversation_id: ConversationId) -> list[Pending]:
        """Who asks to come in and who is asked to, the oldest first; of many the first.

        Raises:
            ConversationNotFound, NotPermitted, DirectIsFixed
        """
        await self._govern(tx, actor, conversation_id)
        return await pending.of_room(tx, conversation_id, limit=MAX_PAGE)

    async def mine(self, tx: Tx, actor: Actor) -> list[WaitingRoom]:
        """What the person asks and is asked, the newest first."""
        found = []
        for one in await pending.of_person(tx, actor.user_id):
            conversation = await conversation_queries.find_for_invitation(tx, one.conversation_id)
            if conversation is None:
                continue
            title, purpose, count = None, None, 0
            if one.way is Way.OFFER:
                title, purpose = await self._conversations.names(tx, conversation)
                count = conversation.members_count
            found.append(WaitingRoom(one, conversation.kind, title, purpose, count))
        return found

    async def _govern(self, tx: Tx, actor: Actor, conversation_id: ConversationId) -> None:
        mine = await conversation_queries.find_mine(tx, conversation_id, actor.user_id)
        if mine is None:
            raise ConversationNotFound
        if mine.conversation.kind is Kind.DIRECT:
            raise DirectIsFixed
        permissions.require(permissions.MEMBER_ADD, role=actor.role, standing=mine.member.role)

    async def _waiting(
        self, tx: Tx, conversation_id: ConversationId, user_id: UserId, way: Way | None
    ) -> tuple[Conversation, Head]:
        """Lock the room, and see under the lock that something still waits."""
        try:
            conversation, head = await lock_room(self._desk, tx, conversation_id)
        except ConversationNotFound:
            raise JoinNotFound from None
        found = (await pending.find(tx, conversation_id, [user_id])).get(user_id)
        if found is None or (way is not None and found.way is not way):
            raise JoinNotFound
        return conversation, head

    async def _end(self, tx: Tx, actor: Actor, conversation_id: ConversationId, user_id: UserId) -> None:
        """End what waits, tell those whom it concerns, and record it."""
        over = await pending.take(tx, conversation_id, [user_id])
        # The person withdraws a request and declines an offer; for the room it is the other way round.
        withdrawn = (actor.user_id == user_id) == (over[0].way is Way.REQUEST)
        outcome = "withdrawn" if withdrawn else "declined"
        told = await pending.settled(tx, over, by=actor.user_id, outcome=outcome)
        await self._desk.log.append_users(tx, told)
        await self._desk.record(tx, actor, "join.settled", conversation_id, user_id=user_id, outcome=outcome)


def _lets_in(conversation: Conversation) -> bool:
    """Whether people may come in here, or ask to, by themselves."""
    return (
        conversation.kind is not Kind.DIRECT
        and conversation.closed is None
        and conversation.rules.joining is not Joining.CLOSED
    )

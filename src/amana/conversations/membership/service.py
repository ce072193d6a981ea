"""Coming in, going out, and handing over."""

from datetime import datetime, timedelta

from amana.conversations import events, permissions, queries
from amana.conversations.errors import (
    ConversationNotFound,
    DirectIsFixed,
    MemberNotFound,
    MessageNotFound,
    OwnerMustTransfer,
)
from amana.conversations.membership import people
from amana.conversations.messages import queries as message_queries
from amana.conversations.model import Conversation, History, Kind, Member, MemberRole
from amana.conversations.writing import Desk
from amana.events.errors import UnknownConversation
from amana.events.model import Head
from amana.kernel.actor import Actor
from amana.kernel.clock import from_unix_ms, unix_ms
from amana.kernel.ids import ConversationId, Seq, UserId
from amana.storage.database import Tx


class MembershipService:
    """Every change takes the head's lock first, so that ``visible_from`` cannot slip past a message."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def add(self, tx: Tx, actor: Actor, conversation_id: ConversationId, user_id: UserId) -> None:
        """Bring somebody into a group. Adding a member again changes nothing.

        Raises:
            ConversationNotFound, NotPermitted, DirectIsFixed, UnknownPerson
        """
        mine, head = await self._desk.enter(tx, actor, conversation_id)
        if mine.conversation.kind is Kind.DIRECT:
            raise DirectIsFixed
        permissions.require(permissions.MEMBER_ADD, role=actor.role, standing=mine.member.role)
        await people.require_known(tx, actor, [user_id])
        if await queries.find_member(tx, conversation_id, user_id) is not None:
            return
        await self._admit(tx, actor, mine.conversation, head, user_id)

    async def join(self, tx: Tx, actor: Actor, conversation_id: ConversationId) -> None:
        """Let somebody in who holds an invitation to this group; people calls it when it was redeemed.

        Raises:
            ConversationNotFound, DirectIsFixed
        """
        conversation, head = await self._lock(tx, conversation_id)
        if conversation.kind is Kind.DIRECT:
            raise DirectIsFixed
        if await queries.find_member(tx, conversation_id, actor.user_id) is None:
            await self._admit(tx, actor, conversation, head, actor.user_id)

    async def require_may_invite(self, tx: Tx, actor: Actor, conversation_id: ConversationId) -> None:
        """Raise unless ``actor`` may bring people into this group, now and by link.

        Raises:
            ConversationNotFound, NotPermitted, DirectIsFixed
        """
        mine = await queries.find_mine(tx, conversation_id, actor.user_id)
        if mine is None:
            raise ConversationNotFound
        if mine.conversation.kind is Kind.DIRECT:
            raise DirectIsFixed
        permissions.require(permissions.MEMBER_ADD, role=actor.role, standing=mine.member.role)

    async def remove(self, tx: Tx, actor: Actor, conversation_id: ConversationId, user_id: UserId) -> None:
        """Take somebody out of a group, or leave it oneself.

        Raises:
            ConversationNotFound, NotPermitted, DirectIsFixed
            MemberNotFound: the person is not in it.
            OwnerMustTransfer: the owner goes only after somebody else has become owner.
        """
        mine, _ = await self._desk.enter(tx, actor, conversation_id)
        if mine.conversation.kind is Kind.DIRECT:
            raise DirectIsFixed
        if user_id != actor.user_id:
            permissions.require(permissions.MEMBER_REMOVE, role=actor.role, standing=mine.member.role)
        if await queries.find_member(tx, conversation_id, user_id) is None:
            raise MemberNotFound
        if user_id == mine.conversation.owner_id:
            raise OwnerMustTransfer
        await people.end_stay(self._desk, tx, actor, conversation_id, user_id)

    async def change_owner(
        self, tx: Tx, actor: Actor, conversation_id: ConversationId, user_id: UserId
    ) -> None:
        """Make a member the owner. The owner may, and an administrator, also from outside: never ownerless.

        Raises:
            ConversationNotFound, NotPermitted, DirectIsFixed, MemberNotFound
        """
        standing = await queries.find_member(tx, conversation_id, actor.user_id)
        role = None if standing is None else standing.role
        if standing is None and not permissions.may(permissions.OWNER_CHANGE, role=actor.role, standing=None):
            raise ConversationNotFound
        conversation, _ = await self._lock(tx, conversation_id)
        if conversation.kind is Kind.DIRECT:
            # Anybody can compute the id: only the two in it may learn that they talk.
            raise DirectIsFixed if standing else ConversationNotFound
        permissions.require(permissions.OWNER_CHANGE, role=actor.role, standing=role)
        if await queries.find_member(tx, conversation_id, user_id) is None:
            raise MemberNotFound
        if conversation.owner_id == user_id:
            return
        await queries.update_owner(tx, conversation_id, owner_id=user_id)
        payload = events.OwnerChanged(owner_id=user_id, previous_id=conversation.owner_id, by=actor.user_id)
        await self._desk.append(tx, actor, conversation_id, events.OWNER_CHANGED, payload)
        await self._desk.record(tx, actor, "owner.changed", conversation_id, owner_id=user_id)

    async def who_could_see(
        self, tx: Tx, actor: Actor, conversation_id: ConversationId, *, seq: Seq, at: datetime
    ) -> list[UserId]:
        """Who could read event ``seq`` at the moment ``at``; nobody before it was sent or after its removal.

        Raises:
            ConversationNotFound
            MessageNotFound: ``actor`` may not see that event themselves.
        """
        member = await queries.find_member(tx, conversation_id, actor.user_id)
        if member is None:
            raise ConversationNotFound
        stored = await self._desk.log.at(tx, conversation_id, [seq]) if seq >= member.visible_from else []
        if not stored:
            raise MessageNotFound(seq=seq)
        states = await message_queries.states(tx, conversation_id, actor.user_id, [seq])
        removed_ts = states[seq].removed_ts if seq in states else None
        at_ms = unix_ms(at)
        if at_ms < stored[0].ts_ms or (removed_ts is not None and removed_ts <= at_ms):
            return []
        return await queries.list_who_could_see(tx, conversation_id, actor.user_id, seq=seq, at=at)

    async def _lock(self, tx: Tx, conversation_id: ConversationId) -> tuple[Conversation, Head]:
        """The head's lock first, as every append takes it, then the conversation's row."""
        try:
            head = await self._desk.log.lock_head(tx, conversation_id)
        except UnknownConversation:
            raise ConversationNotFound from None
        conversation = await queries.lock_conversation(tx, conversation_id)
        if conversation is None:
            raise ConversationNotFound
        return conversation, head

    async def _admit(
        self, tx: Tx, actor: Actor, conversation: Conversation, head: Head, user_id: UserId
    ) -> None:
        """Append the event and make the member; the caller holds the head's lock."""
        conversation_id = conversation.conversation_id
        visible_from = await self._visible_from(tx, conversation, head)
        payload = events.MemberAdded(
            user_id=user_id, by=actor.user_id, role="member", visible_from=visible_from
        )
        appended = await self._desk.append(tx, actor, conversation_id, events.MEMBER_ADDED, payload)
        member = Member(
            conversation_id=conversation_id,
            user_id=user_id,
            role=MemberRole.MEMBER,
            visible_from=visible_from,
            joined_seq=appended.seq,
            joined_at=from_unix_ms(appended.ts_ms),
            # What was said before somebody came waits for nobody.
            read_seq=appended.seq,
            read_no=appended.msg_no,
        )
        await people.welcome(self._desk, tx, conversation, [member], peers={})
        await queries.add_to_count(tx, conversation_id, 1)
        await self._desk.record(
            tx, actor, "member.added", conversation_id, user_id=user_id, visible_from=visible_from
        )

    async def _visible_from(self, tx: Tx, conversation: Conversation, head: Head) -> Seq:
        """The first event that somebody who joins now may see; at the latest the one that lets them in."""
        history = conversation.history
        if history.policy is History.ALL:
            return Seq(1)
        joining = Seq(head.seq + 1)
        if history.policy is History.SINCE_JOINING:
            return joining
        since_ms = unix_ms(self._desk.clock.now() - timedelta(days=history.days))
        # Time never falls along ``seq``, so the first event since then is found by halving.
        low, high = 1, int(joining)
        while low < high:
            middle = (low + high) // 2
            (event,) = await self._desk.log.at(tx, conversation.conversation_id, [Seq(middle)])
            if event.ts_ms >= since_ms:
                high = middle
            else:
                low = middle + 1
        return Seq(low)

"""Coming in, going out, and handing over."""

from collections.abc import Sequence
from datetime import datetime

from amana.conversations import events, permissions, queries
from amana.conversations.errors import (
    ConversationNotFound,
    DirectIsFixed,
    MemberNotFound,
    MessageNotFound,
    OwnerHasRole,
    OwnerMustTransfer,
    TooManyMembers,
)
from amana.conversations.joining.model import PersonBrought
from amana.conversations.membership import people
from amana.conversations.membership import queries as membership_queries
from amana.conversations.membership.admitting import admit, lock_room
from amana.conversations.membership.bringing import offer, sort_out
from amana.conversations.membership.succession import Heir, hand_over
from amana.conversations.messages import queries as message_queries
from amana.conversations.model import MAX_ADDED_AT_ONCE, Kind, MemberRole
from amana.conversations.room import require_open
from amana.conversations.writing import Desk
from amana.kernel.actor import Actor
from amana.kernel.clock import unix_ms
from amana.kernel.ids import ConversationId, Seq, UserId
from amana.people.errors import UnknownPerson
from amana.storage.database import Tx


class MembershipService:
    """Every change takes the head's lock first, so that ``visible_from`` cannot slip past a message."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def add(self, tx: Tx, actor: Actor, conversation_id: ConversationId, user_id: UserId) -> None:
        """Bring somebody into a group, or ask them first: see ``add_many``. Adding again changes nothing.

        Raises:
            ConversationNotFound, NotPermitted, DirectIsFixed, ConversationClosed, UnknownPerson
        """
        (brought,) = await self.add_many(tx, actor, conversation_id, [user_id])
        if brought.outcome == "refused":
            raise UnknownPerson

    async def add_many(
        self, tx: Tx, actor: Actor, conversation_id: ConversationId, user_ids: Sequence[UserId]
    ) -> list[PersonBrought]:
        """Bring people into a group; where the organisation wants that, ask them first.

        Gives what became of each, in the order of ``user_ids`` and each person once. Whoever asks to come in
        is let in without being asked.

        Raises:
            ConversationNotFound, NotPermitted, DirectIsFixed, ConversationClosed, TooManyMembers
        """
        if len(user_ids) > MAX_ADDED_AT_ONCE:
            raise TooManyMembers(limit=MAX_ADDED_AT_ONCE)
        mine, head = await self._desk.enter(tx, actor, conversation_id)
        if mine.conversation.kind is Kind.DIRECT:
            raise DirectIsFixed
        permissions.require(permissions.MEMBER_ADD, role=actor.role, standing=mine.member.role)
        require_open(mine.conversation)
        wanted = list(dict.fromkeys(user_ids))
        found = await sort_out(tx, actor, conversation_id, wanted)
        await offer(self._desk, tx, actor, conversation_id, found.to_ask)
        await admit(self._desk, tx, actor, mine.conversation, head, found.to_add)
        return [found.outcome(user_id) for user_id in wanted]

    async def join(self, tx: Tx, actor: Actor, conversation_id: ConversationId) -> None:
        """Let somebody in who holds an invitation to this group; people calls it when it was redeemed.

        Raises:
            ConversationNotFound, DirectIsFixed, ConversationClosed
        """
        conversation, head = await lock_room(self._desk, tx, conversation_id)
        if conversation.kind is Kind.DIRECT:
            raise DirectIsFixed
        if await queries.find_member(tx, conversation_id, actor.user_id) is None:
            require_open(conversation)
            await admit(self._desk, tx, actor, conversation, head, [actor.user_id])

    async def require_may_invite(self, tx: Tx, actor: Actor, conversation_id: ConversationId) -> None:
        """Raise unless ``actor`` may bring people into this group, now and by link.

        Raises:
            ConversationNotFound, NotPermitted, DirectIsFixed, ConversationClosed
        """
        mine = await queries.find_mine(tx, conversation_id, actor.user_id)
        if mine is None:
            raise ConversationNotFound
        if mine.conversation.kind is Kind.DIRECT:
            raise DirectIsFixed
        permissions.require(permissions.MEMBER_ADD, role=actor.role, standing=mine.member.role)
        require_open(mine.conversation)

    async def remove(self, tx: Tx, actor: Actor, conversation_id: ConversationId, user_id: UserId) -> None:
        """Take somebody out of a group, or leave it oneself.

        An owner who leaves is followed by the deputy who has been there longest.

        Raises:
            ConversationNotFound, NotPermitted, DirectIsFixed
            MemberNotFound: the person is not in it.
            OwnerMustTransfer: without a deputy the owner goes only after somebody else has become owner;
                nobody else takes an owner out.
        """
        mine, _ = await self._desk.enter(tx, actor, conversation_id)
        if mine.conversation.kind is Kind.DIRECT:
            raise DirectIsFixed
        if user_id != actor.user_id:
            permissions.require(permissions.MEMBER_REMOVE, role=actor.role, standing=mine.member.role)
        member = await queries.find_member(tx, conversation_id, user_id)
        if member is None:
            raise MemberNotFound
        if member.role is MemberRole.DEPUTY and user_id != actor.user_id:
            permissions.require(permissions.DEPUTIES, role=actor.role, standing=mine.member.role)
        if user_id == mine.conversation.owner_id:
            await self._follow(tx, actor, conversation_id, user_id)
        await people.end_stay(self._desk, tx, actor, conversation_id, user_id)

    async def _follow(self, tx: Tx, actor: Actor, conversation_id: ConversationId, owner: UserId) -> None:
        """Let a deputy follow an owner who goes by themselves."""
        deputy = await membership_queries.longest_deputy(tx, conversation_id, without=owner)
        if deputy is None or actor.user_id != owner:
            raise OwnerMustTransfer
        await hand_over(self._desk, tx, actor, conversation_id, before=owner, heir=Heir(deputy, inside=True))

    async def change_role(
        self, tx: Tx, actor: Actor, conversation_id: ConversationId, user_id: UserId, role: MemberRole
    ) -> None:
        """Make a member a deputy, a poster or an ordinary member. Doing it again changes nothing.

        Raises:
            ConversationNotFound, NotPermitted, DirectIsFixed, MemberNotFound
            OwnerHasRole: the owner's standing ends with ``change_owner`` only.
        """
        mine, _ = await self._desk.enter(tx, actor, conversation_id)
        if mine.conversation.kind is Kind.DIRECT:
            raise DirectIsFixed
        member = await queries.find_member(tx, conversation_id, user_id)
        before = None if member is None else member.role
        needed = permissions.DEPUTIES if MemberRole.DEPUTY in {before, role} else permissions.POSTERS
        permissions.require(needed, role=actor.role, standing=mine.member.role)
        if before is None:
            raise MemberNotFound
        if before is MemberRole.OWNER:
            raise OwnerHasRole
        if before is role:
            return
        await membership_queries.update_role(tx, conversation_id, user_id, role)
        payload = events.MemberChanged(
            user_id=user_id, by=actor.user_id, role=role.name.lower(), previous=before.name.lower()
        )
        await self._desk.append(tx, actor, conversation_id, events.MEMBER_CHANGED, payload)
        await self._desk.record(
            tx,
            actor,
            "member.role_changed",
            conversation_id,
            user_id=user_id,
            role=role.name.lower(),
            before=before.name.lower(),
        )

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
        conversation, _ = await lock_room(self._desk, tx, conversation_id)
        if conversation.kind is Kind.DIRECT:
            # Anybody can compute the id: only the two in it may learn that they talk.
            raise DirectIsFixed if standing else ConversationNotFound
        permissions.require(permissions.OWNER_CHANGE, role=actor.role, standing=role)
        if await queries.find_member(tx, conversation_id, user_id) is None:
            raise MemberNotFound
        if conversation.owner_id == user_id:
            return
        heir, before = Heir(user_id, inside=True), conversation.owner_id
        await hand_over(self._desk, tx, actor, conversation_id, before=before, heir=heir)

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

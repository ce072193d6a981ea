"""What people ask about conversations: fills the hook of the people domain."""

from amana.app.storage import Storage
from amana.conversations import permissions, queries
from amana.conversations.closing.ending import PERIOD, EndDates
from amana.conversations.membership.queries import acquaintances
from amana.conversations.membership.service import MembershipService
from amana.conversations.model import Kind
from amana.conversations.service import ConversationService
from amana.conversations.writing import Desk
from amana.http import Services
from amana.kernel.actor import Actor, Role
from amana.kernel.ids import ConversationId, OrgId, UserId
from amana.people.desk import Desk as PeopleDesk
from amana.storage.database import Tx


def end_rooms(storage: Storage, services: Services) -> None:
    """Have whoever leads close the rooms whose end date has come."""
    ending = EndDates(storage.database, services.get(Desk))
    storage.leader.every(PERIOD, "end rooms", services.get(PeopleDesk).once_founded(ending.run))


class Rooms:
    """Implements ``people.desk.Rooms``."""

    def __init__(self, conversations: ConversationService, membership: MembershipService) -> None:
        self._conversations = conversations
        self._membership = membership

    async def require_may_invite(self, tx: Tx, actor: Actor, conversation_id: ConversationId) -> None:
        await self._membership.require_may_invite(tx, actor, conversation_id)

    async def may_still_invite(
        self, tx: Tx, inviter_id: UserId, role: Role, conversation_id: ConversationId
    ) -> bool:
        mine = await queries.find_mine(tx, conversation_id, inviter_id)
        if mine is None or mine.conversation.kind is Kind.DIRECT or mine.conversation.closed is not None:
            return False
        return permissions.may(permissions.MEMBER_ADD, role=role, standing=mine.member.role)

    async def title(self, tx: Tx, org_id: OrgId, conversation_id: ConversationId) -> str | None:
        conversation = await queries.find_for_invitation(tx, conversation_id)
        if conversation is None:
            return None
        return (await self._conversations.names(tx, conversation))[0]

    async def on_join(self, tx: Tx, actor: Actor, conversation_id: ConversationId) -> None:
        await self._membership.join(tx, actor, conversation_id)

    async def acquaintances(self, tx: Tx, user_id: UserId) -> frozenset[UserId]:
        return await acquaintances(tx, user_id)

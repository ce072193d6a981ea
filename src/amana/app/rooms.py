"""What people ask about conversations: fills the hook of the people domain."""

from amana.conversations import permissions, queries
from amana.conversations.membership.queries import acquaintances
from amana.conversations.membership.service import MembershipService
from amana.conversations.model import Kind
from amana.conversations.service import ConversationService
from amana.kernel.actor import Actor, Role
from amana.kernel.ids import ConversationId, OrgId, UserId
from amana.storage.database import Tx


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
        if mine is None or mine.conversation.kind is Kind.DIRECT:
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

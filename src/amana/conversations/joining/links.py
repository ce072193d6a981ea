"""Links into a room, for people of the organisation: made, listed, revoked, looked at, used."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from amana.conversations import permissions
from amana.conversations import queries as conversation_queries
from amana.conversations.errors import ConversationNotFound, DirectIsFixed
from amana.conversations.joining import pending, queries
from amana.conversations.joining.errors import (
    LinkExpiryInvalid,
    LinkRevoked,
    RoomLinkNotFound,
    TooManyLinks,
)
from amana.conversations.joining.model import (
    MAX_LIFE,
    MAX_LINKS,
    USUAL_LIFE,
    Outcome,
    Pending,
    RoomLink,
    Way,
    new_secret,
    parse_secret,
)
from amana.conversations.membership.admitting import admit, lock_room
from amana.conversations.model import Kind
from amana.conversations.queries import Mine
from amana.conversations.room import Conversation, require_open
from amana.conversations.rules import Joining
from amana.conversations.service import ConversationService
from amana.conversations.writing import Desk
from amana.kernel.actor import Actor
from amana.kernel.entropy import Entropy
from amana.kernel.ids import ConversationId
from amana.people.invitations import qr_svg
from amana.people.queries import find_account
from amana.storage.database import Tx


@dataclass(frozen=True, slots=True)
class LinkWanted:
    """What somebody asks of a link; None: as is usual."""

    max_uses: int
    expires_at: datetime | None = None
    approval: bool | None = None


@dataclass(frozen=True, slots=True)
class IssuedLink:
    """A fresh link: the only moment its secret exists on the server."""

    link: RoomLink
    secret: str
    url: str
    qr_svg: str


@dataclass(frozen=True, slots=True)
class LinkPreview:
    """What the holder of a link is told: no member's name, and nothing that was said."""

    kind: Kind
    title: str | None
    purpose: str | None
    members_count: int
    approval: bool
    member: bool


class RoomLinks:
    """Links of rooms. Whoever may add people may make them, for as long as they may.

    Args:
        public_url: base of links, without a trailing slash.
    """

    def __init__(self, desk: Desk, conversations: ConversationService, *, public_url: str) -> None:
        self._desk = desk
        self._conversations = conversations
        self._public_url = public_url

    async def create(
        self, tx: Tx, actor: Actor, conversation_id: ConversationId, wanted: LinkWanted, entropy: Entropy
    ) -> IssuedLink:
        """Make a link. Without a choice it asks for approval where the room does.

        Raises:
            ConversationNotFound, NotPermitted, DirectIsFixed, ConversationClosed
            LinkExpiryInvalid: it would be over already, or hold too long.
            TooManyLinks
        """
        mine, _ = await self._desk.enter(tx, actor, conversation_id)
        _require_may_invite(mine, actor)
        require_open(mine.conversation)
        now = self._desk.clock.now()
        expires_at = now + USUAL_LIFE if wanted.expires_at is None else wanted.expires_at
        if not now < expires_at <= now + MAX_LIFE:
            raise LinkExpiryInvalid(limit=MAX_LIFE.days)
        if len(await queries.list_working(tx, conversation_id, now=now)) >= MAX_LINKS:
            raise TooManyLinks(limit=MAX_LINKS)
        approval = mine.rules.joining is Joining.APPROVAL if wanted.approval is None else wanted.approval
        link = RoomLink(
            actor.org_id,
            conversation_id,
            self._desk.ids.new(),
            actor.user_id,
            now,
            expires_at,
            wanted.max_uses,
            0,
            approval,
            None,
        )
        secret = new_secret(conversation_id, entropy)
        await queries.insert_link(tx, link, parse_secret(secret)[1])
        await self._desk.record(
            tx,
            actor,
            "link.created",
            conversation_id,
            link_id=link.link_id,
            max_uses=link.max_uses,
            approval=int(approval),
            expires_at=expires_at.isoformat(),
        )
        url = f"{self._public_url}/room#{secret}"
        return IssuedLink(link, secret, url, qr_svg(url))

    async def list_working(self, tx: Tx, actor: Actor, conversation_id: ConversationId) -> list[RoomLink]:
        """Links that still let somebody in, the newest first; for those who may make them.

        Raises:
            ConversationNotFound, NotPermitted, DirectIsFixed
        """
        mine = await conversation_queries.find_mine(tx, conversation_id, actor.user_id)
        if mine is None:
            raise ConversationNotFound
        _require_may_invite(mine, actor)
        return await queries.list_working(tx, conversation_id, now=self._desk.clock.now())

    async def revoke(self, tx: Tx, actor: Actor, conversation_id: ConversationId, link_id: UUID) -> None:
        """Withdraw a link: it stops working at once.

        Raises:
            ConversationNotFound, NotPermitted, DirectIsFixed
            RoomLinkNotFound: there is none that was not withdrawn already.
        """
        mine, _ = await self._desk.enter(tx, actor, conversation_id)
        _require_may_invite(mine, actor)
        if not await queries.revoke_link(tx, conversation_id, link_id, now=self._desk.clock.now()):
            raise RoomLinkNotFound
        await self._desk.record(tx, actor, "link.revoked", conversation_id, link_id=link_id)

    async def preview(self, tx: Tx, actor: Actor, secret: str) -> LinkPreview:
        """What the holder of a link would come into.

        Raises:
            RoomLinkNotFound, LinkRevoked, LinkExpired, LinkUsedUp
        """
        link = await _find(tx, secret)
        conversation = await conversation_queries.find_for_invitation(tx, link.conversation_id)
        if conversation is None:
            raise RoomLinkNotFound
        member = await conversation_queries.find_member(tx, link.conversation_id, actor.user_id)
        if member is None:
            await self._require_alive(tx, link, conversation)
        title, purpose = await self._conversations.names(tx, conversation)
        return LinkPreview(
            conversation.kind,
            title,
            purpose,
            conversation.members_count,
            await self._asks(tx, actor, link),
            member is not None,
        )

    async def join(self, tx: Tx, actor: Actor, secret: str) -> tuple[ConversationId, Outcome]:
        """Come in by a link, or ask to where it wants that. For a member it changes nothing and uses nothing.

        Whoever was in the room before asks in any case: nobody comes back by a link after being taken out.

        Raises:
            RoomLinkNotFound, LinkRevoked, LinkExpired, LinkUsedUp
        """
        place = (await _find(tx, secret)).conversation_id
        conversation, head = await lock_room(self._desk, tx, place)
        if await conversation_queries.find_member(tx, place, actor.user_id) is not None:
            return place, "member"
        # Read again under the lock: whoever was first may have used it up.
        link = await _find(tx, secret)
        waiting = (await pending.find(tx, place, [actor.user_id])).get(actor.user_id)
        asks = await self._asks(tx, actor, link)
        if asks and waiting is not None and waiting.way is Way.REQUEST:
            return place, "requested"
        await self._require_alive(tx, link, conversation)
        if asks and waiting is None:
            await queries.count_use(tx, link)
            await request(self._desk, tx, actor, place, link_id=link.link_id)
            return place, "requested"
        await queries.count_use(tx, link)
        await admit(self._desk, tx, actor, conversation, head, [actor.user_id], link_id=link.link_id)
        return place, "joined"

    async def _asks(self, tx: Tx, actor: Actor, link: RoomLink) -> bool:
        return link.approval or await queries.was_here(tx, link.conversation_id, actor.user_id)

    async def _require_alive(self, tx: Tx, link: RoomLink, conversation: Conversation) -> None:
        """Raise Gone unless the link is good and its maker could make the same one now."""
        link.require_open(self._desk.clock.now())
        maker = await conversation_queries.find_member(tx, link.conversation_id, link.made_by)
        account = await find_account(tx, link.made_by)
        if maker is None or account is None or conversation.closed is not None:
            raise LinkRevoked
        if not permissions.may(permissions.MEMBER_ADD, role=account.role, standing=maker.role):
            raise LinkRevoked


async def request(
    desk: Desk, tx: Tx, actor: Actor, conversation_id: ConversationId, *, link_id: UUID | None = None
) -> None:
    """Ask the owner and deputies to be let in; the caller holds the head's lock."""
    asking = Pending(conversation_id, actor.user_id, Way.REQUEST, actor.user_id, desk.clock.now(), link_id)
    await pending.begin(desk, tx, actor.org_id, [asking])
    await desk.record(tx, actor, "join.requested", conversation_id, link_id=link_id)


async def _find(tx: Tx, secret: str) -> RoomLink:
    place, digest = parse_secret(secret)
    link = await queries.find_link(tx, place, digest)
    if link is None:
        raise RoomLinkNotFound
    return link


def _require_may_invite(mine: Mine, actor: Actor) -> None:
    if mine.conversation.kind is Kind.DIRECT:
        raise DirectIsFixed
    permissions.require(permissions.MEMBER_ADD, role=actor.role, standing=mine.member.role)

"""Routes of coming in: links, requests, offers, and bringing many people at once. Parse, call, answer."""

from typing import Annotated
from uuid import UUID

import msgspec

from amana.conversations import permissions
from amana.conversations.joining.links import LinkWanted, RoomLinks
from amana.conversations.joining.model import MAX_USES, USUAL_USES, Pending, RoomLink, Way
from amana.conversations.joining.service import JoinService
from amana.conversations.joining.shown import MyJoining, my_joining
from amana.conversations.membership.service import MembershipService
from amana.conversations.rules_wire import Milliseconds
from amana.http import SELF, Body, Context, endpoint, needs
from amana.kernel.clock import from_unix_ms, unix_ms
from amana.kernel.ids import ConversationId, UserId
from amana.people.queries import names

Secret = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
INVITING = needs(permissions.MEMBER_ADD)


class NewRoomLink(Body):
    """A link to be made. ``expires_at`` in Unix milliseconds, left out: in seven days.

    ``approval``: whoever comes by it asks first; left out: as the room's rules have it.
    """

    uses: Annotated[int, msgspec.Meta(ge=1, le=MAX_USES)] = USUAL_USES
    expires_at: Milliseconds | None = None
    approval: bool | None = None


class RoomLinkSecret(Body):
    """The secret from a link's fragment."""

    secret: Secret


class PeopleToBring(Body):
    """People who are to be in the room, at most 500."""

    user_ids: list[UUID]


class RoomLinkLine(msgspec.Struct, frozen=True, kw_only=True):
    """A link that still lets somebody in; times in Unix milliseconds."""

    link_id: UUID
    made_by: UUID
    maker: str
    made_at: int
    expires_at: int
    max_uses: int
    uses: int
    approval: bool


class RoomLinkList(msgspec.Struct, frozen=True):
    """Links that still work, the newest first."""

    links: list[RoomLinkLine]


class NewLink(msgspec.Struct, frozen=True, kw_only=True):
    """A fresh link. Its address and its QR code (SVG text) are shown now and never again."""

    link: RoomLinkLine
    url: str
    qr_svg: str


class RoomPreview(msgspec.Struct, frozen=True, kw_only=True):
    """What the holder of a link would come into.

    Attributes:
        approval: coming in is asking first.
        member: the person is in it already.
    """

    kind: str
    title: str | None
    purpose: str | None
    members_count: int
    approval: bool
    member: bool


class CameIn(msgspec.Struct, frozen=True, kw_only=True):
    """``outcome`` is ``joined``, ``requested`` or ``member``: was in it already."""

    conversation_id: UUID
    outcome: str


class WaitingPerson(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who asks (``request``) or is asked (``offer``) to come in; ``at`` in Unix milliseconds."""

    user_id: UUID
    display_name: str
    way: str
    by: UUID
    at: int
    link_id: UUID | None


class WaitingPeople(msgspec.Struct, frozen=True):
    """Who waits at a room, the oldest first; of many the first."""

    waiting: list[WaitingPerson]


class BroughtPerson(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one person: ``added``, ``offered``, ``member`` or ``refused`` with a ``code``."""

    user_id: UUID
    outcome: str
    code: str | None


class BroughtPeople(msgspec.Struct, frozen=True):
    """What became of each, each person once, in the order of the request."""

    people: list[BroughtPerson]


@endpoint(
    "POST",
    "/v1/conversations/{conversation_id:uuid}/links",
    operation="createRoomLink",
    access=INVITING,
    status=201,
)
async def create_room_link(ctx: Context, conversation_id: UUID, data: NewRoomLink) -> NewLink:
    """Make a link by which people of the organisation come into a room, and its QR code."""
    expires_at = None if data.expires_at is None else from_unix_ms(data.expires_at)
    wanted = LinkWanted(data.uses, expires_at, data.approval)
    async with ctx.db.write(ctx.actor.org_id) as tx:
        issued = await ctx.services.get(RoomLinks).create(
            tx, ctx.actor, ConversationId(conversation_id), wanted, ctx.entropy
        )
        known = await names(tx, [issued.link.made_by])
    return NewLink(link=_line(issued.link, known), url=issued.url, qr_svg=issued.qr_svg)


@endpoint("GET", "/v1/conversations/{conversation_id:uuid}/links", operation="listRoomLinks", access=INVITING)
async def list_room_links(ctx: Context, conversation_id: UUID) -> RoomLinkList:
    """List a room's links that still work, without their secrets."""
    async with ctx.db.read(ctx.actor.org_id) as tx:
        found = await ctx.services.get(RoomLinks).list_working(tx, ctx.actor, ConversationId(conversation_id))
        known = await names(tx, [link.made_by for link in found])
    return RoomLinkList([_line(link, known) for link in found])


@endpoint(
    "DELETE",
    "/v1/conversations/{conversation_id:uuid}/links/{link_id:uuid}",
    operation="revokeRoomLink",
    access=INVITING,
    status=204,
)
async def revoke_room_link(ctx: Context, conversation_id: UUID, link_id: UUID) -> None:
    """Withdraw a link; it stops working at once."""
    async with ctx.db.write(ctx.actor.org_id) as tx:
        await ctx.services.get(RoomLinks).revoke(tx, ctx.actor, ConversationId(conversation_id), link_id)


@endpoint("POST", "/v1/room-links/preview", operation="previewRoomLink", access=SELF)
async def preview_room_link(ctx: Context, data: RoomLinkSecret) -> RoomPreview:
    """Say what the holder of a link would come into."""
    async with ctx.db.read(ctx.actor.org_id) as tx:
        seen = await ctx.services.get(RoomLinks).preview(tx, ctx.actor, data.secret)
    return RoomPreview(
        kind=seen.kind.name.lower(),
        title=seen.title,
        purpose=seen.purpose,
        members_count=seen.members_count,
        approval=seen.approval,
        member=seen.member,
    )


@endpoint("POST", "/v1/room-links/join", operation="joinByRoomLink", access=SELF)
async def join_by_room_link(ctx: Context, data: RoomLinkSecret) -> CameIn:
    """Come into a room by a link, or ask to. Repeating it changes nothing."""
    async with ctx.db.write(ctx.actor.org_id) as tx:
        place, outcome = await ctx.services.get(RoomLinks).join(tx, ctx.actor, data.secret)
    return CameIn(conversation_id=place, outcome=outcome)


@endpoint("POST", "/v1/conversations/{conversation_id:uuid}/join", operation="joinRoom", access=SELF)
async def join_room(ctx: Context, conversation_id: UUID) -> CameIn:
    """Come into a room that lets people in, or ask to. Repeating it changes nothing."""
    place = ConversationId(conversation_id)
    async with ctx.db.write(ctx.actor.org_id) as tx:
        outcome = await ctx.services.get(JoinService).ask(tx, ctx.actor, place)
    return CameIn(conversation_id=place, outcome=outcome)


@endpoint("POST", "/v1/conversations/{conversation_id:uuid}/members", operation="addMembers", access=INVITING)
async def add_members(ctx: Context, conversation_id: UUID, data: PeopleToBring) -> BroughtPeople:
    """Bring up to 500 people into a group; where the organisation wants that, ask them first."""
    async with ctx.db.write(ctx.actor.org_id) as tx:
        brought = await ctx.services.get(MembershipService).add_many(
            tx, ctx.actor, ConversationId(conversation_id), [UserId(one) for one in data.user_ids]
        )
    return BroughtPeople(
        [BroughtPerson(user_id=one.user_id, outcome=one.outcome, code=one.refusal) for one in brought]
    )


@endpoint("GET", "/v1/conversations/{conversation_id:uuid}/joining", operation="listWaiting", access=INVITING)
async def list_waiting(ctx: Context, conversation_id: UUID) -> WaitingPeople:
    """List who asks to come into a room, and who is asked to."""
    async with ctx.db.read(ctx.actor.org_id) as tx:
        found = await ctx.services.get(JoinService).at_room(tx, ctx.actor, ConversationId(conversation_id))
        known = await names(tx, [one.user_id for one in found])
    return WaitingPeople([_waiting(one, known) for one in found])


@endpoint(
    "PUT",
    "/v1/conversations/{conversation_id:uuid}/joining/{user_id:uuid}",
    operation="approveJoining",
    access=INVITING,
    status=204,
)
async def approve_joining(ctx: Context, conversation_id: UUID, user_id: UUID) -> None:
    """Let somebody in who asks."""
    async with ctx.db.write(ctx.actor.org_id) as tx:
        await ctx.services.get(JoinService).approve(
            tx, ctx.actor, ConversationId(conversation_id), UserId(user_id)
        )


@endpoint(
    "DELETE",
    "/v1/conversations/{conversation_id:uuid}/joining/{user_id:uuid}",
    operation="refuseJoining",
    access=INVITING,
    status=204,
)
async def refuse_joining(ctx: Context, conversation_id: UUID, user_id: UUID) -> None:
    """Decline what somebody asks, or take back what they are asked."""
    async with ctx.db.write(ctx.actor.org_id) as tx:
        await ctx.services.get(JoinService).refuse(
            tx, ctx.actor, ConversationId(conversation_id), UserId(user_id)
        )


@endpoint("GET", "/v1/joining", operation="listMyJoining", access=SELF)
async def list_my_joining(ctx: Context) -> MyJoining:
    """List the rooms that the person asks to come into, and those that they are asked to."""
    async with ctx.db.read(ctx.actor.org_id) as tx:
        return my_joining(await ctx.services.get(JoinService).mine(tx, ctx.actor))


@endpoint("PUT", "/v1/joining/{conversation_id:uuid}", operation="acceptOffer", access=SELF, status=204)
async def accept_offer(ctx: Context, conversation_id: UUID) -> None:
    """Come into a room that one is asked to come into."""
    async with ctx.db.write(ctx.actor.org_id) as tx:
        await ctx.services.get(JoinService).accept(tx, ctx.actor, ConversationId(conversation_id))


@endpoint("DELETE", "/v1/joining/{conversation_id:uuid}", operation="giveUpJoining", access=SELF, status=204)
async def give_up_joining(ctx: Context, conversation_id: UUID) -> None:
    """Decline what one is asked, or withdraw what one asked."""
    async with ctx.db.write(ctx.actor.org_id) as tx:
        await ctx.services.get(JoinService).give_up(tx, ctx.actor, ConversationId(conversation_id))


def _line(link: RoomLink, known: dict[UserId, str]) -> RoomLinkLine:
    return RoomLinkLine(
        link_id=link.link_id,
        made_by=link.made_by,
        maker=known.get(link.made_by, ""),
        made_at=unix_ms(link.made_at),
        expires_at=unix_ms(link.expires_at),
        max_uses=link.max_uses,
        uses=link.uses,
        approval=link.approval,
    )


def _waiting(one: Pending, known: dict[UserId, str]) -> WaitingPerson:
    return WaitingPerson(
        user_id=one.user_id,
        display_name=known.get(one.user_id, ""),
        way="request" if one.way is Way.REQUEST else "offer",
        by=one.by_id,
        at=unix_ms(one.at),
        link_id=one.link_id,
    )


ROUTES = (
    create_room_link,
    list_room_links,
    revoke_room_link,
    preview_room_link,
    join_by_room_link,
    join_room,
    add_members,
    list_waiting,
    approve_joining,
    refuse_joining,
    list_my_joining,
    accept_offer,
    give_up_joining,
)

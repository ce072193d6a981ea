"""Routes of closing and of who is responsible for a room: parse, call, answer."""

from typing import Literal
from uuid import UUID

import msgspec

from amana.conversations import permissions
from amana.conversations.closing.custody import Custody
from amana.conversations.closing.service import ClosingService
from amana.conversations.membership.service import MembershipService
from amana.conversations.model import MemberRole
from amana.http import SELF, Body, Context, endpoint, needs
from amana.kernel.ids import ConversationId, UserId


class Closing(Body):
    """How a room is to end; ``archived``: for the whole organisation."""

    archived: bool = False


class NewRole(Body):
    """What a member is to be; owners are named at ``…/owner``."""

    role: Literal["member", "deputy", "poster"]


class PersonInRoom(msgspec.Struct, frozen=True):
    """Somebody who could be appointed."""

    user_id: UUID
    display_name: str


class RoomInCustody(msgspec.Struct, frozen=True, kw_only=True):
    """A room without an owner in it, with some of those who are; ``title`` null: it cannot be opened."""

    conversation_id: UUID
    kind: str
    title: str | None
    members: list[PersonInRoom]


class RoomsInCustody(msgspec.Struct, frozen=True):
    """Rooms that wait for an owner; of many the first."""

    rooms: list[RoomInCustody]


@endpoint(
    "PUT", "/v1/conversations/{conversation_id:uuid}/closed", operation="closeRoom", access=SELF, status=204
)
async def close_room(ctx: Context, conversation_id: UUID, data: Closing) -> None:
    """Let nobody write in a room any more; members read on.

    Needs ``conversation.close``, or ``conversation.archive`` for ``archived``: also from outside.
    """
    service, place = ctx.services.get(ClosingService), ConversationId(conversation_id)
    async with ctx.db.write(ctx.actor.org_id) as tx:
        if data.archived:
            await service.archive(tx, ctx.actor, place)
        else:
            await service.close(tx, ctx.actor, place)


@endpoint(
    "DELETE",
    "/v1/conversations/{conversation_id:uuid}/closed",
    operation="reopenRoom",
    access=SELF,
    status=204,
)
async def reopen_room(ctx: Context, conversation_id: UUID) -> None:
    """Let people write again; an end date that is over goes.

    Needs ``conversation.close``, where the room is archived ``conversation.archive``.
    """
    async with ctx.db.write(ctx.actor.org_id) as tx:
        await ctx.services.get(ClosingService).reopen(tx, ctx.actor, ConversationId(conversation_id))


@endpoint(
    "PUT",
    "/v1/conversations/{conversation_id:uuid}/members/{user_id:uuid}/role",
    operation="changeMemberRole",
    access=SELF,
    status=204,
)
async def change_member_role(ctx: Context, conversation_id: UUID, user_id: UUID, data: NewRole) -> None:
    """Make a member a deputy, a poster or an ordinary one.

    Needs ``member.posters``, where somebody becomes or no longer is a deputy ``member.deputies``.
    """
    role = MemberRole[data.role.upper()]
    async with ctx.db.write(ctx.actor.org_id) as tx:
        await ctx.services.get(MembershipService).change_role(
            tx, ctx.actor, ConversationId(conversation_id), UserId(user_id), role
        )


@endpoint(
    "GET", "/v1/rooms-in-custody", operation="listRoomsInCustody", access=needs(permissions.OWNER_CHANGE)
)
async def list_rooms_in_custody(ctx: Context) -> RoomsInCustody:
    """List rooms whose owner is gone and in which nobody could follow: they wait for ``…/owner``."""
    async with ctx.db.read(ctx.actor.org_id) as tx:
        held = await ctx.services.get(Custody).held(tx, ctx.actor)
    return RoomsInCustody(
        [
            RoomInCustody(
                conversation_id=room.conversation_id,
                kind=room.kind.name.lower(),
                title=room.title,
                members=[PersonInRoom(user_id, name) for user_id, name in room.members],
            )
            for room in held
        ]
    )


ROUTES = (close_room, reopen_room, change_member_role, list_rooms_in_custody)

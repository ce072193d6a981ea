"""Routes for organisations, accounts, invitations and the directory: parse, call, answer."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

from litestar.params import Parameter
from msgspec import UNSET

from amana.http import SELF, Context, endpoint, needs, public
from amana.kernel.ids import ConversationId, InvitationId, UserId
from amana.people import accounts, invitations, links, permissions, setup
from amana.people.desk import Desk
from amana.people.invitations import Join
from amana.people.model import MAX_PAGE
from amana.people.setup import SetUp
from amana.people.visits import sign_in_here, visitor_of
from amana.people.wire import (
    InvitationBody,
    InvitationPreview,
    InvitationsAnswer,
    IssuedAnswer,
    JoinBody,
    MeAnswer,
    OpenInvitation,
    OrganisationAnswer,
    PeopleAnswer,
    Person,
    ProfileBody,
    RoleBody,
    SecretBody,
    SetupBody,
    SetupPreview,
    SignedInAnswer,
    as_me,
    as_person,
    role_of,
)

HOLDER = public("whoever holds the secret of the link, and nobody else")
PageSize = Annotated[int, Parameter(ge=1, le=MAX_PAGE)]


@endpoint("POST", "/v1/setup/preview", operation="previewSetup", access=HOLDER)
async def preview_setup(ctx: Context, data: SecretBody) -> SetupPreview:
    """Whether a set-up link works, and how long."""
    pending = await links.open_setup(ctx.services.get(Desk), data.secret)
    return SetupPreview(pending.expires_at)


@endpoint("POST", "/v1/setup", operation="setUp", access=HOLDER, status=201)
async def set_up(ctx: Context, data: SetupBody) -> SignedInAnswer:
    """Make the organisation and its owner, and sign the owner in."""
    wish = SetUp(
        data.secret, data.organisation, data.display_name, data.language, data.password, data.passkey
    )
    signed_in = await setup.set_up(ctx.services.get(Desk), wish, visitor_of(ctx))
    return sign_in_here(ctx, signed_in)


@endpoint(
    "POST",
    "/v1/invitations",
    operation="createInvitation",
    access=needs(permissions.INVITE),
    status=201,
)
async def create_invitation(ctx: Context, data: InvitationBody) -> IssuedAnswer:
    """Make an invitation link and its QR code."""
    desk = ctx.services.get(Desk)
    conversation_id = ConversationId(data.conversation_id) if data.conversation_id else None
    async with ctx.db.write(ctx.actor.org_id) as tx:
        issued = await invitations.create(
            desk,
            tx,
            ctx.actor,
            role=role_of(data.role),
            conversation_id=conversation_id,
            max_uses=data.max_uses,
            life=timedelta(seconds=data.expires_in_s),
        )
    made = issued.invitation
    return IssuedAnswer(
        made.invitation_id,
        issued.url,
        issued.qr_svg,
        made.role.name.lower(),
        made.conversation_id,
        made.expires_at,
        made.max_uses,
    )


@endpoint("GET", "/v1/invitations", operation="listInvitations", access=needs(permissions.INVITE))
async def list_invitations(ctx: Context) -> InvitationsAnswer:
    """Invitations that still work, newest first."""
    async with ctx.db.read(ctx.actor.org_id) as tx:
        found = await invitations.list_open(ctx.services.get(Desk), tx, ctx.actor)
    return InvitationsAnswer(
        [
            OpenInvitation(
                one.invitation_id,
                one.role.name.lower(),
                one.conversation_id,
                one.invited_by,
                inviter,
                one.created_at,
                one.expires_at,
                one.max_uses,
                one.uses,
            )
            for one, inviter in found
        ]
    )


@endpoint(
    "DELETE",
    "/v1/invitations/{invitation_id:uuid}",
    operation="revokeInvitation",
    access=needs(permissions.INVITE),
    status=204,
)
async def revoke_invitation(ctx: Context, invitation_id: UUID) -> None:
    """Withdraw an invitation; its link stops working at once."""
    async with ctx.db.write(ctx.actor.org_id) as tx:
        await invitations.revoke(ctx.services.get(Desk), tx, ctx.actor, InvitationId(invitation_id))


@endpoint("POST", "/v1/invitations/preview", operation="previewInvitation", access=HOLDER)
async def preview_invitation(ctx: Context, data: SecretBody) -> InvitationPreview:
    """What the holder of an invitation would join."""
    seen = await invitations.preview(ctx.services.get(Desk), data.secret)
    return InvitationPreview(seen.organisation, seen.inviter, seen.conversation_title, seen.expires_at)


@endpoint("POST", "/v1/join", operation="join", access=HOLDER, status=201)
async def join(ctx: Context, data: JoinBody) -> SignedInAnswer:
    """Join with an invitation and sign in."""
    wish = Join(data.secret, data.display_name, data.language, data.password, data.passkey)
    signed_in, conversation_id = await invitations.join(ctx.services.get(Desk), wish, visitor_of(ctx))
    return sign_in_here(ctx, signed_in, conversation_id=conversation_id)


@endpoint("GET", "/v1/me", operation="getMe", access=SELF)
async def get_me(ctx: Context) -> MeAnswer:
    """Who is signed in."""
    return await _me(ctx)


@endpoint("PATCH", "/v1/me", operation="changeMe", access=SELF)
async def change_me(ctx: Context, data: ProfileBody) -> MeAnswer:
    """Change one's own name or language."""
    async with ctx.db.write(ctx.actor.org_id) as tx:
        await accounts.change_profile(
            ctx.services.get(Desk),
            tx,
            ctx.actor,
            display_name=None if data.display_name is UNSET else data.display_name,
            language=None if data.language is UNSET else data.language,
        )
    return await _me(ctx)


@endpoint("GET", "/v1/people", operation="listPeople", access=SELF)
async def list_people(ctx: Context, after: UUID | None = None, limit: PageSize = 100) -> PeopleAnswer:
    """The directory, page by page; guests see whom they share a conversation with."""
    async with ctx.db.read(ctx.actor.org_id) as tx:
        found = await accounts.list_people(
            ctx.services.get(Desk), tx, ctx.actor, after=UserId(after) if after else None, limit=limit
        )
    following = found[-1].user_id if len(found) == limit else None
    return PeopleAnswer([as_person(account) for account in found], following)


@endpoint(
    "PUT",
    "/v1/people/{user_id:uuid}/role",
    operation="changeRole",
    access=needs(permissions.ROLES),
)
async def change_role(ctx: Context, user_id: UUID, data: RoleBody) -> Person:
    """Give somebody another role."""
    async with ctx.db.write(ctx.actor.org_id) as tx:
        account = await accounts.change_role(
            ctx.services.get(Desk), tx, ctx.actor, UserId(user_id), role_of(data.role)
        )
    return as_person(account)


ROUTES = (
    preview_setup,
    set_up,
    create_invitation,
    list_invitations,
    revoke_invitation,
    preview_invitation,
    join,
    get_me,
    change_me,
    list_people,
    change_role,
)


async def _me(ctx: Context) -> MeAnswer:
    async with ctx.db.read(ctx.actor.org_id) as tx:
        account = await accounts.me(tx, ctx.actor)
        position = await ctx.services.get(Desk).log.user_position(tx, ctx.actor.user_id)
    organisation = await ctx.services.get(Desk).organisation()
    return MeAnswer(
        as_me(account),
        OrganisationAnswer(organisation.org_id, organisation.name),
        ctx.actor.session_id,
        position,
    )

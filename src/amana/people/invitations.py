"""Invitations: the only way into an organisation that exists."""

import io
from dataclasses import dataclass
from datetime import datetime, timedelta

import segno

from amana.kernel.actor import Actor, Role
from amana.kernel.ids import ConversationId, InvitationId, UserId
from amana.people import (
    accounts,
    ceremonies,
    entry_queries,
    links,
    permissions,
    queries,
    sessions,
    tokens,
)
from amana.people.ceremonies import NewPasskey
from amana.people.desk import Desk
from amana.people.device_label import device_label
from amana.people.errors import InvitationRevoked, InvitationUnknown, InvitationUsedUp, RoleTooHigh
from amana.people.model import MAX_PAGE, Account, Invitation, SignedIn, Visitor
from amana.people.names import clean_name
from amana.storage.database import Tx


@dataclass(frozen=True, slots=True)
class Issued:
    """A fresh invitation: the only moment its link exists on the server."""

    invitation: Invitation
    url: str
    qr_svg: str


@dataclass(frozen=True, slots=True)
class Preview:
    """What the holder of a link is told before they join."""

    organisation: str
    inviter: str
    conversation_title: str | None
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Join:
    """What somebody who joins says."""

    secret: str
    display_name: str
    language: str
    password: str | None
    passkey: NewPasskey | None


async def create(
    desk: Desk,
    tx: Tx,
    actor: Actor,
    *,
    role: Role,
    conversation_id: ConversationId | None,
    max_uses: int,
    life: timedelta,
) -> Issued:
    """Make an invitation link.

    Raises:
        NotPermitted: the caller may not invite.
        RoleTooHigh: ``role`` is not below the caller's own.
        ConversationUnknown: the caller may not bring people into that conversation.
    """
    permissions.require(permissions.INVITE, actor.role)
    if role >= actor.role:
        raise RoleTooHigh
    if conversation_id is not None:
        await desk.rooms.require_may_invite(tx, actor, conversation_id)
    now = desk.clock.now()
    secret = tokens.new_secret(desk.entropy)
    invitation = Invitation(
        actor.org_id,
        InvitationId(desk.ids.new()),
        role,
        conversation_id,
        actor.user_id,
        now,
        now + life,
        max_uses,
        0,
        None,
    )
    await entry_queries.insert_invitation(tx, invitation, tokens.secret_hash(secret))
    await _record(desk, tx, actor, "invitation.created", invitation.invitation_id, now=now, role=role)
    url = f"{desk.public_url}/join#{secret}"
    return Issued(invitation, url, qr_svg(url))


async def list_open(desk: Desk, tx: Tx, actor: Actor) -> list[tuple[Invitation, str]]:
    """Invitations that still work, each with the name of who made it.

    Raises:
        NotPermitted: the caller may not invite.
    """
    permissions.require(permissions.INVITE, actor.role)
    found = await entry_queries.list_invitations(tx, now=desk.clock.now(), limit=MAX_PAGE)
    names = await queries.names(tx, [invitation.invited_by for invitation in found])
    return [(invitation, names.get(invitation.invited_by, "")) for invitation in found]


async def revoke(desk: Desk, tx: Tx, actor: Actor, invitation_id: InvitationId) -> None:
    """Withdraw an invitation: its link stops working at once.

    Raises:
        NotPermitted: the caller may not invite.
        InvitationUnknown: there is none that was still open.
    """
    permissions.require(permissions.INVITE, actor.role)
    now = desk.clock.now()
    if not await entry_queries.revoke_invitation(tx, invitation_id, now=now):
        raise InvitationUnknown
    await _record(desk, tx, actor, "invitation.revoked", invitation_id, now=now)


async def preview(desk: Desk, secret: str) -> Preview:
    """What the holder of ``secret`` would join.

    Raises:
        InvitationUnknown, InvitationRevoked, InvitationExpired, InvitationUsedUp: it does not work.
    """
    invitation = await links.open_invitation(desk, secret)
    organisation = await desk.organisation()
    title = None
    async with desk.db.read(invitation.org_id) as tx:
        found = await queries.find_account(tx, invitation.invited_by)
        inviter = await _require_backed(desk, tx, invitation, found)
        if invitation.conversation_id is not None:
            title = await desk.rooms.title(tx, invitation.org_id, invitation.conversation_id)
    return Preview(organisation.name, inviter.display_name, title, invitation.expires_at)


async def join(desk: Desk, wish: Join, visitor: Visitor) -> tuple[SignedIn, ConversationId | None]:
    """Become a person of the organisation and sign in.

    Raises:
        InvitationUnknown, InvitationRevoked, InvitationExpired, InvitationUsedUp: it does not work;
            an invitation whose maker could no longer make it counts as revoked.
        NameInvalid: the name cannot be used.
        SignInMethodMissing, PasskeyRefused, PasswordTooShort, PasswordTooLong, PasswordTooCommon:
            the person could not come back this way.
    """
    name = clean_name(wish.display_name)
    invitation = await links.open_invitation(desk, wish.secret)
    organisation = await desk.organisation()
    kept_id, password_hash, passkey = await ceremonies.new_method(
        desk, wish.password, wish.passkey, secret=wish.secret, names=(name, organisation.name)
    )
    now = desk.clock.now()
    async with desk.db.write(invitation.org_id) as tx:
        await _use(tx, wish.secret, now=now)
        # Locked: a demotion that is under way is waited for, so that it cannot be slipped past.
        await _require_backed(desk, tx, invitation, await queries.lock_account(tx, invitation.invited_by))
        account = await accounts.create(
            tx,
            invitation.org_id,
            user_id=kept_id or UserId(desk.ids.new()),
            display_name=name,
            role=invitation.role,
            language=wish.language,
            password_hash=password_hash,
            passkey=passkey,
            passkey_label=device_label(visitor.user_agent),
            now=now,
        )
        signed_in = await sessions.begin(
            desk, tx, organisation, account, visitor, how="passkey" if passkey else "password", now=now
        )
        await _record(
            desk, tx, signed_in.actor, "person.joined", invitation.invitation_id, now=now, role=account.role
        )
        if invitation.conversation_id is not None:
            await desk.rooms.on_join(tx, signed_in.actor, invitation.conversation_id)
    return signed_in, invitation.conversation_id


def qr_svg(url: str) -> str:
    """The link as a QR code: SVG text without scripts or styles."""
    out = io.BytesIO()
    code = segno.make(url, error="m", micro=False)
    # The border is the quiet zone: scanners need it on dark pages too.
    code.save(out, kind="svg", xmldecl=False, scale=4, border=4, dark="#000", light="#fff")
    return out.getvalue().decode().strip()


async def _use(tx: Tx, secret: str, *, now: datetime) -> None:
    """Count one use; whoever loses the race for the last one hears the reason."""
    digest = tokens.secret_hash(secret)
    if await entry_queries.use_invitation(tx, digest, now=now):
        return
    invitation = await entry_queries.find_invitation(tx, digest)
    if invitation is None:
        raise InvitationUnknown
    links.require_open(invitation, now)
    raise InvitationUsedUp


async def _require_backed(desk: Desk, tx: Tx, invitation: Invitation, inviter: Account | None) -> Account:
    """The maker of an invitation, who could make the same one now.

    Raises:
        InvitationRevoked: they are gone, stand too low by now, or may not bring people into the room.
    """
    if inviter is None or invitation.role >= inviter.role:
        raise InvitationRevoked
    if not permissions.may(permissions.INVITE, inviter.role):
        raise InvitationRevoked
    room = invitation.conversation_id
    if room is not None and not await desk.rooms.may_still_invite(tx, inviter.user_id, inviter.role, room):
        raise InvitationRevoked
    return inviter


async def _record(
    desk: Desk,
    tx: Tx,
    actor: Actor,
    action: str,
    invitation_id: InvitationId,
    *,
    now: datetime,
    role: Role | None = None,
) -> None:
    await desk.evidence.record(
        tx,
        org_id=actor.org_id,
        actor_id=actor.user_id,
        action=action,
        subject=invitation_id,
        now=now,
        detail={"role": role.name.lower()} if role else {},
    )

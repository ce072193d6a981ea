"""Secrets that travel in the fragment of a link: who holds which, and is it still good."""

from datetime import datetime

from amana.kernel.ids import OrgId, UserId
from amana.people import entry_queries, queries, tokens
from amana.people.desk import Desk
from amana.people.errors import (
    InvitationExpired,
    InvitationRevoked,
    InvitationUnknown,
    InvitationUsedUp,
    SetupExpired,
    SetupUnknown,
    SetupUsed,
)
from amana.people.model import Invitation, PendingSetup


async def open_setup(desk: Desk, secret: str) -> PendingSetup:
    """The set-up link behind ``secret``.

    Raises:
        SetupUsed: the organisation exists.
        SetupUnknown: no such link, or a newer one replaced it.
        SetupExpired: it is older than 30 minutes; starting the server again makes a new one.
    """
    async with desk.db.system() as tx:
        pending = await entry_queries.find_setup(tx, tokens.secret_hash(secret))
        organisation = await queries.find_organisation(tx)
    if organisation is not None or (pending is not None and pending.is_used):
        raise SetupUsed
    if pending is None:
        raise SetupUnknown
    if pending.expires_at <= desk.clock.now():
        raise SetupExpired
    return pending


async def open_invitation(desk: Desk, secret: str) -> Invitation:
    """The invitation behind ``secret``. Why it no longer works is told to its holder only.

    Raises:
        InvitationUnknown: no such invitation.
        InvitationRevoked, InvitationExpired, InvitationUsedUp: it was good once.
    """
    async with desk.db.system() as tx:
        invitation = await entry_queries.find_invitation(tx, tokens.secret_hash(secret))
    if invitation is None:
        raise InvitationUnknown
    require_open(invitation, desk.clock.now())
    return invitation


def require_open(invitation: Invitation, now: datetime) -> None:
    """Raise Gone with the reason unless the invitation still lets somebody in."""
    if invitation.revoked_at is not None:
        raise InvitationRevoked
    if invitation.expires_at <= now:
        raise InvitationExpired
    if invitation.uses >= invitation.max_uses:
        raise InvitationUsedUp


async def holder_of(desk: Desk, secret: str) -> tuple[OrgId, UserId, str]:
    """For whoever holds any link: organisation id, the user id they would get, organisation name.

    Raises:
        SetupExpired, InvitationRevoked, InvitationExpired, InvitationUsedUp: it was good once.
        InvitationUnknown: it is nobody's secret.
    """
    try:
        invitation = await open_invitation(desk, secret)
    except InvitationUnknown:
        async with desk.db.system() as tx:
            if await entry_queries.find_setup(tx, tokens.secret_hash(secret)) is None:
                raise
        pending = await open_setup(desk, secret)
        return pending.org_id, pending.user_id, "Amana"
    organisation = await desk.organisation()
    return invitation.org_id, UserId(desk.ids.new()), organisation.name

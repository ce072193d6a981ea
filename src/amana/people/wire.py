"""What people's routes take and give: the JSON shapes."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import UNSET, Meta, Struct, UnsetType

from amana.http import Body
from amana.kernel.actor import Role
from amana.people.ceremonies import NewPasskey
from amana.people.model import MAX_INVITATION_LIFE, MAX_INVITATION_USES, Account, Language
from amana.people.passkeys import UsedCredential

# Wider than the rules on purpose: what is merely too long gets the sentence that says so.
Name = Annotated[str, Meta(max_length=1000)]
Secret = Annotated[str, Meta(min_length=1, max_length=200)]
Password = Annotated[str, Meta(max_length=1000)]
RoleName = Literal["guest", "member", "admin", "owner"]
InvitedRole = Literal["guest", "member", "admin"]
MAX_LIFE_S = int(MAX_INVITATION_LIFE.total_seconds())


class SecretBody(Body):
    """The secret from a link's fragment."""

    secret: Secret


class SetupBody(Body):
    """The first person: which organisation, who, and how they will come back."""

    secret: Secret
    organisation: Name
    display_name: Name
    language: Language
    password: Password | None = None
    passkey: NewPasskey | None = None


class JoinBody(Body):
    """Somebody with an invitation: who, and how they will come back."""

    secret: Secret
    display_name: Name
    language: Language
    password: Password | None = None
    passkey: NewPasskey | None = None


class InvitationBody(Body):
    """An invitation to make."""

    conversation_id: UUID | None = None
    role: InvitedRole = "member"
    max_uses: Annotated[int, Meta(ge=1, le=MAX_INVITATION_USES)] = 1
    expires_in_s: Annotated[int, Meta(ge=60, le=MAX_LIFE_S)] = 7 * 24 * 3600


class PasskeyOptionsBody(Body):
    """For whom a passkey is to be made: the holder of ``secret``, else who is signed in.

    ``current_password`` is the fresh proof of somebody who did not sign in just now.
    """

    secret: Secret | None = None
    display_name: Name | None = None
    current_password: Password | None = None


class PasswordSignInBody(Body):
    """Handle and password."""

    handle: Annotated[str, Meta(max_length=200)]
    password: Password


class PasskeySignInBody(Body):
    """The authenticator's answer to ``/v1/sign-in/options``."""

    challenge_id: UUID
    credential: UsedCredential


class PasswordBody(Body):
    """A new password; ``current`` when there is one already."""

    new: Password
    current: Password | None = None


class ProfileBody(Body):
    """What to change about oneself; what is left out stays."""

    display_name: Name | UnsetType = UNSET
    language: Language | UnsetType = UNSET


class RoleBody(Body):
    """A role to give."""

    role: RoleName


class OrganisationAnswer(Struct, frozen=True):
    """The organisation."""

    org_id: UUID
    name: str


class Person(Struct, frozen=True):
    """Somebody in the directory. Of an ``erased`` person the id is left; clients show words of their own."""

    user_id: UUID
    display_name: str
    handle: str
    role: str
    erased: bool = False


class Me(Struct, frozen=True):
    """Oneself."""

    user_id: UUID
    display_name: str
    handle: str
    role: str
    language: str


class MeAnswer(Struct, frozen=True):
    """Who is signed in, where, and how far the private log reaches."""

    person: Me
    organisation: OrganisationAnswer
    session_id: UUID
    user_pos: int


class PeopleAnswer(Struct, frozen=True):
    """A page of the directory; ``next`` continues it."""

    people: list[Person]
    next: UUID | None


class SignedInAnswer(Struct, frozen=True):
    """A new session. Its token is in the ``__Host-amana`` cookie only, where no script can read it."""

    organisation: OrganisationAnswer
    person: Me
    session_id: UUID
    conversation_id: UUID | None = None


class SetupPreview(Struct, frozen=True):
    """The set-up link works."""

    expires_at: datetime


class InvitationPreview(Struct, frozen=True):
    """What one would join."""

    organisation: str
    inviter: str
    conversation_title: str | None
    expires_at: datetime


class IssuedAnswer(Struct, frozen=True):
    """A fresh invitation. The link is shown now and never again."""

    invitation_id: UUID
    url: str
    qr_svg: str
    role: str
    conversation_id: UUID | None
    expires_at: datetime
    max_uses: int


class OpenInvitation(Struct, frozen=True):
    """An invitation that still works."""

    invitation_id: UUID
    role: str
    conversation_id: UUID | None
    invited_by: UUID
    inviter: str
    created_at: datetime
    expires_at: datetime
    max_uses: int
    uses: int


class InvitationsAnswer(Struct, frozen=True):
    """Invitations that still work, newest first."""

    invitations: list[OpenInvitation]


class SessionAnswer(Struct, frozen=True):
    """A device that is signed in; ``current`` is the one that asks."""

    session_id: UUID
    label: str
    created_at: datetime
    last_seen_at: datetime
    current: bool


class SessionsAnswer(Struct, frozen=True):
    """Devices that are signed in, the latest seen first."""

    sessions: list[SessionAnswer]


class PasskeyAnswer(Struct, frozen=True):
    """A passkey; ``credential_id`` is the browser's ``id`` of it."""

    credential_id: str
    label: str
    created_at: datetime
    last_used_at: datetime | None


class PasskeysAnswer(Struct, frozen=True):
    """One's own passkeys, the oldest first."""

    passkeys: list[PasskeyAnswer]


class EndedAnswer(Struct, frozen=True):
    """How many devices were signed out."""

    ended: int


def role_of(name: str) -> Role:
    """The role behind its name in the API."""
    return Role[name.upper()]


def as_me(account: Account) -> Me:
    """One's own account as the API shows it."""
    return Me(
        account.user_id,
        account.display_name,
        account.handle,
        account.role.name.lower(),
        account.language,
    )


def as_person(account: Account) -> Person:
    """Somebody else's account as the API shows it."""
    return Person(
        account.user_id,
        account.display_name,
        account.handle,
        account.role.name.lower(),
        account.is_erased,
    )

"""What the people domain speaks of."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from amana.kernel.actor import Actor, Role
from amana.kernel.ids import ConversationId, DeviceId, InvitationId, OrgId, SessionId, UserId
from amana.kernel.limits import Limit

# What somebody showed to be let in.
Proof = Literal["password", "passkey"]
Language = Literal["en", "de", "et", "ar"]

SETUP_LINK_LIFE = timedelta(minutes=30)
CHALLENGE_LIFE = timedelta(minutes=5)
FRESH_PROOF = timedelta(minutes=5)
SESSION_IDLE_LIFE = timedelta(days=30)
SESSION_LIFE = timedelta(days=180)
LAST_SEEN_STEP = timedelta(minutes=5)
MAX_INVITATION_USES = 1000
MAX_INVITATION_LIFE = timedelta(days=90)
MAX_PASSKEYS = 20
MAX_PAGE = 200

LIMITS = (
    Limit("people.name_characters", 80, "characters", "A name fits on one line of a phone."),
    Limit("people.password_min", 10, "characters", "Shorter ones are guessed from a stolen hash."),
    Limit("people.password_max", 256, "characters", "Hashing must not become a way to keep the server busy."),
    Limit("people.setup_link", 30, "minutes", "Whoever reads the terminal later must not become the owner."),
    Limit("people.challenge", 5, "minutes", "Time to find the security key."),
    Limit("people.fresh_proof", 5, "minutes", "A screen left open must not become an account for ever."),
    Limit("people.session_idle", 30, "days", "A device nobody uses any more signs itself out."),
    Limit("people.session_life", 180, "days", "Even a used device proves twice a year whose it is."),
    Limit("people.invitation_uses", MAX_INVITATION_USES, "people", "A link on a wall is for one department."),
    Limit("people.invitation_life", 90, "days", "Forgotten links must stop working."),
    Limit("people.passkeys", MAX_PASSKEYS, "passkeys per person", "More is a script, not a person."),
)


@dataclass(frozen=True, slots=True)
class Organisation:
    """The company. ``device_key`` is sealed."""

    org_id: OrgId
    name: str
    device_key: bytes


@dataclass(frozen=True, slots=True)
class PendingSetup:
    """A set-up link and the ids that are kept for what it will make."""

    org_id: OrgId
    user_id: UserId
    expires_at: datetime
    is_used: bool


@dataclass(frozen=True, slots=True)
class Account:
    """A person. ``password_hash`` is None for people who have only passkeys; an erased one is an id."""

    user_id: UserId
    display_name: str
    handle: str
    role: Role
    language: str
    password_hash: str | None
    is_erased: bool = False


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in device as its owner sees it."""

    session_id: SessionId
    device_id: DeviceId
    label: str
    created_at: datetime
    last_seen_at: datetime


@dataclass(frozen=True, slots=True)
class OwnPasskey:
    """A passkey as its owner sees it. ``label`` names the browser that made it."""

    credential_id: bytes
    label: str
    created_at: datetime
    last_used_at: datetime | None


@dataclass(frozen=True, slots=True)
class Invitation:
    """A link that lets ``max_uses`` people join; its secret is known to its holders only."""

    org_id: OrgId
    invitation_id: InvitationId
    role: Role
    conversation_id: ConversationId | None
    invited_by: UserId
    created_at: datetime
    expires_at: datetime
    max_uses: int
    uses: int
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class Challenge:
    """An open passkey ceremony, taken out of the database: it cannot be answered again."""

    org_id: OrgId
    challenge: bytes
    purpose: str
    secret_hash: bytes | None
    user_id: UserId | None
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Visitor:
    """The browser that asks, before we know who sits in front of it.

    Attributes:
        network: address or /64, for throttling.
        device_pass: value of the known-device cookie, as sent.
        actor: who was signed in there before this request.
    """

    user_agent: str
    network: str
    device_pass: str
    actor: Actor | None


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A new session: the only moment its token exists outside the browser."""

    actor: Actor
    token: str
    device_pass: str
    person: Account
    organisation: str

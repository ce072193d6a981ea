"""Links, requests and offers, and the rules about them that need no database."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Final, Literal
from uuid import UUID

from amana.conversations.joining.errors import LinkExpired, LinkRevoked, LinkUsedUp, RoomLinkNotFound
from amana.kernel.entropy import Entropy
from amana.kernel.ids import ConversationId, OrgId, UserId
from amana.kernel.limits import Limit
from amana.people import tokens

MAX_USES: Final = 1_000
USUAL_USES: Final = 100
MAX_LIFE: Final = timedelta(days=90)
USUAL_LIFE: Final = timedelta(days=7)
MAX_LINKS: Final = 50
_SECRET_BYTES: Final = 16 + tokens.SECRET_BYTES

LIMITS = (
    Limit("joining.link_uses", MAX_USES, "uses", "Who means everybody makes the room open."),
    Limit("joining.link_days", MAX_LIFE.days, "days", "A link nobody remembers is nobody's responsibility."),
    Limit("joining.links", MAX_LINKS, "working links", "In one room; so many can still be looked through."),
)

Outcome = Literal["joined", "requested", "member"]
Brought = Literal["added", "offered", "member", "refused"]


@dataclass(frozen=True, slots=True)
class RoomLink:
    """One link as stored; the secret itself is with its holders only."""

    org_id: OrgId
    conversation_id: ConversationId
    link_id: UUID
    made_by: UserId
    made_at: datetime
    expires_at: datetime
    max_uses: int
    uses: int
    approval: bool
    revoked_at: datetime | None

    def require_open(self, now: datetime) -> None:
        """Raise LinkRevoked, LinkExpired or LinkUsedUp unless it still lets somebody in."""
        if self.revoked_at is not None:
            raise LinkRevoked
        if self.expires_at <= now:
            raise LinkExpired
        if self.uses >= self.max_uses:
            raise LinkUsedUp


class Way(IntEnum):
    """Who waits for whose answer; final once released."""

    REQUEST = 1
    OFFER = 2


@dataclass(frozen=True, slots=True)
class Pending:
    """Somebody asks to come in, or is asked to.

    Attributes:
        by_id: who offered it; of a request the person.
    """

    conversation_id: ConversationId
    user_id: UserId
    way: Way
    by_id: UserId
    at: datetime
    link_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class PersonBrought:
    """What became of one of several people; ``refusal`` is a stable code."""

    user_id: UserId
    outcome: Brought
    refusal: str | None = None


def new_secret(conversation_id: ConversationId, entropy: Entropy) -> str:
    """A secret for a link: it says where to look, and proves the rest with 32 random bytes."""
    return tokens.encode(conversation_id.bytes + entropy.token_bytes(tokens.SECRET_BYTES))


def parse_secret(secret: str) -> tuple[ConversationId, bytes]:
    """The room of a secret, and what is stored of it; raises RoomLinkNotFound when it cannot be one."""
    raw = tokens.decode(secret)
    if raw is None or len(raw) != _SECRET_BYTES:
        raise RoomLinkNotFound
    return ConversationId(UUID(bytes=raw[:16])), tokens.secret_hash(secret)

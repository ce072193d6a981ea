"""What a token is, and what it may be made for."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final, Literal
from uuid import UUID

from amana.kernel.limits import Limit

ScopeName = Literal[
    "messages:read", "messages:write", "rooms:manage", "people:read", "personal", "account", "admin"
]
# Which endpoint and which frame needs which is one table: ``app/scopes.py``.
SCOPES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "messages:read": "Read conversations, messages and events, and listen on the socket.",
        "messages:write": "Send, change and remove messages, react, vote and move read markers.",
        "rooms:manage": "Make conversations, change their settings and say who is in them.",
        "people:read": "Read the directory.",
        "personal": "Read and change drafts, stars, folders, reminders and preferences.",
        "account": "Change name, devices, passkeys, password and tokens; a fresh proof is asked as ever.",
        "admin": "Invite, give roles and erase people, as far as the person's own role allows it.",
    }
)
MAX_TOKENS: Final = 50
MAX_LIFE: Final = timedelta(days=365)

LIMITS: Final = (
    Limit("people.api_tokens", MAX_TOKENS, "tokens per person", "One for each program, not for each run."),
    Limit("people.api_token_life", MAX_LIFE.days, "days", "A token nobody remembers must end by itself."),
)


@dataclass(frozen=True, slots=True)
class NewToken:
    """What somebody wants: ``name`` says what it is for."""

    name: str
    scopes: frozenset[ScopeName]
    life: timedelta


@dataclass(frozen=True, slots=True)
class ApiToken:
    """A token as its owner sees it; ``name`` is still sealed in queries and open in the service's answers."""

    token_id: UUID
    name: str
    scopes: frozenset[str]
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None

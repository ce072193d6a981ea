"""Who is asking."""

from dataclasses import dataclass
from enum import IntEnum

from amana.kernel.ids import DeviceId, OrgId, SessionId, UserId


class Role(IntEnum):
    """Standing in the organisation. No role contains reading other people's content."""

    GUEST = 1
    MEMBER = 2
    ADMIN = 3
    OWNER = 4


@dataclass(frozen=True, slots=True)
class Actor:
    """A signed-in person on one device.

    Attributes:
        language: the person's own choice, one of ``en de et ar``.
        scopes: what a program with an API token may do of all that the person may; None: everything.
            Such a token's id stands as ``session_id``.
    """

    org_id: OrgId
    user_id: UserId
    device_id: DeviceId
    session_id: SessionId
    role: Role
    language: str
    scopes: frozenset[str] | None = None

"""What an entry of the administrative record holds."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from amana.kernel.ids import OrgId, UserId
from amana.vault import Unreadable

Detail = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Entry:
    """One administrative change.

    Attributes:
        id: UUIDv7; ordered by time.
        actor_id: who did it; None for the server itself.
        action: dotted name, ``invitation.created``.
        subject: the id of what it happened to.
        detail: JSON object; ``Unreadable`` when anything in the entry was changed.
    """

    org_id: OrgId
    id: UUID
    at: datetime
    actor_id: UserId | None
    action: str
    subject: UUID | None
    detail: Detail | Unreadable

"""What a person's own log says of coming in. Stored in the clear: ids, times, words of the protocol."""

from typing import Final
from uuid import UUID

import msgspec

from amana.kernel.feature import EventKind

JOIN_REQUESTED: Final = 13
JOIN_OFFERED: Final = 14
JOIN_SETTLED: Final = 15


class JoinRequested(msgspec.Struct, frozen=True, kw_only=True):
    """``user_id`` asks to come in; told to them, to the owner and to deputies. ``at`` in Unix ms."""

    user_id: UUID
    at: int


class JoinOffered(msgspec.Struct, frozen=True, kw_only=True):
    """``by`` asks the person to come in. ``at`` in Unix milliseconds."""

    by: UUID
    at: int


class JoinSettled(msgspec.Struct, frozen=True, kw_only=True):
    """What ``user_id`` asked, or was asked, is over.

    ``outcome`` is ``joined``, ``declined`` or ``withdrawn``. Told to them, to the owner and deputies, and to
    who made the offer.
    """

    user_id: UUID
    by: UUID
    outcome: str


USER_KINDS = (
    EventKind(JOIN_REQUESTED, "join.requested", False, JoinRequested),
    EventKind(JOIN_OFFERED, "join.offered", False, JoinOffered),
    EventKind(JOIN_SETTLED, "join.settled", False, JoinSettled),
)


def detail_of(payload: msgspec.Struct) -> dict[str, object]:
    """The body of a private event."""
    fields: dict[str, object] = msgspec.to_builtins(payload)
    return fields

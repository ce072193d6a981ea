"""What a person sees of rooms they are not in yet: their offers and requests."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from amana.conversations.joining.model import Way
from amana.conversations.joining.service import WaitingRoom
from amana.kernel.clock import unix_ms


class OfferLine(msgspec.Struct, frozen=True, kw_only=True):
    """A room that ``by`` asks the person to come into; ``at`` in Unix milliseconds."""

    conversation_id: UUID
    by: UUID
    at: int
    kind: str
    title: str | None
    purpose: str | None
    members_count: int


class RequestLine(msgspec.Struct, frozen=True, kw_only=True):
    """A room that the person asks to come into; ``at`` in Unix milliseconds."""

    conversation_id: UUID
    at: int


class MyJoining(msgspec.Struct, frozen=True, kw_only=True):
    """Rooms that the person is not in yet, the newest first."""

    offers: list[OfferLine]
    requests: list[RequestLine]


def my_joining(found: Sequence[WaitingRoom]) -> MyJoining:
    """The same as clients see it."""
    return MyJoining(
        offers=[_offer(room) for room in found if room.pending.way is Way.OFFER],
        requests=[
            RequestLine(conversation_id=room.pending.conversation_id, at=unix_ms(room.pending.at))
            for room in found
            if room.pending.way is Way.REQUEST
        ],
    )


def _offer(room: WaitingRoom) -> OfferLine:
    return OfferLine(
        conversation_id=room.pending.conversation_id,
        by=room.pending.by_id,
        at=unix_ms(room.pending.at),
        kind=room.kind.name.lower(),
        title=room.title,
        purpose=room.purpose,
        members_count=room.members_count,
    )

"""What a person's own log says of what they have scheduled: ids, numbers and times."""

from typing import Final
from uuid import UUID

import msgspec

from amana.conversations.scheduling.model import Kind, Scheduled, State
from amana.kernel.clock import unix_ms
from amana.kernel.ids import UserId

SCHEDULE_CHANGED: Final = 12

KINDS: Final = {Kind.HELD: "held", Kind.ONCE: "once", Kind.RECURRING: "recurring"}
STATES: Final = {
    State.WAITING: "waiting",
    State.SENT: "sent",
    State.CANCELLED: "cancelled",
    State.FAILED: "failed",
}
# It is somebody else's now.
HANDED_OVER: Final = "handed_over"


class ScheduleChanged(msgspec.Struct, frozen=True, kw_only=True):
    """How a scheduled message of mine stands now.

    ``waiting`` and ``failed`` ones are in my list; with any other ``state`` it leaves it. A larger
    ``revision`` than the one I hold means that its text changed, too. ``due`` in Unix milliseconds;
    ``reason`` is the code of the refusal that ended it, ``seq`` the place where it was said last.
    """

    schedule_id: UUID
    kind: str
    state: str
    due: int | None
    revision: int
    sent_count: int
    seq: int | None
    reason: str | None


def detail_of(item: Scheduled, *, for_whom: UserId) -> dict[str, object]:
    """The body of the private event for one person."""
    state = STATES[item.state] if for_whom == item.owner_id else HANDED_OVER
    body = ScheduleChanged(
        schedule_id=item.schedule_id,
        kind=KINDS[item.kind],
        state=state,
        due=None if item.due is None else unix_ms(item.due),
        revision=item.revision,
        sent_count=item.sent_count,
        seq=item.last_seq,
        reason=item.reason,
    )
    return {**msgspec.structs.asdict(body), "schedule_id": str(item.schedule_id)}

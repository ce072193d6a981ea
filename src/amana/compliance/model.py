"""What the compliance domain speaks of."""

from dataclasses import dataclass
from datetime import datetime

from amana.kernel.ids import ConversationId, OrgId, Seq, UserId


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonErasure:
    """The erasure of one person: the request, how far it has come, and at the end its certificate.

    Attributes:
        room: rooms before this id are done; None before the first.
        seq: in ``room``, how far what the person wrote has ended.
        rooms: conversations the person was ever in, of those that are done.
        kept: data keys that stay for another reason, such as a legal hold.
        pages_clean_at: when the last of it was out of the files of the database.
    """

    org_id: OrgId
    user_id: UserId
    requested_by: UserId
    requested_at: datetime
    room: ConversationId | None
    seq: Seq
    rooms: int
    rooms_handed_over: int
    rooms_closed: int
    messages: int
    wraps: int
    sessions: int
    passkeys: int
    private_events: int
    kept: int
    done_at: datetime | None
    pages_clean_at: datetime | None

    @property
    def state(self) -> str:
        """``running``; ``erased`` when nobody can read it; ``clean`` when it has left the files too."""
        if self.done_at is None:
            return "running"
        return "erased" if self.pages_clean_at is None else "clean"

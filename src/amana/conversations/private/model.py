"""What is private about one conversation, and the limits of this package."""

from typing import Final
from uuid import UUID

import msgspec

from amana.kernel.limits import Limit

MAX_OTHERS: Final = 3
MAX_STARS: Final = 10_000
MAX_SECTIONS: Final = 100
MAX_SECTION_NAME: Final = 60
MAX_PINNED: Final = 50
MAX_REMINDERS: Final = 500
MAX_NOTE: Final = 500

LIMITS = (
    Limit(
        "drafts.other_wordings", MAX_OTHERS, "wordings", "What several devices wrote at once; older ones go."
    ),
    Limit("stars.each", MAX_STARS, "messages", "Per person; it is a list that people read."),
    Limit("sections.each", MAX_SECTIONS, "folders", "Per person; the list is sent as a whole."),
    Limit("sections.name_characters", MAX_SECTION_NAME, "characters", "A name must fit beside the list."),
    Limit("places.pinned", MAX_PINNED, "conversations", "Per person; what is all on top is not on top."),
    Limit("reminders.each", MAX_REMINDERS, "reminders", "Per person; the list is sent as a whole."),
    Limit("reminders.note_characters", MAX_NOTE, "characters", "A note, not a document."),
)


class Switches(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where a conversation stands in a person's list; what is not said is off.

    Attributes:
        muted_until: no noise before this time (Unix milliseconds).
        archived: out of the ordinary list.
        unread_at: marked as unread; holds while it equals ``read_seq``.
        pinned_at: on top of the list since then (Unix milliseconds).
        section_id: the folder it lies in.
    """

    muted_until: int | None = None
    archived: bool = False
    unread_at: int | None = None
    pinned_at: int | None = None
    section_id: UUID | None = None


class DraftMark(msgspec.Struct, frozen=True, kw_only=True):
    """That there is a draft; its words come from the list of drafts. ``at`` in Unix milliseconds."""

    revision: int
    at: int


class MySide(Switches, frozen=True, kw_only=True, omit_defaults=True):
    """A conversation's private side: the switches, and the draft of the conversation itself."""

    draft: DraftMark | None = None

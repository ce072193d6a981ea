"""What this package writes into a person's own log. Stored in the clear: ids, numbers, switches."""

from typing import Final
from uuid import UUID

import msgspec

from amana.conversations.private.model import Switches
from amana.kernel.feature import EventKind

DRAFT_CHANGED: Final = 6
STAR_CHANGED: Final = 7
PLACE_CHANGED: Final = 8
SECTIONS_CHANGED: Final = 9
PREFERENCES_CHANGED: Final = 10
REMINDER_CHANGED: Final = 11


class DraftChanged(msgspec.Struct, frozen=True, kw_only=True):
    """A draft is another one now; its words are fetched. ``thread`` 0: of the conversation itself.

    ``at`` in Unix milliseconds; ``empty``: nothing is left of it.
    """

    thread: int
    revision: int
    at: int
    empty: bool


class StarChanged(msgspec.Struct, frozen=True, kw_only=True):
    """Message ``seq`` has a star, or has it no longer."""

    starred: bool


class PlaceChanged(Switches, frozen=True, kw_only=True, omit_defaults=True):
    """Where the conversation stands in the person's list, in full: what is not said is off."""


class SectionsChanged(msgspec.Struct, frozen=True, kw_only=True):
    """The person's folders are others now: fetch them. Conversations in ``removed`` lie in none any more."""

    removed: UUID | None


class PreferencesChanged(msgspec.Struct, frozen=True, kw_only=True):
    """The person's preferences, in full."""

    receipts: bool
    typing: bool
    presence: bool


class ReminderChanged(msgspec.Struct, frozen=True, kw_only=True):
    """A reminder of message ``seq``, or of the conversation where ``seq`` is null.

    ``state`` is ``set``, ``fired`` (the person is reminded now) or ``removed``; ``due_at`` in Unix ms.
    """

    reminder_id: UUID
    due_at: int
    state: str


USER_KINDS = (
    EventKind(DRAFT_CHANGED, "draft.changed", False, DraftChanged),
    EventKind(STAR_CHANGED, "star.changed", False, StarChanged),
    EventKind(PLACE_CHANGED, "place.changed", False, PlaceChanged),
    EventKind(SECTIONS_CHANGED, "sections.changed", False, SectionsChanged),
    EventKind(PREFERENCES_CHANGED, "preferences.changed", False, PreferencesChanged),
    EventKind(REMINDER_CHANGED, "reminder.changed", False, ReminderChanged),
)


def detail_of(payload: msgspec.Struct) -> dict[str, object]:
    """The body of a private event."""
    fields: dict[str, object] = msgspec.to_builtins(payload)
    return fields

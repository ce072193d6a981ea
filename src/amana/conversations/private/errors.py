"""Refusals about what people keep for themselves."""

from amana.conversations.private.model import (
    MAX_PINNED,
    MAX_REMINDERS,
    MAX_SECTIONS,
    MAX_STARS,
)
from amana.kernel.errors import Conflict, Invalid, NotFound


class SectionNotFound(NotFound):
    """The person has no folder with this id."""

    code = "section_not_found"

    def __init__(self) -> None:
        super().__init__("There is no such folder.")


class ReminderNotFound(NotFound):
    """The person has no reminder with this id."""

    code = "reminder_not_found"

    def __init__(self) -> None:
        super().__init__("There is no such reminder.")


class SectionNameRequired(Invalid):
    code = "section_name_required"

    def __init__(self) -> None:
        super().__init__("Give the folder a name.", field="name")


class SectionOrderInvalid(Conflict):
    """The order does not name each folder once: another device changed them meanwhile."""

    code = "section_order_invalid"

    def __init__(self) -> None:
        super().__init__("The folders have changed. Load them again.", field="section_ids")


class TooManySections(Conflict):
    code = "too_many_sections"

    def __init__(self) -> None:
        super().__init__(f"You have {MAX_SECTIONS} folders already.", limit=MAX_SECTIONS)


class TooManyStars(Conflict):
    code = "too_many_stars"

    def __init__(self) -> None:
        super().__init__(f"You have {MAX_STARS} stars already. Take some away first.", limit=MAX_STARS)


class TooManyPinned(Conflict):
    code = "too_many_pinned"

    def __init__(self) -> None:
        super().__init__(f"{MAX_PINNED} conversations are on top already.", limit=MAX_PINNED)


class TooManyReminders(Conflict):
    code = "too_many_reminders"

    def __init__(self) -> None:
        super().__init__(f"You have {MAX_REMINDERS} reminders already.", limit=MAX_REMINDERS)


ALL: tuple[type[Exception], ...] = (
    SectionNotFound,
    ReminderNotFound,
    SectionNameRequired,
    SectionOrderInvalid,
    TooManySections,
    TooManyStars,
    TooManyPinned,
    TooManyReminders,
)

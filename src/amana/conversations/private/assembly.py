"""Everything that people keep for themselves, put together."""

from amana.conversations.messages.pages import Pages
from amana.conversations.private.desk import PrivateDesk
from amana.conversations.private.drafts.service import DraftService
from amana.conversations.private.places.service import PlaceService
from amana.conversations.private.preferences.service import PreferenceService
from amana.conversations.private.reminders.firing import KIND, Reminding
from amana.conversations.private.reminders.service import ReminderService
from amana.conversations.private.sections.service import SectionService
from amana.conversations.private.stars.service import StarService
from amana.conversations.writing import Desk
from amana.storage.jobs import Jobs


class Private:
    """The services of this package."""

    def __init__(self, desk: Desk, pages: Pages, jobs: Jobs) -> None:
        tools = PrivateDesk(desk)
        self.drafts = DraftService(tools)
        self.stars = StarService(tools, pages)
        self.places = PlaceService(tools)
        self.sections = SectionService(tools)
        self.reminders = ReminderService(tools, pages)
        self.preferences = PreferenceService(tools)
        jobs.register(KIND, Reminding(desk.log, desk.clock))

    @property
    def services(self) -> tuple[object, ...]:
        """What endpoints ask for by type."""
        return (
            self.drafts,
            self.stars,
            self.places,
            self.sections,
            self.reminders,
            self.preferences,
        )

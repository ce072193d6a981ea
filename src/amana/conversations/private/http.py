"""The routes of everything that people keep for themselves."""

from amana.conversations.private.drafts import http as drafts
from amana.conversations.private.places import http as places
from amana.conversations.private.preferences import http as preferences
from amana.conversations.private.reminders import http as reminders
from amana.conversations.private.sections import http as sections
from amana.conversations.private.stars import http as stars

ROUTES = (
    *drafts.ROUTES,
    *stars.ROUTES,
    *places.ROUTES,
    *sections.ROUTES,
    *reminders.ROUTES,
    *preferences.ROUTES,
)

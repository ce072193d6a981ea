"""Routes of preferences: parse, call, answer."""

import msgspec

from amana.conversations.private.events import PreferencesChanged
from amana.conversations.private.preferences.service import Choice, PreferenceService
from amana.http import SELF, Body, Context, endpoint


class PreferencesBody(Body):
    """What is left out stays.

    Others may see how far I have read (``receipts``), that I am writing (``typing``), that I am here
    (``presence``).
    """

    receipts: bool | msgspec.UnsetType = msgspec.UNSET
    typing: bool | msgspec.UnsetType = msgspec.UNSET
    presence: bool | msgspec.UnsetType = msgspec.UNSET


class Preferences(msgspec.Struct, frozen=True, kw_only=True):
    """What others may know of the person, as far as the room tells it at all."""

    receipts: bool
    typing: bool
    presence: bool


@endpoint("GET", "/v1/preferences", operation="showPreferences", access=SELF)
async def show_preferences(ctx: Context) -> Preferences:
    """Give the person's own preferences."""
    async with ctx.db.read(ctx.actor.org_id) as tx:
        return _shown(await ctx.services.get(PreferenceService).show(tx, ctx.actor))


@endpoint("PATCH", "/v1/preferences", operation="changePreferences", access=SELF)
async def change_preferences(ctx: Context, data: PreferencesBody) -> Preferences:
    """Change what others may know of the person, on all devices."""
    choice = Choice(data.receipts, data.typing, data.presence)
    async with ctx.db.write(ctx.actor.org_id) as tx:
        return _shown(await ctx.services.get(PreferenceService).choose(tx, ctx.actor, choice))


def _shown(chosen: PreferencesChanged) -> Preferences:
    return Preferences(receipts=chosen.receipts, typing=chosen.typing, presence=chosen.presence)


ROUTES = (show_preferences, change_preferences)

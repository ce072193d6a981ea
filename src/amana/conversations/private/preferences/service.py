"""Preferences: what others may know of a person, whatever the room says."""

from dataclasses import dataclass

import msgspec
from msgspec import UNSET, UnsetType

from amana.conversations.private.desk import PrivateDesk
from amana.conversations.private.events import PREFERENCES_CHANGED, PreferencesChanged
from amana.conversations.private.preferences import queries
from amana.kernel.actor import Actor
from amana.storage.database import Tx


@dataclass(frozen=True, slots=True)
class Choice:
    """What somebody wants to be different; ``UNSET`` keeps it."""

    receipts: bool | UnsetType = UNSET
    typing: bool | UnsetType = UNSET
    presence: bool | UnsetType = UNSET


class PreferenceService:
    """A person's own preferences."""

    def __init__(self, desk: PrivateDesk) -> None:
        self._desk = desk

    async def show(self, tx: Tx, actor: Actor) -> PreferencesChanged:
        """What holds for the person."""
        return await queries.find_preferences(tx, actor.user_id)

    async def choose(self, tx: Tx, actor: Actor, wanted: Choice) -> PreferencesChanged:
        """Change some of them; gives all. Changing nothing is no event."""
        before = await queries.find_preferences(tx, actor.user_id)
        chosen = {
            name: value
            for name in ("receipts", "typing", "presence")
            if (value := getattr(wanted, name)) is not UNSET
        }
        after = msgspec.structs.replace(before, **chosen)
        if after != before:
            await queries.put_preferences(tx, actor.org_id, actor.user_id, after)
            await self._desk.tell(tx, actor, PREFERENCES_CHANGED, after)
        return after

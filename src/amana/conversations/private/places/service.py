"""Where a conversation stands in a person's list: quiet, archived, marked as unread, on top, in a folder."""

from dataclasses import dataclass, replace
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from amana.conversations.private.desk import PrivateDesk
from amana.conversations.private.errors import SectionNotFound, TooManyPinned
from amana.conversations.private.events import PLACE_CHANGED, PlaceChanged
from amana.conversations.private.model import MAX_PINNED, MySide
from amana.conversations.private.places import queries
from amana.conversations.private.places.queries import PlaceRow
from amana.conversations.private.queries import Stay, sides
from amana.kernel.actor import Actor
from amana.kernel.clock import from_unix_ms, unix_ms
from amana.kernel.ids import ConversationId
from amana.storage.database import Tx


@dataclass(frozen=True, slots=True)
class Move:
    """What somebody wants to be different; ``UNSET`` keeps it.

    Attributes:
        muted_until: Unix milliseconds; None: not muted.
        section_id: None: in no folder.
    """

    muted_until: int | UnsetType | None = UNSET
    archived: bool | UnsetType = UNSET
    unread: bool | UnsetType = UNSET
    pinned: bool | UnsetType = UNSET
    section_id: UUID | UnsetType | None = UNSET


class PlaceService:
    """A person's own list of conversations."""

    def __init__(self, desk: PrivateDesk) -> None:
        self._desk = desk

    async def move(self, tx: Tx, actor: Actor, conversation_id: ConversationId, wanted: Move) -> MySide:
        """Change where a conversation stands; gives its private side. Changing nothing is no event.

        Raises:
            ConversationNotFound
            SectionNotFound: there is no such folder.
            TooManyPinned: too many conversations are on top already.
        """
        stay = await self._desk.hold(tx, actor, conversation_id)
        section = wanted.section_id
        if isinstance(section, UUID) and not await queries.hold_section(tx, actor.user_id, section):
            raise SectionNotFound
        before = await queries.lock_place(tx, actor.org_id, actor.user_id, conversation_id)
        place = self._moved(before, wanted, stay)
        pins = place.pinned_at is not None and before.pinned_at is None
        if pins and await queries.count_pinned(tx, actor.user_id) >= MAX_PINNED:
            raise TooManyPinned
        if place != before:
            await queries.put_place(tx, actor.user_id, conversation_id, place)
            await self._desk.tell(tx, actor, PLACE_CHANGED, _said(place), conversation_id=conversation_id)
        found = await sides(tx, actor.user_id, [conversation_id])
        return found[conversation_id]

    def _moved(self, place: PlaceRow, wanted: Move, stay: Stay) -> PlaceRow:
        now_ms = unix_ms(self._desk.clock.now())
        if wanted.muted_until is not UNSET:
            until = wanted.muted_until
            muted = None if until is None or until <= now_ms else from_unix_ms(until)
            place = replace(place, muted_until=muted)
        if wanted.archived is not UNSET:
            place = replace(place, archived=wanted.archived)
        if wanted.unread is not UNSET:
            place = replace(place, unread_at=stay.read_seq if wanted.unread else None)
        if wanted.pinned is not UNSET:
            # To the millisecond, as it is said; pinning again keeps the place.
            since = place.pinned_at or from_unix_ms(now_ms)
            place = replace(place, pinned_at=since if wanted.pinned else None)
        if wanted.section_id is not UNSET:
            place = replace(place, section_id=wanted.section_id)
        return place


def _said(place: PlaceRow) -> msgspec.Struct:
    return PlaceChanged(
        muted_until=None if place.muted_until is None else unix_ms(place.muted_until),
        archived=place.archived,
        unread_at=place.unread_at,
        pinned_at=None if place.pinned_at is None else unix_ms(place.pinned_at),
        section_id=place.section_id,
    )

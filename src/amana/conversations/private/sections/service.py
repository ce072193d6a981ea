"""A person's own folders: made, named, put in order, taken away."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from amana.conversations.model import check_text
from amana.conversations.private.desk import PrivateDesk
from amana.conversations.private.errors import (
    SectionNameRequired,
    SectionNotFound,
    SectionOrderInvalid,
    TooManySections,
)
from amana.conversations.private.events import SECTIONS_CHANGED, SectionsChanged
from amana.conversations.private.model import MAX_SECTION_NAME, MAX_SECTIONS
from amana.conversations.private.places.queries import empty_section
from amana.conversations.private.sections import queries
from amana.conversations.private.sections.queries import SectionRow
from amana.kernel.actor import Actor
from amana.storage.database import Tx
from amana.vault import PrivateSealed

PURPOSE = "section"


class Section(msgspec.Struct, frozen=True, kw_only=True):
    """One folder; ``name`` is null when it cannot be opened. What lies in it says so itself."""

    section_id: UUID
    name: str | None
    collapsed: bool


class SectionService:
    """A person's own folders."""

    def __init__(self, desk: PrivateDesk) -> None:
        self._desk = desk

    async def all(self, tx: Tx, actor: Actor) -> list[Section]:
        """Every folder in its order."""
        rows = await queries.list_sections(tx, actor.user_id)
        sealed = [PrivateSealed(PURPOSE, row.section_id, row.sealed) for row in rows]
        names = await self._desk.open(tx, actor, sealed)
        return [
            Section(
                section_id=row.section_id,
                name=name if isinstance(name, str) else None,
                collapsed=row.collapsed,
            )
            for row, name in zip(rows, names, strict=True)
        ]

    async def put(
        self, tx: Tx, actor: Actor, section_id: UUID, *, name: str, collapsed: bool
    ) -> list[Section]:
        """Make a folder at the end, or change one; gives all of them. Repeating it changes nothing.

        Raises:
            SectionNameRequired, TextTooLong, TextInvalid, TooManySections
        """
        name = " ".join(check_text(name, field="name", limit=MAX_SECTION_NAME).split())
        if not name:
            raise SectionNameRequired
        rows = await queries.lock_sections(tx, actor.user_id)
        known = {row.section_id for row in rows}
        if section_id not in known and len(known) >= MAX_SECTIONS:
            raise TooManySections
        if Section(section_id=section_id, name=name, collapsed=collapsed) in await self.all(tx, actor):
            return await self.all(tx, actor)
        sealed = await self._desk.seal(tx, actor, PURPOSE, section_id, name)
        place = max((row.place for row in rows), default=0) + 1
        await queries.put_section(
            tx, actor.org_id, actor.user_id, SectionRow(section_id, sealed, place, collapsed)
        )
        await self._tell(tx, actor)
        return await self.all(tx, actor)

    async def order(self, tx: Tx, actor: Actor, section_ids: Sequence[UUID]) -> list[Section]:
        """Put the folders in this order; gives all of them.

        Raises:
            SectionOrderInvalid: it does not name each folder once.
        """
        rows = await queries.lock_sections(tx, actor.user_id)
        now = [row.section_id for row in rows]
        if sorted(now) != sorted(section_ids):
            raise SectionOrderInvalid
        if now != list(section_ids):
            await queries.put_order(tx, actor.user_id, section_ids)
            await self._tell(tx, actor)
        return await self.all(tx, actor)

    async def take_away(self, tx: Tx, actor: Actor, section_id: UUID) -> None:
        """Take a folder away; what lay in it lies in none.

        Raises:
            SectionNotFound
        """
        if not await queries.delete_section(tx, actor.user_id, section_id):
            raise SectionNotFound
        await empty_section(tx, actor.user_id, section_id)
        await self._tell(tx, actor, removed=section_id)

    async def _tell(self, tx: Tx, actor: Actor, *, removed: UUID | None = None) -> None:
        await self._desk.tell(tx, actor, SECTIONS_CHANGED, SectionsChanged(removed=removed))

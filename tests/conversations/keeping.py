"""What people keep for themselves in the small world."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import msgspec

from amana.conversations.private.assembly import Private
from amana.conversations.private.drafts.service import Draft, Saving
from amana.conversations.private.model import MySide
from amana.conversations.private.places.service import Move
from amana.conversations.private.reminders.service import Reminder, Wish
from amana.conversations.private.sections.service import Section
from amana.conversations.private.stars.service import Star
from amana.kernel.ids import ConversationId, Seq
from amana.storage.database import Tx
from tests.conversations.world import World


@dataclass
class Keeping:
    """Each call is a transaction of its own, as a request is."""

    world: World

    @property
    def private(self) -> Private:
        return self.world.domain.private

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Tx]:
        async with self.world.database.write(self.world.org_id) as tx:
            yield tx

    async def save(self, name: str, room: ConversationId, text: str, revision: int, **more: Any) -> Draft:
        """Save from the person's own device, or from another one (``device``)."""
        actor = replace(self.world[name], device_id=more.pop("device", self.world[name].device_id))
        async with self.write() as tx:
            saving = Saving(room, text, revision, **more)
            return await self.private.drafts.save(tx, actor, saving)

    async def draft(self, name: str, room: ConversationId, thread: int = 0) -> Draft:
        async with self.world.database.read(self.world.org_id) as tx:
            return await self.private.drafts.one(tx, self.world[name], room, thread)

    async def drafts(self, name: str) -> list[Draft]:
        async with self.world.database.read(self.world.org_id) as tx:
            first = (ConversationId(UUID(int=0)), 0)
            return await self.private.drafts.page(tx, self.world[name], after=first, limit=50)

    async def star(self, name: str, room: ConversationId, seq: int) -> None:
        async with self.write() as tx:
            await self.private.stars.add(tx, self.world[name], room, Seq(seq))

    async def unstar(self, name: str, room: ConversationId, seq: int) -> None:
        async with self.write() as tx:
            await self.private.stars.take_away(tx, self.world[name], room, Seq(seq))

    async def stars(self, name: str, *, before: int = 2**53, limit: int = 50) -> list[Star]:
        async with self.world.database.read(self.world.org_id) as tx:
            return await self.private.stars.page(tx, self.world[name], before=before, limit=limit)

    async def move(self, name: str, room: ConversationId, **wanted: Any) -> MySide:
        async with self.write() as tx:
            return await self.private.places.move(tx, self.world[name], room, Move(**wanted))

    async def section(
        self, name: str, section_id: UUID, title: str, *, collapsed: bool = False
    ) -> list[Section]:
        async with self.write() as tx:
            return await self.private.sections.put(
                tx, self.world[name], section_id, name=title, collapsed=collapsed
            )

    async def sections(self, name: str) -> list[Section]:
        async with self.world.database.read(self.world.org_id) as tx:
            return await self.private.sections.all(tx, self.world[name])

    async def order(self, name: str, *section_ids: UUID) -> list[Section]:
        async with self.write() as tx:
            return await self.private.sections.order(tx, self.world[name], section_ids)

    async def drop_section(self, name: str, section_id: UUID) -> None:
        async with self.write() as tx:
            await self.private.sections.take_away(tx, self.world[name], section_id)

    async def remind(
        self,
        name: str,
        room: ConversationId,
        due_ms: int,
        seq: int | None = None,
        note: str = "",
        **more: Any,
    ) -> UUID:
        reminder_id = more.get("reminder_id") or self.world.ids.new()
        wish = Wish(reminder_id, room, None if seq is None else Seq(seq), due_ms, note)
        async with self.write() as tx:
            await self.private.reminders.put(tx, self.world[name], wish)
        return UUID(str(reminder_id))

    async def reminders(self, name: str) -> list[Reminder]:
        async with self.world.database.read(self.world.org_id) as tx:
            return await self.private.reminders.all(tx, self.world[name])

    async def end_reminder(self, name: str, reminder_id: UUID) -> None:
        async with self.write() as tx:
            await self.private.reminders.take_away(tx, self.world[name], reminder_id)

    async def mine(self, name: str, room: ConversationId) -> Any:
        """The private side of a conversation as its line shows it."""
        return (await self.world.line(name, room))["mine"]

    def told(self, name: str, kind: str) -> list[Any]:
        """What a person's devices were told of one kind."""
        return [
            one for one in self.world.heard.users.get(self.world[name].user_id, []) if one["kind"] == kind
        ]


def text_of(star: Star | Reminder) -> str | None:
    """What the message says; None where it cannot be seen."""
    if star.entry is None or bytes(star.entry.content) == b"null":
        return None
    return str(msgspec.json.decode(star.entry.content)["text"])

"""What people do with messages that are said later, for tests."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from amana.conversations.messages.draft import Draft
from amana.conversations.scheduling.holding import Held
from amana.conversations.scheduling.http import _line
from amana.conversations.scheduling.recurrence import Repeat, check_repeat
from amana.conversations.scheduling.service import When
from amana.events.model import Appended
from amana.kernel.ids import ClientId, ConversationId
from tests.conversations.world import World

DAILY = "FREQ=DAILY"


class Later:
    """One world's scheduled messages."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.holding, self.scheduling = world.domain.holding, world.domain.scheduling

    def draft(self, room: ConversationId, text: str = "Later", client_id: ClientId | None = None) -> Draft:
        return Draft(room, client_id or self.world.client_id(), text)

    async def hold(
        self,
        name: str,
        room: ConversationId,
        text: str = "Later",
        *,
        client_id: ClientId | None = None,
        undo_s: int = 10,
    ) -> Held | Appended:
        return await self.holding.send(self.world[name], self.draft(room, text, client_id), undo_s)

    async def undo(self, name: str, room: ConversationId, client_id: ClientId) -> Draft | None:
        async with self.world.database.write(self.world.org_id) as tx:
            return await self.holding.undo(tx, self.world[name], room, client_id)

    async def schedule(
        self,
        name: str,
        room: ConversationId,
        text: str = "Later",
        *,
        when: When | None = None,
        client_id: ClientId | None = None,
    ) -> Any:
        when = when or self.world.clock.now() + timedelta(hours=1)
        async with self.world.database.write(self.world.org_id) as tx:
            shown = await self.scheduling.create(
                tx, self.world[name], self.draft(room, text, client_id), when
            )
        return msgspec.to_builtins(_line(shown))

    async def change(
        self, name: str, room: ConversationId, line: Any, text: str, when: When | None = None
    ) -> Any:
        when = when or self.world.clock.now() + timedelta(hours=1)
        async with self.world.database.write(self.world.org_id) as tx:
            shown = await self.scheduling.change(
                tx, self.world[name], UUID(line["schedule_id"]), self.draft(room, text), when
            )
        return msgspec.to_builtins(_line(shown))

    async def cancel(self, name: str, room: ConversationId, line: Any) -> None:
        async with self.world.database.write(self.world.org_id) as tx:
            await self.scheduling.cancel(tx, self.world[name], room, UUID(line["schedule_id"]))

    async def list_of(self, name: str, room: ConversationId | None = None) -> list[Any]:
        async with self.world.database.read(self.world.org_id) as tx:
            shown = await self.scheduling.list_own(tx, self.world[name], room)
        return [msgspec.to_builtins(_line(one)) for one in shown]

    async def pass_time(self, step: timedelta | None = None, **parts: float) -> None:
        """Let time pass and do what is due then."""
        self.world.clock.advance(step, **parts)
        await self.run()

    async def run(self) -> None:
        await self.world.domain.jobs.run_due(self.world.org_id)

    async def said(self, name: str, room: ConversationId) -> list[Any]:
        """The messages of a room: sender, text."""
        page = await self.world.page(name, room)
        return [
            (UUID(entry["sender_id"]), entry["content"]["text"])
            for entry in page["entries"]
            if entry["kind"] == "message.created" and entry["content"]
        ]

    def changes(self, name: str) -> list[Any]:
        """What the devices of somebody heard about their scheduled messages."""
        heard = self.world.heard.users.get(self.world[name].user_id, [])
        return [event["detail"] for event in heard if event["kind"] == "schedule.changed"]

    async def value(self, sql: str, **params: object) -> Any:
        async with self.world.database.read(self.world.org_id) as tx:
            return await tx.value(sql, **params)

    def daily(self, clock: str = "09:00", zone: str = "Europe/Berlin", rule: str = DAILY) -> Repeat:
        """Every day at that time on the wall, from today on."""
        now: datetime = self.world.clock.now()
        return check_repeat(f"{now:%Y-%m-%d}T{clock}", zone, rule, now=now)

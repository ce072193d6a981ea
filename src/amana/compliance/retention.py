"""Retention: what a room keeps for a time only ends when the time is over.

Every step is a transaction of some milliseconds, and each begins where the last one ended, also after a
crash. A run tells the members of a room once, with the last step in it.
"""

import asyncio
from datetime import timedelta

from amana.compliance import queries
from amana.compliance.queries import Progress
from amana.conversations import queries as conversation_queries
from amana.conversations.messages.erasing import STEP, Erasing
from amana.conversations.queries import Retained
from amana.events.log import Log
from amana.evidence import Evidence
from amana.kernel.clock import Clock, unix_ms
from amana.kernel.ids import ConversationId, OrgId, Seq
from amana.storage.database import Database, Tx

PAGE = 500
# Between two steps, so that what people send is not kept waiting behind it.
PAUSE_S = 0.02


class Retention:
    """Ends what is older than its room keeps it."""

    def __init__(
        self, database: Database, log: Log, erasing: Erasing, evidence: Evidence, clock: Clock
    ) -> None:
        self._database = database
        self._log = log
        self._erasing = erasing
        self._evidence = evidence
        self._clock = clock

    async def run(self, org_id: OrgId, *, step: int = STEP, pause_s: float = PAUSE_S) -> int:
        """Look at every room that has a period; gives how many messages ended."""
        ended = 0
        after: ConversationId | None = None
        while True:
            async with self._database.read(org_id) as tx:
                rooms = await conversation_queries.list_retained(tx, after=after, limit=PAGE)
                due = [room for room in rooms if await self._is_due(tx, room)]
            for room in due:
                ended += await self._room(org_id, room, step, pause_s)
            if len(rooms) < PAGE:
                return ended
            after = rooms[-1].conversation_id

    def _cut_ms(self, room: Retained) -> int:
        return unix_ms(self._clock.now() - timedelta(days=room.days))

    async def _is_due(self, tx: Tx, room: Retained) -> bool:
        """Whether the next place is old enough: without a lock, for rooms with nothing to do."""
        progress = await queries.find_progress(tx, room.conversation_id)
        after = progress.erased_through
        found = await self._log.outlines(tx, room.conversation_id, after=after, upto=Seq(after + 1))
        return progress.waiting > 0 or any(row.ts_ms < self._cut_ms(room) for row in found)

    async def _room(self, org_id: OrgId, room: Retained, step: int, pause_s: float) -> int:
        ended, more = 0, True
        while more:
            messages, more = await self._step(org_id, room, step)
            ended += messages
            await asyncio.sleep(pause_s)
        return ended

    async def _step(self, org_id: OrgId, room: Retained, size: int) -> tuple[int, bool]:
        """End a part of it; with the last part the members hear of all that was not announced yet."""
        place = room.conversation_id
        async with self._database.write(org_id) as tx:
            await self._log.lock_head(tx, place)
            progress = await queries.find_progress(tx, place)
            done = await self._erasing.older_than(
                tx, place, after=progress.erased_through, cut_ms=self._cut_ms(room), size=size
            )
            waiting = progress.waiting + len(done.messages)
            announced = progress.announced_through
            if not done.more:
                if waiting:
                    reached = [(Seq(announced + 1), done.through)]
                    await self._erasing.announce(tx, place, reached, "retention")
                    await self._record(tx, org_id, room, messages=waiting, through=done.through)
                announced, waiting = done.through, 0
            await queries.put_progress(tx, org_id, place, Progress(done.through, announced, waiting))
        return len(done.messages), done.more

    async def _record(self, tx: Tx, org_id: OrgId, room: Retained, *, messages: int, through: Seq) -> None:
        await self._evidence.record(
            tx,
            org_id=org_id,
            actor_id=None,
            action="messages.erased",
            subject=room.conversation_id,
            now=self._clock.now(),
            detail={"reason": "retention", "days": room.days, "messages": messages, "through": through},
        )

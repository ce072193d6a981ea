"""Rooms with an end date close when it has come. A job for whoever leads."""

from datetime import timedelta
from typing import Final

from amana.conversations import queries
from amana.conversations.closing import queries as closing_queries
from amana.conversations.closing.service import shut
from amana.conversations.room import ClosedBecause
from amana.conversations.writing import Desk
from amana.kernel.actor import Actor, Role
from amana.kernel.ids import NO_DEVICE, SERVER, ConversationId, OrgId, SessionId
from amana.storage.database import Database

PERIOD: Final = timedelta(seconds=20)
PAGE: Final = 200


class EndDates:
    """Closes what is over, each room in a transaction of its own; doing it twice changes nothing."""

    def __init__(self, database: Database, desk: Desk) -> None:
        self._database = database
        self._desk = desk

    async def run(self, org_id: OrgId) -> int:
        """Close every room whose date has come; gives how many."""
        closed = 0
        while True:
            async with self._database.read(org_id) as tx:
                over = await closing_queries.list_over(tx, now=self._desk.clock.now(), limit=PAGE)
            for conversation_id in over:
                closed += await self._end(org_id, conversation_id)
            if len(over) < PAGE:
                return closed

    async def _end(self, org_id: OrgId, conversation_id: ConversationId) -> bool:
        """Close one room, unless somebody was faster or the date was moved."""
        now = self._desk.clock.now()
        async with self._database.write(org_id) as tx:
            await self._desk.log.lock_head(tx, conversation_id)
            conversation = await queries.lock_conversation(tx, conversation_id)
            if conversation is None or conversation.closed is not None:
                return False
            ends_at = conversation.rules.ends_at
            if ends_at is None or ends_at > now:
                return False
            server = Actor(org_id, SERVER, NO_DEVICE, SessionId(NO_DEVICE), Role.GUEST, "en")
            await shut(self._desk, tx, server, conversation_id, ClosedBecause.ENDED)
            await self._desk.evidence.record(
                tx,
                org_id=org_id,
                actor_id=None,
                action="conversation.closed",
                subject=conversation_id,
                now=now,
                detail={"reason": "ended"},
            )
        return True

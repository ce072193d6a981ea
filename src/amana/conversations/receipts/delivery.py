"""What has reached the devices: watermarks, gathered for two seconds and saved together.

One that is lost with the process is said again by the next message, or by reading it.
"""

import asyncio

import structlog

from amana.conversations.private.preferences.queries import without_receipts
from amana.conversations.receipts import queries as receipt_queries
from amana.conversations.receipts.model import DELIVERIES_WAITING
from amana.conversations.receipts.queries import Moved
from amana.conversations.rules import Receipts
from amana.conversations.writing import Desk
from amana.events.doorbell import Notice
from amana.kernel.actor import Actor
from amana.kernel.clock import unix_ms
from amana.kernel.errors import Refusal, places
from amana.kernel.ids import ConversationId, OrgId, UserId
from amana.storage.database import Database

log = structlog.get_logger("amana.receipts")

DELIVERED = "delivered"
EVERY_S = 2.0
Waiting = dict[tuple[ConversationId, UserId], int]


class Deliveries:
    """Takes what sockets acknowledge; ``run`` saves it. Nothing of it waits."""

    def __init__(self, database: Database, desk: Desk) -> None:
        self._database = database
        self._desk = desk
        self._waiting: dict[OrgId, Waiting] = {}
        self._something = asyncio.Event()

    def note(self, actor: Actor, conversation_id: ConversationId, seq: int) -> None:
        """Everything up to ``seq`` has reached a device of ``actor``. Only the furthest counts."""
        waiting = self._waiting.setdefault(actor.org_id, {})
        key = (conversation_id, actor.user_id)
        if key in waiting or len(waiting) < DELIVERIES_WAITING:
            waiting[key] = max(seq, waiting.get(key, 0))
            self._something.set()

    async def run(self) -> None:
        """Save every two seconds what came, until cancelled."""
        while True:
            await self._something.wait()
            await asyncio.sleep(EVERY_S)
            try:
                await self.save()
            except Refusal as refusal:
                log.warning("receipts.not_saved", code=refusal.code)
            except Exception as error:  # noqa: BLE001  outermost: one bad round must not end the next ones
                log.error("receipts.failed", kind=type(error).__name__, where=places(error))

    async def save(self) -> None:
        """Save what waits and tell the rooms that name people."""
        waiting, self._waiting = self._waiting, {}
        self._something.clear()
        for org_id, marks in waiting.items():
            for one in await self._put(org_id, marks):
                if one.shown is Receipts.NAMED:
                    self._desk.doorbell.hint(Notice(DELIVERED, one.user_id, one.conversation_id, one.seq))

    async def _put(self, org_id: OrgId, marks: Waiting) -> list[Moved]:
        rooms = sorted({room for room, _ in marks})
        async with self._database.write(org_id) as tx:
            silent = await without_receipts(tx, sorted({user for _, user in marks}))
            heads = await self._desk.log.heads(tx, rooms)
            wanted = [
                (room, user, min(seq, heads[room].seq))
                for (room, user), seq in marks.items()
                if room in heads and user not in silent
            ]
            return await receipt_queries.put_delivered(tx, wanted, now_ms=unix_ms(self._desk.clock.now()))

"""What the gateway asks about conversations: who may follow which, and what came after."""

from collections.abc import Sequence

from amana.conversations import following_queries
from amana.conversations.messages.pages import Pages
from amana.conversations.messages.ranges import Range
from amana.conversations.writing import Desk
from amana.events.following import Missed, RangeBlob, Subscription
from amana.events.model import Head
from amana.kernel.actor import Actor
from amana.kernel.ids import ConversationId, OrgId, Seq, UserId
from amana.storage.database import Database


class Following:
    """Each call is a transaction of its own."""

    def __init__(self, database: Database, desk: Desk, pages: Pages) -> None:
        self._database = database
        self._desk = desk
        self._pages = pages

    async def all_of(self, actor: Actor) -> list[Subscription]:
        """Every conversation of ``actor``."""
        async with self._database.read(actor.org_id) as tx:
            return await following_queries.list_followed(tx, actor.user_id)

    async def find(self, actor: Actor, conversation_id: ConversationId) -> Subscription | None:
        """One conversation; None when ``actor`` is not in it."""
        async with self._database.read(actor.org_id) as tx:
            return await following_queries.find_followed(tx, conversation_id, actor.user_id)

    async def missed(
        self, org_id: OrgId, wanted: Sequence[tuple[UserId, Missed]], *, limit: int
    ) -> list[RangeBlob | None]:
        """For each person and place the events after it, of more than ``limit`` the newest; None: no member.

        Each conversation once.
        """
        async with self._database.read(org_id) as tx:
            found = await self._pages.ranges.newest_after(tx, wanted, limit=limit)
        return [_blob(one, missed.after) for one, (_, missed) in zip(found, wanted, strict=True)]

    async def recent_heads(self, org_id: OrgId, *, since_ms: int) -> Sequence[Head]:
        """Heads of conversations with an event dated, or a fence raised, since then."""
        async with self._database.read(org_id) as tx:
            return await self._desk.log.recent_heads(tx, since_ms=since_ms)


def _blob(found: Range | None, after: Seq) -> RangeBlob | None:
    if found is None:
        return None
    if not found.frames:
        return RangeBlob(Seq(after + 1), after, (), limited=False)
    return RangeBlob(found.first, found.last, found.frames, found.limited)

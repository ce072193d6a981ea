"""Stars: set, taken away, listed. The list opens a message only by its reader's own membership."""

from uuid import UUID

import msgspec

from amana.conversations.errors import MessageRemoved
from amana.conversations.messages.model import Entry
from amana.conversations.messages.pages import Pages
from amana.conversations.messages.queries import states
from amana.conversations.private.desk import PrivateDesk
from amana.conversations.private.errors import TooManyStars
from amana.conversations.private.events import STAR_CHANGED, StarChanged
from amana.conversations.private.model import MAX_STARS
from amana.conversations.private.showing import shown
from amana.conversations.private.stars import queries
from amana.conversations.private.stars.queries import StarRow
from amana.kernel.actor import Actor
from amana.kernel.clock import unix_ms
from amana.kernel.ids import ConversationId, Seq
from amana.storage.database import Tx


class Star(msgspec.Struct, frozen=True, kw_only=True):
    """A message with a star.

    Attributes:
        no: place in the list; the newest star has the largest.
        starred_at: Unix milliseconds.
        entry: the message in its current state; null when the person may not see it any more.
    """

    conversation_id: UUID
    seq: int
    no: int
    starred_at: int
    entry: Entry | None


class StarService:
    """A person's own stars."""

    def __init__(self, desk: PrivateDesk, pages: Pages) -> None:
        self._desk = desk
        self._pages = pages

    async def add(self, tx: Tx, actor: Actor, conversation_id: ConversationId, seq: Seq) -> None:
        """Give a message a star. Doing it again changes nothing.

        Raises:
            ConversationNotFound, MessageNotFound, MessageRemoved, TooManyStars
        """
        stay = await self._desk.hold(tx, actor, conversation_id)
        await self._desk.require_message(tx, stay, conversation_id, seq)
        state = (await states(tx, conversation_id, actor.user_id, [seq])).get(seq)
        if state is not None and state.removed_ts is not None:
            raise MessageRemoved(seq=seq)
        if await queries.has_star(tx, actor.user_id, conversation_id, seq):
            return
        if await queries.count_stars(tx, actor.user_id) >= MAX_STARS:
            raise TooManyStars
        no = await self._tell(tx, actor, conversation_id, seq, starred=True)
        star = StarRow(conversation_id, seq, no, self._desk.clock.now())
        await queries.insert_star(tx, actor.org_id, actor.user_id, star)

    async def take_away(self, tx: Tx, actor: Actor, conversation_id: ConversationId, seq: Seq) -> None:
        """Take a star away, also from a message that is gone. Doing it again changes nothing."""
        if await queries.delete_star(tx, actor.user_id, conversation_id, seq):
            await self._tell(tx, actor, conversation_id, seq, starred=False)

    async def page(self, tx: Tx, actor: Actor, *, before: int, limit: int) -> list[Star]:
        """The stars before ``before``, the newest first, each with its message as far as it is visible."""
        rows = await queries.list_stars(tx, actor.user_id, before=before, limit=limit)
        visible = await shown(self._pages, tx, actor, [(row.conversation_id, row.seq) for row in rows])
        return [
            Star(
                conversation_id=row.conversation_id,
                seq=row.seq,
                no=row.no,
                starred_at=unix_ms(row.starred_at),
                entry=visible.get((row.conversation_id, row.seq)),
            )
            for row in rows
        ]

    async def _tell(
        self, tx: Tx, actor: Actor, conversation_id: ConversationId, seq: Seq, *, starred: bool
    ) -> int:
        payload = StarChanged(starred=starred)
        return await self._desk.tell(
            tx, actor, STAR_CHANGED, payload, conversation_id=conversation_id, seq=seq
        )

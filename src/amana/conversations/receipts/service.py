"""Who has got and who has read a message, as the room's rule and each person allow."""

from collections.abc import Sequence

from amana.conversations import events, queries
from amana.conversations.errors import ConversationNotFound, MessageNotFound
from amana.conversations.messages.pages import Pages
from amana.conversations.model import Member
from amana.conversations.private.preferences.queries import all_without_receipts, without_receipts
from amana.conversations.queries import Mine
from amana.conversations.receipts import queries as receipt_queries
from amana.conversations.receipts.model import MessageReceipts, Ticks, is_summed, shown_in
from amana.conversations.rules import Receipts
from amana.kernel.actor import Actor
from amana.kernel.ids import ConversationId, Seq, UserId
from amana.storage.database import Tx


class ReceiptService:
    """Reads the watermarks for others; whoever does not want to be seen is in no answer, not even counted."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages

    async def of_message(
        self, tx: Tx, actor: Actor, conversation_id: ConversationId, seq: Seq
    ) -> MessageReceipts:
        """How far a message has come with the others.

        Raises:
            ConversationNotFound
            MessageNotFound: none there, not visible to ``actor``, or removed.
        """
        mine = await queries.find_mine(tx, conversation_id, actor.user_id)
        if mine is None:
            raise ConversationNotFound
        entry = await self._pages.entry(tx, actor, conversation_id, seq)
        if entry.kind != events.NAMES[events.MESSAGE_CREATED] or entry.removed is not None:
            raise MessageNotFound(seq=seq)
        shown = shown_in(mine.rules.receipts, mine.conversation.members_count)
        if shown is Receipts.OFF:
            return MessageReceipts(shown)
        found = await receipt_queries.list_received(
            tx, conversation_id, seq, sent_ms=entry.ts, author=UserId(entry.sender_id)
        )
        silent = await without_receipts(tx, [one.user_id for one in found])
        people = tuple(one for one in found if one.user_id not in silent)
        return MessageReceipts(
            shown,
            delivered=len(people),
            read=sum(one.is_read for one in people),
            people=people if shown is Receipts.NAMED else None,
        )


async def markers_of(tx: Tx, mine: Mine, members: Sequence[Member]) -> dict[UserId, Seq]:
    """How far these members have read, of those whose marker the viewer may see; their own always."""
    me = mine.member.user_id
    shown = shown_in(mine.rules.receipts, mine.conversation.members_count)
    if shown is not Receipts.NAMED:
        return {one.user_id: one.read_seq for one in members if one.user_id == me}
    silent = await without_receipts(tx, [one.user_id for one in members])
    return {one.user_id: one.read_seq for one in members if one.user_id == me or one.user_id not in silent}


async def ticks(tx: Tx, viewer: UserId, shown: Sequence[Mine]) -> dict[ConversationId, Ticks]:
    """Up to where everybody else has come, of the small rooms that say so."""
    rooms = [one.member.conversation_id for one in shown if is_summed(one.conversation)]
    if not rooms:
        return {}
    return await receipt_queries.ticks_of(tx, rooms, viewer, silent=await all_without_receipts(tx))

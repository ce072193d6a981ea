"""Read markers: a watermark for each member, moved forward only."""

from amana.conversations import events, queries
from amana.conversations.errors import ConversationNotFound
from amana.conversations.private.preferences.queries import find_preferences
from amana.conversations.reading import queries as reading_queries
from amana.conversations.rules import Receipts
from amana.conversations.writing import Desk
from amana.kernel.actor import Actor
from amana.kernel.clock import unix_ms
from amana.kernel.ids import ConversationId, Seq
from amana.storage.database import Tx


class ReadingService:
    """What somebody has read: told to their own devices durably, to the room at once and if it may know."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def mark_read(self, tx: Tx, actor: Actor, conversation_id: ConversationId, seq: Seq) -> None:
        """Note that everything up to ``seq`` is read; going back or repeating changes nothing.

        A ``seq`` beyond the newest event counts as the newest, one before the first that ``actor`` may
        see as nothing.

        Raises:
            ConversationNotFound
        """
        member = await queries.find_member(tx, conversation_id, actor.user_id)
        if member is None:
            raise ConversationNotFound
        head = (await self._desk.log.heads(tx, [conversation_id]))[conversation_id]
        seq = min(seq, head.seq)
        if seq <= member.read_seq or seq < member.visible_from:
            return
        msg_no = head.msg_no
        if seq < head.seq:
            (event,) = await self._desk.log.at(tx, conversation_id, [seq])
            msg_no = event.msg_no
        is_seen = (await find_preferences(tx, actor.user_id)).receipts
        at_ms = unix_ms(self._desk.clock.now()) if is_seen else None
        moved = await reading_queries.advance(
            tx, conversation_id, actor.user_id, seq=seq, msg_no=msg_no, at_ms=at_ms
        )
        if moved is None:
            return
        await self._desk.log.append_user(
            tx,
            actor.user_id,
            events.READ_MOVED,
            conversation_id=conversation_id,
            seq=seq,
            detail={"read_no": msg_no},
        )
        if is_seen and moved.shown is Receipts.NAMED:
            tx.after_commit(lambda: self._desk.doorbell.ring_marker(conversation_id, actor.user_id, seq))

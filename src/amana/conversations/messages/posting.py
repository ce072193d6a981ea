"""The careful way of a new message: in a transaction of its own, because it means more than its words.

Plain text goes by ``sending`` and the batch. Whatever else a message brings about (people who are named, a
thread that grows, a poll) is checked and stored here, in the same transaction as the message itself.
"""

from collections.abc import Sequence
from typing import Protocol

from amana.conversations import events
from amana.conversations.messages.answering import require_answerable
from amana.conversations.messages.draft import Draft
from amana.conversations.messages.model import compose
from amana.conversations.messages.service import require_same
from amana.conversations.queries import Mine
from amana.conversations.reading import queries as reading_queries
from amana.conversations.room import require_may_post
from amana.conversations.writing import Desk
from amana.events.errors import ClientIdReused
from amana.events.log import check_client_id
from amana.events.model import Appended, NewEvent
from amana.kernel.actor import Actor
from amana.storage.database import Tx


class Step(Protocol):
    """What one feature adds to the posting of a message."""

    async def before(self, tx: Tx, actor: Actor, mine: Mine, draft: Draft) -> None:
        """Raise a refusal when it may not be said like this. The head is locked."""

    async def after(self, tx: Tx, actor: Actor, mine: Mine, draft: Draft, place: Appended) -> None:
        """Store what follows from the message; not called for a retry."""


class Posting:
    """Stores one message with everything that follows from it."""

    def __init__(self, desk: Desk, steps: Sequence[Step]) -> None:
        self._desk = desk
        self._steps = steps

    async def post(self, tx: Tx, actor: Actor, draft: Draft) -> Appended:
        """Store ``draft``; repeating it with the same ``client_id`` gives the first place.

        Raises:
            ConversationNotFound, ConversationClosed, PostingNotAllowed, TextEmpty, TextTooLong, TextInvalid
            ReplyInvalid, ClientIdInvalid, ClientIdFromFuture, ClientIdTooOld, ClientIdReused
            and whatever the steps refuse.
        """
        mine, content, first = await self._begin(tx, actor, draft)
        if first is not None:
            return first
        place = await self._append(tx, actor, draft, content)
        for step in self._steps:
            await step.after(tx, actor, mine, draft, place)
        return place

    async def check(self, tx: Tx, actor: Actor, draft: Draft) -> Appended | None:
        """Refuse what ``post`` would refuse now, and store nothing; the place of what was said already."""
        return (await self._begin(tx, actor, draft))[2]

    async def _begin(self, tx: Tx, actor: Actor, draft: Draft) -> tuple[Mine, bytes, Appended | None]:
        """Everything that comes before storing: where, what, and its place if it was stored before."""
        check_client_id(draft.client_id, self._desk.clock.now())
        content = compose(draft)
        mine, _ = await self._desk.enter(tx, actor, draft.conversation_id)
        original = await self._desk.log.find_original(
            tx, draft.conversation_id, actor.user_id, draft.client_id
        )
        if original is not None:
            if original.kind != events.MESSAGE_CREATED:
                raise ClientIdReused("This id was already used for something else.", field="client_id")
            await require_same(self._desk, tx, actor, original, content)
            place = Appended(
                original.conversation_id, original.seq, original.msg_no, original.ts_ms, fresh=False
            )
            return mine, content, place
        require_may_post(mine.conversation, mine.member.role)
        if draft.reply_to is not None:
            await require_answerable(self._desk, tx, mine.member, draft.reply_to)
        for step in self._steps:
            await step.before(tx, actor, mine, draft)
        return mine, content, None

    async def _append(self, tx: Tx, actor: Actor, draft: Draft, content: bytes) -> Appended:
        event = NewEvent(
            conversation_id=draft.conversation_id,
            kind=events.MESSAGE_CREATED,
            # What stands in a thread waits for those who follow the thread, not for the whole room.
            countable=draft.thread is None,
            sender_id=actor.user_id,
            device_id=actor.device_id,
            client_id=draft.client_id,
            content=content,
            target_seq=draft.thread,
        )
        (place,) = await self._desk.log.append(tx, [event])
        if draft.thread is not None:
            return place
        # Who writes has read what was there, as in ``post_messages``.
        await reading_queries.advance(
            tx, draft.conversation_id, actor.user_id, seq=place.seq, msg_no=place.msg_no
        )
        return place

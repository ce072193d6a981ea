"""The short way of a new message: check, format, queue for the next commit. No statement of its own.

Whether the sender is a member is decided in SQL after the head's lock (``post_messages``). What is
remembered here only keeps unknown conversations away from the batch, so it may be out of date.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Coroutine

import structlog

from amana.conversations import events, queries
from amana.conversations.errors import (
    ConversationClosed,
    ConversationNotFound,
    PostingNotAllowed,
    SendingFailed,
)
from amana.conversations.messages.answering import require_answerable
from amana.conversations.messages.draft import Draft
from amana.conversations.messages.flood import Flood, weight_of
from amana.conversations.messages.model import compose
from amana.conversations.messages.posting import Posting
from amana.conversations.messages.service import require_same
from amana.conversations.writing import Desk
from amana.events.batcher import Batcher
from amana.events.errors import ClientIdReused
from amana.events.log import check_client_id
from amana.events.model import Appended, NewEvent
from amana.kernel.actor import Actor
from amana.kernel.errors import Refusal, places
from amana.kernel.ids import ConversationId, Seq, UserId
from amana.storage.database import Database

log = structlog.get_logger()

Done = Callable[[Appended | Refusal], None]

# Two ids each: some ten megabytes at most.
MAX_REMEMBERED = 100_000


_REFUSALS: dict[int, type[PostingNotAllowed | ConversationClosed]] = {
    2: PostingNotAllowed,
    3: ConversationClosed,
}


def refusal_of(status: int, _event: NewEvent) -> Refusal:
    """What the batcher says for an item that ``post_messages`` did not store."""
    return _REFUSALS.get(status, ConversationNotFound)()


class Sending:
    """Takes messages from sockets and HTTP and answers after their commit."""

    def __init__(
        self, database: Database, desk: Desk, batcher: Batcher, posting: Posting, flood: Flood
    ) -> None:
        self._database = database
        self._desk = desk
        self._batcher = batcher
        self._posting = posting
        self._flood = flood
        # What a message of this person weighs there.
        self._members: OrderedDict[tuple[ConversationId, UserId], int] = OrderedDict()
        # The event loop holds tasks weakly: one that nobody else holds may vanish half-way.
        self._tasks: set[asyncio.Task[None]] = set()

    def submit(self, actor: Actor, draft: Draft, done: Done) -> None:
        """Send; ``done`` is called once, after the commit or with the refusal.

        Without an answer to look up and for a known member this neither waits nor asks the database.

        Raises:
            LogBusy, SendingTooFast: too much; nothing was done.
            TextEmpty, TextTooLong, TextInvalid
            ClientIdInvalid, ClientIdFromFuture, ClientIdTooOld, ClientIdReused
        """
        self._batcher.require_room(actor.org_id)
        weight = self._members.get((draft.conversation_id, actor.user_id), 1)
        self._flood.take(actor.user_id, weight=weight)
        check_client_id(draft.client_id, self._desk.clock.now())
        if not draft.only_words:
            self._spawn(self._posted(actor, draft, done))
            return
        event = NewEvent(
            draft.conversation_id,
            events.MESSAGE_CREATED,
            True,
            actor.user_id,
            actor.device_id,
            draft.client_id,
            compose(draft),
        )
        if draft.reply_to is None and (draft.conversation_id, actor.user_id) in self._members:
            self._queue(actor, event, done)
        else:
            self._spawn(self._checked(actor, event, draft.reply_to, done))

    async def send(self, actor: Actor, draft: Draft) -> Appended:
        """Send and wait for the commit.

        Raises:
            ConversationNotFound, ReplyInvalid and everything that ``submit`` raises.
        """
        answer: asyncio.Future[Appended | Refusal] = asyncio.get_running_loop().create_future()

        def done(outcome: Appended | Refusal) -> None:
            if not answer.done():
                answer.set_result(outcome)

        self.submit(actor, draft, done)
        outcome = await answer
        if isinstance(outcome, Appended):
            return outcome
        if outcome.code == SendingFailed.code:
            raise RuntimeError("The message could not be checked.") from outcome
        raise outcome

    def count_change(self, actor: Actor) -> None:
        """Count an edit or removal that is about to begin.

        Raises:
            SendingTooFast: nothing was counted; try again after ``retry_after_s``.
        """
        self._flood.take_change(actor.user_id)

    def forget(self, conversation_id: ConversationId, user_id: UserId) -> None:
        """Somebody is no member any more."""
        self._members.pop((conversation_id, user_id), None)

    def _queue(self, actor: Actor, event: NewEvent, done: Done) -> None:
        def settled(outcome: Appended | Refusal) -> None:
            if isinstance(outcome, PostingNotAllowed | ConversationClosed):
                self._spawn(self._barred(actor, event, outcome, done))
            elif isinstance(outcome, Refusal):
                if isinstance(outcome, ConversationNotFound):
                    self.forget(event.conversation_id, event.sender_id)
                done(outcome)
            elif outcome.fresh:
                done(outcome)
            else:
                self._spawn(self._replayed(actor, event, outcome, done))

        self._batcher.submit(actor.org_id, event, settled)

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work, name="conversations.sending")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _checked(self, actor: Actor, event: NewEvent, reply_to: Seq | None, done: Done) -> None:
        """Check in the database what cannot be known without it, then queue."""
        try:
            await self._check(actor, event.conversation_id, reply_to)
            self._queue(actor, event, done)
        except Refusal as refusal:
            done(refusal)
        except Exception as error:  # noqa: BLE001  outermost: whoever sent it waits for an answer
            done(self._mistake(error))

    async def _posted(self, actor: Actor, draft: Draft, done: Done) -> None:
        """Store what is more than words, in a transaction of its own."""
        try:
            async with self._database.write(actor.org_id) as tx:
                place = await self._posting.post(tx, actor, draft)
        except Refusal as refusal:
            done(refusal)
        except Exception as error:  # noqa: BLE001  outermost: whoever sent it waits for an answer
            done(self._mistake(error))
        else:
            done(place)

    async def _check(self, actor: Actor, conversation_id: ConversationId, reply_to: Seq | None) -> None:
        async with self._database.read(actor.org_id) as tx:
            mine = await queries.find_mine(tx, conversation_id, actor.user_id)
            if mine is None:
                raise ConversationNotFound
            if reply_to is not None:
                await require_answerable(self._desk, tx, mine.member, reply_to)
        self._members[(conversation_id, actor.user_id)] = weight_of(mine.conversation.members_count)
        if len(self._members) > MAX_REMEMBERED:
            self._members.popitem(last=False)

    async def _barred(self, actor: Actor, event: NewEvent, refusal: Refusal, done: Done) -> None:
        """Nobody may write any more, but a retry of what was stored before that must meet its original."""
        try:
            async with self._database.read(actor.org_id) as tx:
                original = await self._desk.log.find_original(
                    tx, event.conversation_id, event.sender_id, event.client_id
                )
        except Refusal as busy:
            done(busy)
        except Exception as error:  # noqa: BLE001  outermost: whoever sent it waits for an answer
            done(self._mistake(error))
        else:
            if original is None:
                done(refusal)
                return
            place = Appended(
                original.conversation_id, original.seq, original.msg_no, original.ts_ms, fresh=False
            )
            await self._replayed(actor, event, place, done)

    async def _replayed(self, actor: Actor, event: NewEvent, place: Appended, done: Done) -> None:
        """The retry key is stored already: the same message, or a mistake of the client."""
        try:
            async with self._database.read(actor.org_id) as tx:
                original = await self._desk.log.find_original(
                    tx, event.conversation_id, event.sender_id, event.client_id
                )
                if original is None or original.kind != event.kind:
                    raise ClientIdReused("This id was already used for something else.", field="client_id")
                await require_same(self._desk, tx, actor, original, event.content)
        except Refusal as refusal:
            done(refusal)
        except Exception as error:  # noqa: BLE001  outermost: whoever sent it waits for an answer
            done(self._mistake(error))
        else:
            done(place)

    def _mistake(self, error: Exception) -> SendingFailed:
        """What the sender hears of a mistake of ours; the log says where, never what was written."""
        reference = self._desk.ids.new().hex[-12:]
        log.error(
            "message could not be checked",
            reference=reference,
            kind=type(error).__name__,
            where=places(error),
        )
        return SendingFailed(reference=reference)

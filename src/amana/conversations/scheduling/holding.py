"""Undo send: a message waits for some seconds before anybody gets it, and its author may take it back.

Until then it has no ``seq`` and there is no event, no ring and no private event either: no device can know.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from amana.conversations import events
from amana.conversations.messages.draft import Draft
from amana.conversations.messages.flood import Flood
from amana.conversations.messages.model import compose, says_the_same
from amana.conversations.messages.posting import Posting
from amana.conversations.scheduling import queries
from amana.conversations.scheduling.contents import Contents
from amana.conversations.scheduling.errors import (
    MessageUndone,
    ScheduleNotFound,
    TooManyScheduled,
    UndoTooLate,
)
from amana.conversations.scheduling.model import (
    DUE_JOB,
    MAX_WAITING,
    Kind,
    Scheduled,
    State,
    check_undo,
    schedule_id_of,
)
from amana.conversations.writing import Desk
from amana.events.errors import ClientIdReused
from amana.events.model import Appended
from amana.kernel.actor import Actor
from amana.kernel.ids import ClientId, ConversationId
from amana.storage import jobs
from amana.storage.database import Database, Tx


@dataclass(frozen=True, slots=True)
class Held:
    """A message that waits; it is said at ``until`` unless it is taken back before."""

    client_id: ClientId
    until: datetime


class Holding:
    """Holds messages back and gives them back."""

    def __init__(self, database: Database, desk: Desk, posting: Posting, flood: Flood) -> None:
        self._database = database
        self._desk = desk
        self._posting = posting
        self._flood = flood
        self._contents = Contents(desk.vault)

    async def send(self, actor: Actor, draft: Draft, undo_s: int) -> Held | Appended:
        """Hold ``draft`` for ``undo_s`` seconds, then say it; gives its place if it was said already.

        Everything that could be refused is refused now, and checked once more when it is said.

        Raises:
            UndoTimeInvalid, TooManyScheduled, SendingTooFast
            MessageUndone: it is a retry of what was taken back.
            ClientIdReused: the retry key stands for something else.
            and whatever ``Posting.post`` refuses.
        """
        check_undo(undo_s)
        self._flood.take(actor.user_id)
        async with self._database.write(actor.org_id) as tx:
            return await self._hold(tx, actor, draft, undo_s)

    async def undo(
        self, tx: Tx, actor: Actor, conversation_id: ConversationId, client_id: ClientId
    ) -> Draft | None:
        """Take back what waits; gives it for editing. Asked again the text is gone: None.

        Needs no membership: they are one's own words, and nobody else has them.

        Raises:
            ScheduleNotFound: nothing waits under this retry key.
            UndoTooLate: it was said.
        """
        schedule_id = schedule_id_of(actor.org_id, conversation_id, actor.user_id, client_id)
        await jobs.lock(tx, DUE_JOB, schedule_id)
        item = await queries.lock(tx, conversation_id, schedule_id)
        if item is None:
            raise await self._said(tx, actor, conversation_id, client_id)
        if item.kind is not Kind.HELD:
            raise ScheduleNotFound
        if item.state is State.CANCELLED:
            return None
        draft = await self._contents.own(tx, actor, item)
        await self._contents.end(tx, item)
        await jobs.drop(tx, DUE_JOB, schedule_id)
        await queries.update(tx, item.ended(State.CANCELLED, self._desk.clock.now()))
        return draft if isinstance(draft, Draft) else None

    async def _hold(self, tx: Tx, actor: Actor, draft: Draft, undo_s: int) -> Held | Appended:
        place = await self._posting.check(tx, actor, draft)
        if place is not None:
            return place
        conversation_id = draft.conversation_id
        schedule_id = schedule_id_of(actor.org_id, conversation_id, actor.user_id, draft.client_id)
        known = await queries.find(tx, conversation_id, schedule_id)
        if known is not None:
            return await self._again(tx, actor, known, draft, undo_s)
        if await queries.count_waiting(tx, actor.user_id) >= MAX_WAITING:
            raise TooManyScheduled(limit=MAX_WAITING)
        now = self._desk.clock.now()
        item = _held(actor, draft, schedule_id, now=now, due=now + check_undo(undo_s))
        await queries.insert(tx, await self._contents.seal(tx, item, draft))
        return await self._wait(tx, item)

    async def _wait(self, tx: Tx, item: Scheduled) -> Held:
        detail = {"conversation_id": str(item.conversation_id)}
        await jobs.put(tx, DUE_JOB, item.schedule_id, item.when, detail=detail)
        return Held(item.client_id, item.when)

    async def _again(self, tx: Tx, actor: Actor, item: Scheduled, draft: Draft, undo_s: int) -> Held:
        """A retry: the same answer, if it is the same message. What had failed begins anew."""
        if item.kind is not Kind.HELD:
            raise ClientIdReused("This id was already used for something else.", field="client_id")
        if item.state is State.CANCELLED:
            raise MessageUndone
        if item.state is State.FAILED:
            due = self._desk.clock.now() + check_undo(undo_s)
            fresh = replace(item, state=State.WAITING, due=due, reason=None, revision=item.revision + 1)
            fresh = await self._contents.seal(tx, fresh, draft)
            await queries.update(tx, fresh)
            return await self._wait(tx, fresh)
        held = await self._contents.own(tx, actor, item)
        if isinstance(held, Draft) and not says_the_same(compose(held), compose(draft)):
            raise ClientIdReused("This id was already used for something else.", field="client_id")
        return Held(item.client_id, item.when)

    async def _said(
        self, tx: Tx, actor: Actor, conversation_id: ConversationId, client_id: ClientId
    ) -> ScheduleNotFound | UndoTooLate:
        original = await self._desk.log.find_original(tx, conversation_id, actor.user_id, client_id)
        if original is None or original.kind != events.MESSAGE_CREATED:
            return ScheduleNotFound()
        return UndoTooLate(seq=original.seq)


def _held(actor: Actor, draft: Draft, schedule_id: UUID, *, now: datetime, due: datetime) -> Scheduled:
    return Scheduled(
        org_id=actor.org_id,
        conversation_id=draft.conversation_id,
        schedule_id=schedule_id,
        kind=Kind.HELD,
        state=State.WAITING,
        owner_id=actor.user_id,
        created_by=actor.user_id,
        device_id=actor.device_id,
        client_id=draft.client_id,
        due=due,
        repeat=None,
        revision=0,
        body=None,
        sent_count=0,
        last_seq=None,
        reason=None,
        created_at=now,
    )

"""Scheduling messages: once at a time, or again and again."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from amana.conversations import permissions
from amana.conversations import queries as conversation_queries
from amana.conversations.messages.draft import Draft
from amana.conversations.messages.model import compose, says_the_same
from amana.conversations.messages.posting import Posting
from amana.conversations.scheduling import queries
from amana.conversations.scheduling.contents import Contents
from amana.conversations.scheduling.errors import (
    RepeatInvalid,
    ScheduleEnded,
    ScheduleNotFound,
    TooManyScheduled,
)
from amana.conversations.scheduling.model import (
    DUE_JOB,
    MAX_WAITING,
    Kind,
    Scheduled,
    State,
    check_time,
    schedule_id_of,
)
from amana.conversations.scheduling.recurrence import Repeat, next_after
from amana.conversations.scheduling.telling import tell
from amana.conversations.writing import Desk
from amana.events.errors import ClientIdReused
from amana.kernel.actor import Actor
from amana.kernel.ids import NO_DEVICE, ConversationId, UserId
from amana.storage import jobs
from amana.storage.database import Tx
from amana.vault import Unreadable

# When it is to be said: once, or as something recurs.
When = datetime | Repeat


@dataclass(frozen=True, slots=True)
class Shown:
    """A scheduled message as somebody may see it; ``draft`` is None for a recurring one of somebody else."""

    item: Scheduled
    draft: Draft | Unreadable | None


class Scheduling:
    """What people do with their scheduled messages. Saying them is a job, see ``saying``."""

    def __init__(self, desk: Desk, posting: Posting) -> None:
        self._desk = desk
        self._posting = posting
        self._contents = Contents(desk.vault)

    async def create(self, tx: Tx, actor: Actor, draft: Draft, when: When) -> Shown:
        """Have ``draft`` said later. Repeating it with the same ``client_id`` gives the first one.

        Raises:
            TimeInvalid, RepeatInvalid, TooManyScheduled
            ClientIdReused: the retry key stands for something else.
            and whatever ``Posting.post`` refuses now; it is asked again when it is due.
        """
        await self._posting.check(tx, actor, draft)
        conversation_id = draft.conversation_id
        schedule_id = schedule_id_of(actor.org_id, conversation_id, actor.user_id, draft.client_id)
        known = await queries.find(tx, conversation_id, schedule_id)
        if known is not None:
            return await self._again(tx, actor, known, draft)
        now = self._desk.clock.now()
        due = _first(when, now)
        if await queries.count_waiting(tx, actor.user_id) >= MAX_WAITING:
            raise TooManyScheduled(limit=MAX_WAITING)
        repeat = when if isinstance(when, Repeat) else None
        item = Scheduled(
            org_id=actor.org_id,
            conversation_id=conversation_id,
            schedule_id=schedule_id,
            kind=Kind.ONCE if repeat is None else Kind.RECURRING,
            state=State.WAITING,
            owner_id=actor.user_id,
            created_by=actor.user_id,
            device_id=NO_DEVICE,
            client_id=draft.client_id,
            due=due,
            repeat=repeat,
            revision=0,
            body=None,
            sent_count=0,
            last_seq=None,
            reason=None,
            created_at=now,
        )
        item = await self._contents.seal(tx, item, draft)
        await queries.insert(tx, item)
        await self._wait(tx, item)
        await self._record(tx, actor, "schedule.created", item)
        return Shown(item, draft)

    async def change(self, tx: Tx, actor: Actor, schedule_id: UUID, draft: Draft, when: When) -> Shown:
        """Replace text and time of one's own, and go on with it if it had failed.

        Raises:
            ScheduleNotFound, ScheduleEnded, TimeInvalid, RepeatInvalid
            and whatever ``Posting.post`` refuses now.
        """
        await jobs.lock(tx, DUE_JOB, schedule_id)
        item = await self._lock(tx, draft.conversation_id, schedule_id, mine=actor.user_id)
        draft = replace(draft, client_id=item.client_id)
        await self._posting.check(tx, actor, draft)
        due = _first(when, self._desk.clock.now())
        repeat = when if isinstance(when, Repeat) else None
        item = replace(
            item,
            kind=Kind.ONCE if repeat is None else Kind.RECURRING,
            state=State.WAITING,
            device_id=NO_DEVICE,
            due=due,
            repeat=repeat,
            revision=item.revision + 1,
            reason=None,
        )
        item = await self._contents.seal(tx, item, draft)
        await queries.update(tx, item)
        await self._wait(tx, item)
        await self._record(tx, actor, "schedule.changed", item)
        return Shown(item, draft)

    async def cancel(self, tx: Tx, actor: Actor, conversation_id: ConversationId, schedule_id: UUID) -> None:
        """Have it never said; its text is gone. Doing it again changes nothing.

        What recurs belongs to the organisation: whoever may remove messages of others in the room may end it.

        Raises:
            ScheduleNotFound
            ScheduleEnded: it was sent.
        """
        await jobs.lock(tx, DUE_JOB, schedule_id)
        item = await queries.lock(tx, conversation_id, schedule_id)
        if item is None or not await self._may_cancel(tx, actor, item):
            raise ScheduleNotFound
        if item.state is State.CANCELLED:
            return
        if item.state is State.SENT:
            raise ScheduleEnded
        await self._contents.end(tx, item)
        await jobs.drop(tx, DUE_JOB, schedule_id)
        item = item.ended(State.CANCELLED, self._desk.clock.now())
        await queries.update(tx, item)
        await tell(self._desk, tx, item)
        await self._record(tx, actor, "schedule.cancelled", item)

    async def list_own(
        self, tx: Tx, actor: Actor, conversation_id: ConversationId | None = None
    ) -> list[Shown]:
        """What waits or has failed, the next first.

        In one conversation also what recurs there of others, without its text, for those who may end it.
        """
        items = await queries.list_own(tx, actor.user_id, conversation_id=conversation_id)
        shown = [Shown(item, await self._contents.own(tx, actor, item)) for item in items]
        if conversation_id is None or not await self._may_end_others(tx, actor, conversation_id):
            return shown
        others = await queries.list_recurring(tx, conversation_id, without=actor.user_id)
        return [*shown, *(Shown(item, None) for item in others)]

    async def _again(self, tx: Tx, actor: Actor, item: Scheduled, draft: Draft) -> Shown:
        if item.kind is Kind.HELD or item.owner_id != actor.user_id:
            raise ClientIdReused("This id was already used for something else.", field="client_id")
        kept = await self._contents.own(tx, actor, item)
        if (
            item.revision == 0
            and isinstance(kept, Draft)
            and not says_the_same(compose(kept), compose(draft))
        ):
            raise ClientIdReused("This id was already used for something else.", field="client_id")
        return Shown(item, kept)

    async def _lock(
        self, tx: Tx, conversation_id: ConversationId, schedule_id: UUID, *, mine: UserId
    ) -> Scheduled:
        item = await queries.lock(tx, conversation_id, schedule_id)
        if item is None or item.owner_id != mine or (item.kind is Kind.HELD and item.state is State.WAITING):
            raise ScheduleNotFound
        if item.state not in (State.WAITING, State.FAILED):
            raise ScheduleEnded
        return item

    async def _may_cancel(self, tx: Tx, actor: Actor, item: Scheduled) -> bool:
        if item.owner_id == actor.user_id:
            return item.kind is not Kind.HELD or item.state is State.FAILED
        return item.kind is Kind.RECURRING and await self._may_end_others(tx, actor, item.conversation_id)

    async def _may_end_others(self, tx: Tx, actor: Actor, conversation_id: ConversationId) -> bool:
        member = await conversation_queries.find_member(tx, conversation_id, actor.user_id)
        return member is not None and permissions.may(
            permissions.REMOVE_ANY, role=actor.role, standing=member.role
        )

    async def _wait(self, tx: Tx, item: Scheduled) -> None:
        detail = {"conversation_id": str(item.conversation_id)}
        await jobs.put(tx, DUE_JOB, item.schedule_id, item.when, detail=detail)
        await tell(self._desk, tx, item)

    async def _record(self, tx: Tx, actor: Actor, action: str, item: Scheduled) -> None:
        await self._desk.record(
            tx,
            actor,
            action,
            item.conversation_id,
            schedule_id=item.schedule_id,
            owner_id=item.owner_id,
            recurring=int(item.kind is Kind.RECURRING),
        )


def _first(when: When, now: datetime) -> datetime:
    if isinstance(when, datetime):
        return check_time(when, now)
    due = next_after(when, now)
    if due is None:
        raise RepeatInvalid("rule")
    return check_time(due, now)

"""Says what is due, in the transaction of the job, so that it is said exactly once.

If that were not enough, there is a second lock: the retry key of an occurrence is derived from schedule and
time, and the log stores every retry key once.
"""

from dataclasses import replace
from datetime import datetime
from typing import Final
from uuid import UUID

from amana.conversations import queries as conversation_queries
from amana.conversations.messages.draft import Draft
from amana.conversations.messages.posting import Posting
from amana.conversations.scheduling import queries
from amana.conversations.scheduling.contents import Contents
from amana.conversations.scheduling.errors import ContentUnreadable, OwnerGone
from amana.conversations.scheduling.model import Kind, Scheduled, State, occurrence_id
from amana.conversations.scheduling.recurrence import next_after
from amana.conversations.scheduling.succession import Succession
from amana.conversations.scheduling.telling import tell
from amana.conversations.writing import Desk
from amana.events.model import Appended
from amana.kernel.actor import Actor
from amana.kernel.ids import NO_DEVICE, ConversationId, SessionId
from amana.people import queries as people_queries
from amana.storage.database import Tx
from amana.storage.jobs import Job

NO_SESSION: Final = SessionId(NO_DEVICE)


class Saying:
    """The work of the jobs ``message.due``."""

    def __init__(self, desk: Desk, posting: Posting) -> None:
        self._desk = desk
        self._posting = posting
        self._contents = Contents(desk.vault)
        self._succession = Succession(desk)

    async def run(self, tx: Tx, job: Job) -> datetime | None:
        """Say it. The rights of whoever it is said for are those they have now."""
        item = await queries.lock(tx, _room(job), job.subject)
        if item is None or item.state is not State.WAITING or item.due is None:
            return None
        if item.due > self._desk.clock.now():
            return item.due
        item = await self._in_good_hands(tx, item)
        draft = await self._contents.due(tx, item)
        if not isinstance(draft, Draft):
            raise ContentUnreadable
        key = item.client_id if item.kind is Kind.HELD else occurrence_id(item.schedule_id, item.when)
        place = await self._posting.post(tx, await self._speaker(tx, item), replace(draft, client_id=key))
        return await self._done(tx, item, place)

    async def give_up(self, tx: Tx, job: Job, reason: str) -> datetime | None:
        """It may not or can not be said: its owner finds it with the reason, and nothing is tried again."""
        item = await queries.lock(tx, _room(job), job.subject)
        if item is None or item.state is not State.WAITING:
            return None
        item = item.failed(reason)
        await queries.update(tx, item)
        await tell(self._desk, tx, item)
        await self._desk.evidence.record(
            tx,
            org_id=item.org_id,
            actor_id=None,
            action="schedule.failed",
            subject=item.conversation_id,
            now=self._desk.clock.now(),
            detail={"schedule_id": str(item.schedule_id), "owner_id": str(item.owner_id), "reason": reason},
        )
        return None

    async def _in_good_hands(self, tx: Tx, item: Scheduled) -> Scheduled:
        """What recurs belongs to the organisation: it goes on when the person it was said for is gone."""
        if item.kind is not Kind.RECURRING:
            return item
        if await conversation_queries.find_member(tx, item.conversation_id, item.owner_id) is not None:
            return item
        passed_on = await self._succession.pass_on(tx, item)
        if passed_on is None:
            raise OwnerGone
        return passed_on

    async def _speaker(self, tx: Tx, item: Scheduled) -> Actor:
        account = await people_queries.find_account(tx, item.owner_id)
        if account is None or account.is_erased:
            raise OwnerGone
        return Actor(item.org_id, item.owner_id, item.device_id, NO_SESSION, account.role, account.language)

    async def _done(self, tx: Tx, item: Scheduled, place: Appended) -> datetime | None:
        now = self._desk.clock.now()
        if item.kind is Kind.HELD:
            # A retry meets the message itself; nothing else has to remember it.
            await self._contents.end(tx, item)
            await queries.delete(tx, item.conversation_id, item.schedule_id)
            return None
        said = replace(item, sent_count=item.sent_count + 1, last_seq=place.seq)
        # What was missed while nothing ran is said once and not once for each time.
        again = None if item.repeat is None else next_after(item.repeat, max(now, item.when))
        if again is None:
            await self._contents.end(tx, item)
            said = said.ended(State.SENT, now)
        else:
            said = replace(said, due=again)
        await queries.update(tx, said)
        await tell(self._desk, tx, said, seq=place.seq)
        return again


def _room(job: Job) -> ConversationId:
    return ConversationId(UUID(str(job.detail["conversation_id"])))

"""What becomes of scheduled messages when somebody leaves a room or the organisation.

What recurs belongs to the organisation and goes to the room's owner, else to a deputy, else to whoever has
been in it longest; where nobody is left, and between two people, it ends. What was to be said once was the
person's own: it fails visibly when it is due, and is gone at once with a person who is erased.
"""

from dataclasses import replace
from datetime import datetime
from typing import Final
from uuid import UUID

from amana.conversations import queries as conversation_queries
from amana.conversations.messages.draft import Draft
from amana.conversations.scheduling import queries
from amana.conversations.scheduling.contents import Contents
from amana.conversations.scheduling.errors import OwnerGone
from amana.conversations.scheduling.model import (
    DUE_JOB,
    Kind,
    Scheduled,
    State,
)
from amana.conversations.scheduling.telling import tell
from amana.conversations.writing import Desk
from amana.kernel.ids import NO_DEVICE, ConversationId, UserId
from amana.people import queries as people_queries
from amana.storage import jobs
from amana.storage.database import Tx
from amana.storage.jobs import Job

_OPEN: Final = (State.WAITING, State.FAILED)


class Succession:
    """The work of the jobs ``message.heirs``, and the handing over itself."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._contents = Contents(desk.vault)

    async def run(self, tx: Tx, job: Job) -> datetime | None:
        conversation_id = ConversationId(UUID(str(job.detail["conversation_id"])))
        user_id = UserId(UUID(str(job.detail["user_id"])))
        account = await people_queries.find_account(tx, user_id)
        is_erased = account is None or account.is_erased
        is_member = await conversation_queries.find_member(tx, conversation_id, user_id) is not None
        if is_member and not is_erased:
            return None  # back again
        for schedule_id, kind, state in await queries.list_of_person(tx, conversation_id, user_id):
            if kind is Kind.RECURRING and state in _OPEN:
                await self._hand_over(tx, conversation_id, schedule_id)
            elif is_erased:
                await self._forget(tx, conversation_id, schedule_id)
        return None

    async def give_up(self, tx: Tx, job: Job, reason: str) -> datetime | None:
        """Each schedule looks after itself once more when it is due."""
        return None

    async def pass_on(self, tx: Tx, item: Scheduled) -> Scheduled | None:
        """Give a recurring message to its successor; None when there is nobody. The caller holds its lock.

        The text is sealed anew, for the successor to read and change.
        """
        heir = await queries.find_successor(tx, item.conversation_id, without=item.owner_id)
        draft = await self._contents.due(tx, item)
        if heir is None or not isinstance(draft, Draft):
            return None
        passed_on = replace(item, owner_id=heir, device_id=NO_DEVICE, revision=item.revision + 1)
        passed_on = await self._contents.seal(tx, passed_on, draft)
        await queries.update(tx, passed_on)
        await tell(self._desk, tx, passed_on, former=item.owner_id)
        await self._record(tx, "schedule.handed_over", passed_on, former_id=str(item.owner_id))
        return passed_on

    async def _hand_over(self, tx: Tx, conversation_id: ConversationId, schedule_id: UUID) -> None:
        await jobs.lock(tx, DUE_JOB, schedule_id)
        item = await queries.lock(tx, conversation_id, schedule_id)
        if item is None or item.state not in _OPEN or await self.pass_on(tx, item) is not None:
            return
        await self._contents.end(tx, item)
        await jobs.drop(tx, DUE_JOB, schedule_id)
        ended = item.ended(State.CANCELLED, self._desk.clock.now(), reason=OwnerGone.code)
        await queries.update(tx, ended)
        await tell(self._desk, tx, ended)
        await self._record(tx, "schedule.cancelled", ended, reason=OwnerGone.code)

    async def _forget(self, tx: Tx, conversation_id: ConversationId, schedule_id: UUID) -> None:
        await jobs.lock(tx, DUE_JOB, schedule_id)
        item = await queries.lock(tx, conversation_id, schedule_id)
        if item is None:
            return
        await self._contents.end(tx, item)
        await jobs.drop(tx, DUE_JOB, schedule_id)
        await queries.delete(tx, conversation_id, schedule_id)

    async def _record(self, tx: Tx, action: str, item: Scheduled, **detail: str) -> None:
        await self._desk.evidence.record(
            tx,
            org_id=item.org_id,
            actor_id=None,
            action=action,
            subject=item.conversation_id,
            now=self._desk.clock.now(),
            detail={"schedule_id": str(item.schedule_id), "owner_id": str(item.owner_id), **detail},
        )

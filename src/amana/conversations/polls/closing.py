"""The end of a poll: nobody votes any more, and of an anonymous one the result is said for the first time."""

from datetime import datetime
from uuid import UUID

from amana.conversations import events
from amana.conversations.polls import queries
from amana.conversations.polls.ballots import JOB, Ballots
from amana.conversations.polls.counts import Counts
from amana.conversations.polls.errors import PollDamaged
from amana.conversations.polls.events import PollEnded
from amana.conversations.polls.model import PollRow
from amana.conversations.writing import Desk
from amana.events.model import Appended, NewEvent
from amana.kernel.actor import Actor
from amana.kernel.ids import NO_DEVICE, SERVER, ClientId, ConversationId, OrgId, Seq
from amana.storage.database import Tx
from amana.storage.jobs import Job
from amana.vault import issue


class Closing:
    """Closes polls; the caller holds the lock of the conversation's head and has seen that it is open."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._ballots = Ballots(desk.vault)
        self._counts = Counts(desk)

    async def by(
        self, tx: Tx, actor: Actor, conversation_id: ConversationId, poll: PollRow, client_id: ClientId
    ) -> Appended:
        """Somebody closes it."""
        payload = await self._result(tx, actor.org_id, conversation_id, poll, by=actor.user_id)
        place = await self._desk.append(
            tx,
            actor,
            conversation_id,
            events.POLL_CLOSED,
            payload,
            client_id=client_id,
            target_seq=poll.seq,
        )
        await self._closed(tx, conversation_id, poll, place)
        return place

    async def at_its_time(
        self, tx: Tx, org_id: OrgId, conversation_id: ConversationId, poll: PollRow
    ) -> None:
        """The server closes it, also in a room that is closed itself: the box must not stay for ever."""
        payload = await self._result(tx, org_id, conversation_id, poll, by=None)
        event = NewEvent(
            conversation_id=conversation_id,
            kind=events.POLL_CLOSED,
            countable=False,
            sender_id=SERVER,
            device_id=NO_DEVICE,
            client_id=ClientId(self._desk.ids.new()),
            content=events.encode(payload),
            target_seq=poll.seq,
        )
        (place,) = await self._desk.log.append(tx, [event])
        await self._closed(tx, conversation_id, poll, place)

    async def _closed(self, tx: Tx, conversation_id: ConversationId, poll: PollRow, place: Appended) -> None:
        await queries.close(tx, conversation_id, poll.seq, event_seq=place.seq, ts_ms=place.ts_ms)
        if poll.anonymous:
            await self._ballots.destroy(tx, conversation_id, [poll.seq])

    async def _result(
        self, tx: Tx, org_id: OrgId, conversation_id: ConversationId, poll: PollRow, *, by: UUID | None
    ) -> PollEnded:
        """What the votes are; a poll ends also where they cannot be read."""
        voters: int | None = None
        totals: list[int] | None = None
        try:
            if poll.anonymous:
                box = await self._ballots.open(tx, org_id, conversation_id, poll.seq, poll.box)
                voters, totals = box.cast, list(box.totals)
            else:
                proof = issue.system(org_id=org_id, job=JOB)
                shown, _ = await self._counts.of_named(tx, proof, conversation_id, poll, None)
                if shown is None:
                    voters, totals = 0, await self._counts.nothing(tx, proof, conversation_id, poll.seq)
                else:
                    voters, totals = shown.voters, shown.totals
        except PollDamaged:
            pass
        return PollEnded(target=poll.seq, by=by, voters=voters, totals=totals)


class ClosingAtTime:
    """The work of the jobs ``poll.close``.

    A poll that was closed, removed or erased before leaves its job behind: dropping it under the head's
    lock would turn the order of locks around. The job finds nothing to do.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._closing = Closing(desk)

    async def run(self, tx: Tx, job: Job) -> datetime | None:
        """Close it when it is open still."""
        room = ConversationId(UUID(str(job.detail["conversation_id"])))
        seq = Seq(int(str(job.detail["seq"])))
        await self._desk.log.lock_head(tx, room)
        poll = await queries.find(tx, room, seq)
        if poll is None or poll.closed_ts is not None or poll.closes_at is None:
            return None
        if poll.closes_at > self._desk.clock.now():
            return poll.closes_at
        await self._closing.at_its_time(tx, job.org_id, room, poll)
        return None

    async def give_up(self, tx: Tx, job: Job, reason: str) -> datetime | None:
        """Nobody votes after its time in any case, and its author may still close it."""
        return None

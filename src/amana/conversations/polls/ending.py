"""What becomes of votes when their poll ends, and of those of somebody who is erased."""

from collections.abc import Sequence
from typing import Final

from amana.conversations import events
from amana.conversations.messages.targets import Target, Targets
from amana.conversations.polls import queries
from amana.conversations.polls.ballots import JOB, Ballots
from amana.conversations.polls.counts import Counts
from amana.conversations.polls.errors import PollDamaged
from amana.conversations.polls.events import PollVoted
from amana.conversations.polls.model import PollRow, Vote, moved
from amana.conversations.writing import Desk
from amana.events.model import NewEvent
from amana.kernel.actor import Actor
from amana.kernel.ids import NO_DEVICE, SERVER, ClientId, ConversationId, OrgId, Seq, UserId
from amana.storage.database import Tx
from amana.vault import issue

KINDS: Final = (events.POLL_VOTED, events.POLL_CLOSED)


class PollEnding:
    """The caller holds the lock of the conversation's head and tells the members of the message's end."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._targets = Targets(desk)
        self._ballots = Ballots(desk.vault)
        self._counts = Counts(desk)

    async def with_removed(self, tx: Tx, actor: Actor, target: Target) -> None:
        """A message was removed: what was voted becomes traces like its text; a box is never opened again."""
        room = target.event.conversation_id
        polls = await self._delete(tx, room, [target.event.seq])
        await self._targets.beside_to_trace(tx, actor, target, await self._events_of(tx, room, polls))

    async def with_erased(self, tx: Tx, conversation_id: ConversationId, seqs: Sequence[Seq]) -> list[Seq]:
        """Messages were erased; gives the events of their votes, whose contents are to end as well.

        Also of those that were removed before, whose votes are traces for a while.
        """
        if not seqs:
            return []
        await self._delete(tx, conversation_id, seqs)
        return await self._events_of(tx, conversation_id, seqs)

    async def of_person(
        self,
        tx: Tx,
        conversation_id: ConversationId,
        user_id: UserId,
        seqs: Sequence[Seq],
        *,
        after: Seq,
        upto: Seq,
    ) -> None:
        """Take back what somebody who is erased had voted with the events ``seqs``, and tell the members.

        Their name goes from the boxes of the polls posted in between as well; what they chose in there
        stays in the totals, as nobody can tell what it was.
        """
        org_id = tx.org_id
        if org_id is None:
            raise ValueError("Whose poll it is must be known.")
        for vote in await queries.votes_of_person(tx, conversation_id, user_id, seqs):
            await self._take_back(tx, org_id, conversation_id, vote)
        for poll in await queries.shown_by(tx, conversation_id, seqs):
            # They took a vote back, and that was the newest that was said.
            await self._say_again(tx, org_id, conversation_id, poll, user_id, None)
        await self._out_of_boxes(tx, org_id, conversation_id, user_id, after=after, upto=upto)

    async def _out_of_boxes(
        self,
        tx: Tx,
        org_id: OrgId,
        conversation_id: ConversationId,
        user_id: UserId,
        *,
        after: Seq,
        upto: Seq,
    ) -> None:
        for poll in await queries.boxes_between(tx, conversation_id, after=after, upto=upto):
            try:
                box = await self._ballots.open(tx, org_id, conversation_id, poll.seq, poll.box)
            except PollDamaged:
                # It opens for nobody, and was reported.
                continue
            if user_id in box.voters:
                rest = box.without(user_id)
                sealed = await self._ballots.seal(
                    tx, org_id, conversation_id, poll.seq, rest, members=len(box.voters)
                )
                await queries.put_box(tx, conversation_id, poll.seq, sealed)

    async def _take_back(self, tx: Tx, org_id: OrgId, conversation_id: ConversationId, vote: Vote) -> None:
        await queries.delete_vote(tx, conversation_id, vote.seq, vote.user_id)
        poll = await queries.find(tx, conversation_id, vote.seq)
        if poll is not None:
            await self._say_again(tx, org_id, conversation_id, poll, vote.user_id, vote.event_seq)

    async def _say_again(
        self,
        tx: Tx,
        org_id: OrgId,
        conversation_id: ConversationId,
        poll: PollRow,
        user_id: UserId,
        vote_seq: Seq | None,
    ) -> None:
        """How the poll stands without this person; nothing where that cannot be read."""
        proof = issue.system(org_id=org_id, job=JOB)
        try:
            shown, before = await self._counts.of_named(tx, proof, conversation_id, poll, vote_seq)
        except PollDamaged:
            return
        if shown is None or shown.totals is None or shown.voters is None:
            return
        payload = PollVoted(
            target=poll.seq,
            user_id=user_id,
            choices=[],
            voters=shown.voters - bool(before),
            totals=moved(shown.totals, before, ()),
        )
        event = NewEvent(
            conversation_id=conversation_id,
            kind=events.POLL_VOTED,
            countable=False,
            sender_id=SERVER,
            device_id=NO_DEVICE,
            client_id=ClientId(self._desk.ids.new()),
            content=events.encode(payload),
            target_seq=poll.seq,
        )
        (place,) = await self._desk.log.append(tx, [event])
        await queries.show(tx, conversation_id, poll.seq, place.seq)

    async def _delete(self, tx: Tx, conversation_id: ConversationId, seqs: Sequence[Seq]) -> list[Seq]:
        polls = await queries.delete_of_messages(tx, conversation_id, seqs)
        if polls:
            await self._ballots.destroy(tx, conversation_id, polls)
        return polls

    async def _events_of(self, tx: Tx, conversation_id: ConversationId, seqs: Sequence[Seq]) -> list[Seq]:
        found: list[Seq] = []
        for kind in KINDS:
            found += await self._desk.log.changes_of(tx, conversation_id, kind, seqs)
        return sorted(found)

"""Posting polls, voting in them, and closing them by hand."""

from collections.abc import Sequence
from dataclasses import dataclass

from amana.conversations import events, permissions
from amana.conversations import queries as conversation_queries
from amana.conversations.errors import ConversationNotFound
from amana.conversations.messages.draft import Draft
from amana.conversations.messages.model import said
from amana.conversations.messages.targets import Target, Targets
from amana.conversations.model import Member
from amana.conversations.opening import proof_of
from amana.conversations.polls import queries
from amana.conversations.polls.ballots import Ballots, poll_id_of
from amana.conversations.polls.box import Box
from amana.conversations.polls.closing import Closing
from amana.conversations.polls.counts import Counts
from amana.conversations.polls.errors import PollClosed, PollDamaged, PollNotFound
from amana.conversations.polls.events import PollVoted
from amana.conversations.polls.model import (
    CLOSE_JOB,
    Poll,
    PollRow,
    check_choices,
    check_closing,
    moved,
)
from amana.conversations.queries import Mine
from amana.conversations.room import require_open
from amana.conversations.writing import Desk
from amana.events.errors import ClientIdReused
from amana.events.log import check_client_id
from amana.events.model import Appended, StoredEvent
from amana.kernel.actor import Actor
from amana.kernel.ids import ClientId, ConversationId, Seq, UserId
from amana.storage import jobs
from amana.storage.database import Tx


class PollStep:
    """What a message that is a poll brings about; a step of ``posting``."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._ballots = Ballots(desk.vault)

    async def before(self, tx: Tx, actor: Actor, mine: Mine, draft: Draft) -> None:
        """Raises PollTimeInvalid."""
        if draft.poll is not None:
            check_closing(draft.poll, self._desk.clock.now())

    async def after(self, tx: Tx, actor: Actor, mine: Mine, draft: Draft, place: Appended) -> None:
        if draft.poll is None:
            return
        room, poll = draft.conversation_id, draft.poll
        closes_at = check_closing(poll, self._desk.clock.now())
        box = None
        if poll.anonymous:
            empty = Box((0,) * len(poll.options))
            members = mine.conversation.members_count
            box = await self._ballots.seal(tx, actor.org_id, room, place.seq, empty, members=members)
        row = PollRow(place.seq, poll.anonymous, closes_at, None, None, box)
        await queries.insert(tx, actor.org_id, room, row)
        if closes_at is not None:
            detail = {"conversation_id": str(room), "seq": place.seq}
            await jobs.put(tx, CLOSE_JOB, poll_id_of(room, place.seq), closes_at, detail=detail)


@dataclass(frozen=True, slots=True)
class MyVote:
    """Whether somebody voted; what they chose is empty in an anonymous poll, for nobody knows it."""

    voted: bool
    choices: list[int]


@dataclass(frozen=True, slots=True)
class Voter:
    """Who voted what in a named poll; ``seq`` is the place of the vote, ``ts_ms`` in Unix milliseconds."""

    user_id: UserId
    seq: Seq
    ts_ms: int
    choices: list[int]


class PollService:
    """Who may read a room may vote in it, also where only some write; in a closed room nobody."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._targets = Targets(desk)
        self._ballots = Ballots(desk.vault)
        self._counts = Counts(desk)
        self._closing = Closing(desk)

    async def vote(
        self,
        tx: Tx,
        actor: Actor,
        conversation_id: ConversationId,
        seq: Seq,
        *,
        client_id: ClientId,
        choices: Sequence[int],
    ) -> None:
        """Vote. In a named poll the newest vote counts, and an empty one takes it back.

        Args:
            client_id: the retry key; nothing of it is stored in an anonymous poll.

        Raises:
            ConversationNotFound, ConversationClosed, PollNotFound, PollClosed, ChoiceInvalid, PollDamaged
            MessageNotFound, MessageRemoved, MessageErased, MessageDamaged
            AlreadyVoted: an anonymous vote is final, and so is a retry of it.
            ClientIdInvalid, ClientIdFromFuture, ClientIdTooOld, ClientIdReused
        """
        check_client_id(client_id, self._desk.clock.now())
        target = await self._targets.find(tx, actor, conversation_id, seq)
        poll, row = await self._poll(tx, actor, target)
        if not row.anonymous and await self._again(tx, actor, target, client_id, events.POLL_VOTED):
            return
        require_open(target.mine.conversation)
        if row.closed_ts is not None or (row.closes_at and row.closes_at <= self._desk.clock.now()):
            raise PollClosed
        chosen = check_choices(poll, choices)
        if row.anonymous:
            await self._drop_in(tx, actor, target, row, chosen)
        else:
            await self._say(tx, actor, target, (poll, row), chosen, client_id)

    async def close(
        self, tx: Tx, actor: Actor, conversation_id: ConversationId, seq: Seq, *, client_id: ClientId
    ) -> Appended:
        """Close a poll as its author, or as owner, deputy or administrator of the room.

        Raises:
            ConversationNotFound, PollNotFound, NotPermitted
            MessageNotFound, MessageRemoved, MessageErased, MessageDamaged
            PollClosed: somebody did, or its time had come.
            ClientIdInvalid, ClientIdFromFuture, ClientIdTooOld, ClientIdReused
        """
        check_client_id(client_id, self._desk.clock.now())
        target = await self._targets.find(tx, actor, conversation_id, seq)
        original = await self._again(tx, actor, target, client_id, events.POLL_CLOSED)
        if original is not None:
            return Appended(conversation_id, original.seq, original.msg_no, original.ts_ms, fresh=False)
        _, row = await self._poll(tx, actor, target)
        if target.event.sender_id != actor.user_id:
            permissions.require(permissions.REMOVE_ANY, role=actor.role, standing=target.member.role)
        if row.closed_ts is not None:
            raise PollClosed
        return await self._closing.by(tx, actor, conversation_id, row, client_id)

    async def mine(self, tx: Tx, actor: Actor, conversation_id: ConversationId, seq: Seq) -> MyVote:
        """Whether ``actor`` has voted. Of an anonymous poll that is closed nobody knows.

        Raises:
            ConversationNotFound, PollNotFound, PollDamaged
        """
        member, row = await self._seen(tx, actor, conversation_id, seq)
        if row.anonymous:
            if row.closed_ts is not None:
                return MyVote(False, [])
            box = await self._ballots.open(tx, actor.org_id, conversation_id, seq, row.box)
            return MyVote(actor.user_id in box.voters, [])
        held = await queries.find_vote(tx, conversation_id, seq, actor.user_id)
        proof = proof_of(actor.org_id, member)
        _, choices = await self._counts.of_named(tx, proof, conversation_id, row, held)
        return MyVote(held is not None, choices)

    async def voters(
        self, tx: Tx, actor: Actor, conversation_id: ConversationId, seq: Seq, *, after: Seq, limit: int
    ) -> tuple[list[Voter], bool]:
        """Who voted what in a named poll, by the time of their votes, and whether there are more.

        Raises:
            ConversationNotFound
            PollNotFound: it is none, or an anonymous one.
        """
        member, row = await self._seen(tx, actor, conversation_id, seq)
        if row.anonymous:
            raise PollNotFound
        votes = await queries.list_votes(
            tx, conversation_id, actor.user_id, seq, after=after, limit=limit + 1
        )
        more, votes = len(votes) > limit, votes[:limit]
        places = [vote.event_seq for vote in votes]
        stored = await self._desk.log.at(tx, conversation_id, places) if places else []
        times = {event.seq: event.ts_ms for event in stored}
        found = await self._counts.at(tx, proof_of(actor.org_id, member), conversation_id, places)
        shown = [
            Voter(vote.user_id, vote.event_seq, times[vote.event_seq], found[vote.event_seq].choices)
            for vote in votes
            if vote.event_seq in found and found[vote.event_seq].target == seq
        ]
        return shown, more

    async def _seen(
        self, tx: Tx, actor: Actor, conversation_id: ConversationId, seq: Seq
    ) -> tuple[Member, PollRow]:
        """A poll for somebody who only looks; that of a message that was removed or erased is gone."""
        member = await conversation_queries.find_member(tx, conversation_id, actor.user_id)
        if member is None:
            raise ConversationNotFound
        row = await queries.find(tx, conversation_id, seq) if seq >= member.visible_from else None
        if row is None:
            raise PollNotFound
        return member, row

    async def _poll(self, tx: Tx, actor: Actor, target: Target) -> tuple[Poll, PollRow]:
        """What the message asks, and how that is stored."""
        poll = said(await self._targets.readable(tx, actor, target)).poll
        row = await queries.find(tx, target.event.conversation_id, target.event.seq)
        if poll is None or row is None:
            raise PollNotFound
        if poll.anonymous != row.anonymous:
            # A row that was changed must not turn an anonymous vote into an event.
            raise PollDamaged
        return poll, row

    async def _again(
        self, tx: Tx, actor: Actor, target: Target, client_id: ClientId, kind: int
    ) -> StoredEvent | None:
        """The event that was stored under this retry key before; raises ClientIdReused."""
        room = target.event.conversation_id
        original = await self._desk.log.find_original(tx, room, actor.user_id, client_id)
        if original is not None and (original.kind != kind or original.target_seq != target.event.seq):
            raise ClientIdReused("This id was already used for something else.", field="client_id")
        return original

    async def _drop_in(self, tx: Tx, actor: Actor, target: Target, row: PollRow, chosen: list[int]) -> None:
        """Into the box, and nowhere else."""
        room, seq = target.event.conversation_id, target.event.seq
        box = await self._ballots.open(tx, actor.org_id, room, seq, row.box)
        box = box.with_vote(actor.user_id, chosen)
        members = target.mine.conversation.members_count
        sealed = await self._ballots.seal(tx, actor.org_id, room, seq, box, members=members)
        await queries.put_box(tx, room, seq, sealed)

    async def _say(
        self,
        tx: Tx,
        actor: Actor,
        target: Target,
        poll: tuple[Poll, PollRow],
        chosen: list[int],
        client_id: ClientId,
    ) -> None:
        """To everybody; what the person had said before becomes a trace."""
        asked, row = poll
        room, seq, user_id = target.event.conversation_id, target.event.seq, actor.user_id
        held = await queries.find_vote(tx, room, seq, user_id)
        proof = proof_of(actor.org_id, target.member)
        shown, before = await self._counts.of_named(tx, proof, room, row, held)
        if before == chosen:
            return
        totals = moved((shown and shown.totals) or [0] * len(asked.options), before, chosen)
        voters = ((shown and shown.voters) or 0) + bool(chosen) - bool(before)
        payload = PollVoted(target=seq, user_id=user_id, choices=chosen, voters=voters, totals=totals)
        place = await self._desk.append(
            tx, actor, room, events.POLL_VOTED, payload, client_id=client_id, target_seq=seq
        )
        if chosen:
            await queries.put_vote(tx, actor.org_id, room, seq, user_id, event_seq=place.seq)
        else:
            await queries.delete_vote(tx, room, seq, user_id)
        await queries.show(tx, room, seq, place.seq)
        if held is not None:
            await self._targets.to_trace(tx, actor, target, await self._desk.log.at(tx, room, [held]))

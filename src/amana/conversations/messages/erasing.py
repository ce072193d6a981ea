"""Ending messages for good: by the retention of a room, and with the person who wrote them.

In steps that hold a room's lock for some milliseconds each. A step may be repeated: what has ended stays
ended. Members are told of the places by one event; until they hear of it they hold what they had read.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Final, Literal

from amana.conversations import events
from amana.conversations.forwarding import queries as forwarding_queries
from amana.conversations.mentions.service import Mentions
from amana.conversations.pins import queries as pin_queries
from amana.conversations.polls.ending import PollEnding
from amana.conversations.reactions.ending import ReactionEnding
from amana.conversations.threads.service import Threads
from amana.conversations.writing import Desk
from amana.events.model import NewEvent, Outline
from amana.kernel.ids import NO_DEVICE, SERVER, ClientId, ConversationId, Seq, UserId
from amana.storage.database import Tx
from amana.vault import Cause, Ground
from amana.vault.erasure import count_wraps

STEP: Final = 500
# A frame with more of them would be a burden to telephones.
RANGES_AT_ONCE: Final = 1_000

Reason = Literal["retention", "erasure"]


@dataclass(frozen=True, slots=True)
class Step:
    """What one step did.

    Attributes:
        messages: places of messages that nobody can read any more.
        wraps: how many wrapped keys ended.
        kept: how many stay, on another ground than members or a trace.
        through: everything up to here is done.
        more: the next step may find more.
    """

    messages: list[Seq]
    wraps: int
    kept: int
    through: Seq
    more: bool


class Erasing:
    """Ends messages; who may ask for it is decided above."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._reactions = ReactionEnding(desk)
        self._polls = PollEnding(desk)
        self._mentions = Mentions(desk, Threads(desk))

    async def older_than(
        self, tx: Tx, conversation_id: ConversationId, *, after: Seq, cut_ms: int, size: int = STEP
    ) -> Step:
        """End the messages after ``after`` that were sent before ``cut_ms``, looking at ``size`` places.

        Their edits go with them, however new: a wording is as old as the message it belongs to.
        """
        found, head = await self._look(tx, conversation_id, after, size)
        old = list(takewhile(lambda row: row.ts_ms < cut_ms, found))
        messages = [row.seq for row in old if row.kind == events.MESSAGE_CREATED]
        edits = await self._desk.log.changes_of(tx, conversation_id, events.MESSAGE_EDITED, messages)
        beside = await self._beside(tx, conversation_id, messages)
        ended = await self._end(tx, conversation_id, [*_personal(old), *edits, *beside], Cause.RETENTION)
        through = old[-1].seq if old else after
        return Step(messages, ended, 0, through, more=len(old) == len(found) and through < head)

    async def written_by(
        self, tx: Tx, conversation_id: ConversationId, author: UserId, *, after: Seq, size: int = STEP
    ) -> Step:
        """End what ``author`` wrote after ``after``, looking at ``size`` places, and copies of it."""
        found, head = await self._look(tx, conversation_id, after, size)
        copies = await forwarding_queries.copies_of(
            tx, conversation_id, author, after=after, upto=Seq(after + size)
        )
        own = [row for row in found if row.sender_id == author or row.seq in copies]
        messages = [row.seq for row in own if row.kind == events.MESSAGE_CREATED]
        beside = await self._beside(tx, conversation_id, messages)
        reactions = [row.seq for row in own if row.kind == events.REACTION_ADDED]
        await self._reactions.of_person(tx, conversation_id, author, reactions)
        votes = [row.seq for row in own if row.kind == events.POLL_VOTED]
        through = found[-1].seq if found else after
        await self._polls.of_person(tx, conversation_id, author, votes, after=after, upto=through)
        ended = await self._end(tx, conversation_id, [*_personal(own), *beside], Cause.PERSON)
        kept = await count_wraps(tx, conversation_id, _personal(own))
        return Step(messages, ended, kept, through, more=through < head)

    async def announce(
        self, tx: Tx, conversation_id: ConversationId, ranges: Iterable[tuple[Seq, Seq]], reason: Reason
    ) -> None:
        """Tell the members which messages are gone; nothing when there are none."""
        pairs = [(int(first), int(last)) for first, last in ranges]
        for start in range(0, len(pairs), RANGES_AT_ONCE):
            payload = events.MessagesErased(ranges=pairs[start : start + RANGES_AT_ONCE], reason=reason)
            event = NewEvent(
                conversation_id=conversation_id,
                kind=events.MESSAGES_ERASED,
                countable=False,
                sender_id=SERVER,
                device_id=NO_DEVICE,
                client_id=ClientId(self._desk.ids.new()),
                content=events.encode(payload),
            )
            await self._desk.log.append(tx, [event])

    async def _look(
        self, tx: Tx, conversation_id: ConversationId, after: Seq, size: int
    ) -> tuple[list[Outline], Seq]:
        """Lock the room, so that no edit slips in between, and look at its next places."""
        head = await self._desk.log.lock_head(tx, conversation_id)
        upto = Seq(min(after + size, head.seq))
        return await self._desk.log.outlines(tx, conversation_id, after=after, upto=upto), head.seq

    async def _beside(self, tx: Tx, conversation_id: ConversationId, messages: Sequence[Seq]) -> list[Seq]:
        """Take away what stands beside these messages; gives the events of it whose contents end too."""
        await pin_queries.delete_of_messages(tx, conversation_id, messages)
        await self._mentions.end(tx, conversation_id, messages)
        reactions = await self._reactions.with_erased(tx, conversation_id, messages)
        return [*reactions, *await self._polls.with_erased(tx, conversation_id, messages)]

    async def _end(self, tx: Tx, conversation_id: ConversationId, seqs: Sequence[Seq], cause: Cause) -> int:
        grounds = (Ground.LIVE, Ground.TRACE)
        now = self._desk.clock.now()
        return await self._desk.vault.end_grounds(tx, conversation_id, seqs, grounds, cause=cause, now=now)


def _personal(rows: Iterable[Outline]) -> list[Seq]:
    return [row.seq for row in rows if row.kind in events.PERSONAL]

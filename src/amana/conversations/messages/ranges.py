"""Ranges of events as ready frames: what sockets missed, of many conversations in the same statements."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from amana.conversations import events, queries
from amana.conversations.messages import queries as message_queries
from amana.conversations.messages.model import Content
from amana.conversations.messages.queries import MessageState
from amana.conversations.model import Member
from amana.conversations.opening import open_many, proof_of
from amana.conversations.writing import Desk
from amana.events.following import Missed
from amana.events.frames import encode_stored, encode_unreadable
from amana.events.model import Head, StoredEvent
from amana.kernel.ids import ConversationId, OrgId, Seq, UserId
from amana.storage.database import Tx
from amana.vault import Unreadable


@dataclass(frozen=True, slots=True)
class Range:
    """Ready event elements in ascending order; ``head`` as of the same snapshot."""

    frames: list[bytes]
    first: Seq
    last: Seq
    limited: bool
    head: Head


@dataclass(frozen=True, slots=True)
class Span:
    """Events of one conversation, still sealed, and the member who reads them."""

    member: Member
    head: Head
    stored: Sequence[StoredEvent]
    limited: bool


class Ranges:
    """Reads for members only."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def newest_after(
        self, tx: Tx, wanted: Sequence[tuple[UserId, Missed]], *, limit: int
    ) -> list[Range | None]:
        """For each person and place what came after it, of more than ``limit`` the newest; None: no member.

        As many statements for a hundred conversations as for one; each conversation once.
        """
        rooms = [missed.conversation_id for _, missed in wanted]
        members = await queries.find_members(tx, [(one.conversation_id, user) for user, one in wanted])
        heads = await self._desk.log.heads(tx, rooms)
        starts: dict[ConversationId, Seq] = {}
        for _, missed in wanted:
            member = members.get(missed.conversation_id)
            if member is not None:
                newest = heads[member.conversation_id].seq
                start = max(missed.after, member.visible_from - 1, newest - limit)
                starts[member.conversation_id] = Seq(start)
        stored = await self._desk.log.read_each(
            tx, [(room, after, heads[room].seq) for room, after in starts.items()]
        )
        spans = []
        for _, (room, after) in wanted:
            if (member := members.get(room)) is not None:
                limited = starts[room] > max(after, member.visible_from - 1)
                spans.append(Span(member, heads[room], stored.get(room, ()), limited=limited))
        found = {one.head.conversation_id: one for one in await self.of(tx, spans)}
        return [found.get(room) for room in rooms]

    async def of(self, tx: Tx, spans: Sequence[Span]) -> list[Range]:
        """Open the events and make frames of them; same order."""
        if tx.org_id is None:
            raise ValueError("Events are read in a transaction of one organisation.")
        org_id: OrgId = tx.org_id
        sealed = [(proof_of(org_id, one.member), one.stored) for one in spans]
        opened = await open_many(self._desk.vault, tx, sealed)
        return [await self._range(tx, one, contents) for one, contents in zip(spans, opened, strict=True)]

    async def _range(self, tx: Tx, span: Span, contents: Sequence[Content]) -> Range:
        gone = [
            _message_of(event)
            for event, content in zip(span.stored, contents, strict=False)
            if event.kind in events.WITH_TEXT and content is Unreadable.ERASED
        ]
        member = span.member
        states = (
            await message_queries.states(tx, member.conversation_id, member.user_id, gone) if gone else {}
        )
        frames = [
            _frame(event, content, states) for event, content in zip(span.stored, contents, strict=False)
        ]
        first = span.stored[0].seq if span.stored else Seq(span.head.seq + 1)
        last = span.stored[-1].seq if span.stored else span.head.seq
        return Range(frames, first, last, span.limited, span.head)


def _message_of(event: StoredEvent) -> Seq:
    """The message that an event with a text belongs to: the one it changes, or itself."""
    return event.target_seq if event.kind in events.CHANGES and event.target_seq else event.seq


def _stays_in_thread(event: StoredEvent, content: Content) -> bool:
    """An answer that was erased keeps its place, as on every page; one that is damaged is not believed."""
    return event.kind == events.MESSAGE_CREATED and content is Unreadable.ERASED


def _frame(event: StoredEvent, content: Content, states: dict[Seq, MessageState]) -> bytes:
    name = events.NAMES[event.kind]
    if isinstance(content, bytes):
        return encode_stored(event, name, content)
    why = content.value
    state = states.get(_message_of(event)) if content is Unreadable.ERASED else None
    if state is not None and event.revision > state.revision:
        state = None
    if state is not None and (state.current_seq != event.seq or state.removed_ts is not None):
        why = "superseded"
    if state is None and event.target_seq is not None and not _stays_in_thread(event, content):
        # Nothing but the row says what it changed: clients must not believe it either.
        event = replace(event, target_seq=None)
    return encode_unreadable(event, name, why)

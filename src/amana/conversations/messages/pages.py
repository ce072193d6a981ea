"""Reading: pages of entries, single entries, ranges of events; always as a member of the conversation."""

from collections.abc import Sequence
from dataclasses import dataclass

from amana.conversations import events, queries
from amana.conversations.errors import ConversationNotFound, MessageNotFound
from amana.conversations.messages import queries as message_queries
from amana.conversations.messages.extras import Extra, with_extras
from amana.conversations.messages.model import Content, Entry, entry_of, is_wording_of, reply_of
from amana.conversations.messages.queries import MessageState, untouched
from amana.conversations.messages.ranges import Range, Ranges, Span
from amana.conversations.model import Member
from amana.conversations.opening import open_content, open_many, proof_of, report_damage
from amana.conversations.writing import Desk
from amana.events.model import Head, StoredEvent
from amana.kernel.actor import Actor
from amana.kernel.ids import ConversationId, OrgId, Seq
from amana.storage.database import Tx
from amana.vault import MemberProof, Unreadable

# Answers in a thread stand on its own pages.
IN_THREADS = (events.MESSAGE_CREATED,)


@dataclass(frozen=True, slots=True)
class Page:
    """Entries in ascending order; ``quotes`` are the answered messages that are not on the page."""

    entries: list[Entry]
    more: bool
    quotes: list[Entry]


class Pages:
    """Everything that members read."""

    def __init__(self, desk: Desk, extras: Sequence[Extra] = ()) -> None:
        self._desk = desk
        self._extras = extras
        self.ranges = Ranges(desk)

    async def page(
        self, tx: Tx, actor: Actor, conversation_id: ConversationId, *, before: Seq | None, limit: int
    ) -> Page:
        """The newest ``limit`` entries before ``before`` (None: the newest of all), in their current state.

        Raises:
            ConversationNotFound
        """
        member, head = await self._reader(tx, actor, conversation_id)
        place = Seq(head.seq + 1) if before is None else min(before, Seq(head.seq + 1))
        found = await self._desk.log.read_back(
            tx,
            conversation_id,
            first=member.visible_from,
            before=place,
            without=events.NO_ENTRIES,
            without_under=IN_THREADS,
            limit=limit + 1,
        )
        return await self._page(tx, actor.org_id, member, found, limit)

    async def thread(
        self,
        tx: Tx,
        actor: Actor,
        conversation_id: ConversationId,
        root: Seq,
        *,
        before: Seq | None,
        limit: int,
    ) -> tuple[Entry | None, Page]:
        """The message ``root`` and the newest ``limit`` answers in its thread before ``before``.

        The message is None for those who came too late to see it: then they see the answers since.

        Raises:
            ConversationNotFound
            MessageNotFound: there is neither, as far as ``actor`` may see.
        """
        member, head = await self._reader(tx, actor, conversation_id)
        place = Seq(head.seq + 1) if before is None else min(before, Seq(head.seq + 1))
        found = await self._desk.log.under(
            tx,
            conversation_id,
            root,
            events.MESSAGE_CREATED,
            first=member.visible_from,
            before=place,
            limit=limit + 1,
        )
        stored = [event for event in await self._desk.log.at(tx, conversation_id, [root]) if _is_root(event)]
        visible = [event for event in stored if event.seq >= member.visible_from]
        if not stored or (not visible and not found):
            raise MessageNotFound(seq=root)
        entries = await self._entries(tx, actor.org_id, member, visible)
        page = await self._page(tx, actor.org_id, member, found, limit)
        return (entries[0] if entries else None), page

    async def entry(self, tx: Tx, actor: Actor, conversation_id: ConversationId, seq: Seq) -> Entry:
        """One entry in its current state: how a client shows what a message answers.

        Raises:
            ConversationNotFound
            MessageNotFound: none there, not visible to ``actor``, or the place of an edit or removal.
        """
        member, _ = await self._reader(tx, actor, conversation_id)
        stored = await self._desk.log.at(tx, conversation_id, [seq])
        visible = [event for event in stored if _is_entry(event, member)]
        if not visible:
            raise MessageNotFound(seq=seq)
        (entry,) = await self._entries(tx, actor.org_id, member, visible)
        return entry

    async def at(
        self, tx: Tx, actor: Actor, conversation_id: ConversationId, seqs: Sequence[Seq]
    ) -> list[Entry]:
        """The entries at these places in their current state, ascending; what is not visible is left out.

        Raises:
            ConversationNotFound
        """
        member, _ = await self._reader(tx, actor, conversation_id)
        stored = await self._desk.log.at(tx, conversation_id, seqs) if seqs else []
        visible = [event for event in stored if _is_entry(event, member)]
        return await self._entries(tx, actor.org_id, member, visible)

    async def events_after(
        self, tx: Tx, actor: Actor, conversation_id: ConversationId, *, after: Seq, limit: int
    ) -> Range:
        """The first ``limit`` events after ``after`` that ``actor`` may see; ``limited``: there are more.

        Raises:
            ConversationNotFound
        """
        member, head = await self._reader(tx, actor, conversation_id)
        start = max(after, Seq(member.visible_from - 1))
        stored = await self._desk.log.read(tx, conversation_id, after=start, upto=head.seq, limit=limit)
        (found,) = await self.ranges.of(tx, [Span(member, head, stored, limited=head.seq > start + limit)])
        return found

    async def last_messages(
        self, tx: Tx, actor: Actor, members: Sequence[tuple[Member, Head]]
    ) -> dict[ConversationId, Entry]:
        """The newest message of each conversation that ``actor`` may see there, in its current state.

        As many statements for ten thousand conversations as for one.
        """
        ranges = [
            (member.conversation_id, member.visible_from, head.seq) for member, head in members if head.msg_no
        ]
        last = await self._desk.log.newest_of_kind(tx, events.MESSAGE_CREATED, ranges)
        places = [(event.conversation_id, event.seq) for event in last.values()]
        states = await message_queries.states_of_last(tx, actor.user_id, places) if places else {}
        newer = await self._desk.log.at_each(
            tx,
            [
                (room, state.current_seq)
                for room, state in states.items()
                if state.removed_ts is None and state.current_seq != state.seq
            ],
        )
        shown: list[tuple[StoredEvent, MessageState, StoredEvent | None]] = []
        wanted: list[tuple[MemberProof, list[StoredEvent]]] = []
        for member, _ in members:
            event = last.get(member.conversation_id)
            if event is None:
                continue
            state = states.get(event.conversation_id) or untouched(event.seq)
            current = _current(event, state, newer.get(event.conversation_id))
            shown.append((event, state, current))
            wanted.append((proof_of(actor.org_id, member), [current] if current else []))
        contents = await open_many(self._desk.vault, tx, wanted)
        return {
            event.conversation_id: _entry(event, state, content[0] if current else None)
            for (event, state, current), content in zip(shown, contents, strict=True)
        }

    async def _page(
        self, tx: Tx, org_id: OrgId, member: Member, found: Sequence[StoredEvent], limit: int
    ) -> Page:
        """The newest ``limit`` of ``found``, which holds one more where there are older ones."""
        entries = await self._entries(tx, org_id, member, found[-limit:])
        return Page(entries, len(found) > limit, await self._quotes(tx, org_id, member, entries))

    async def _reader(self, tx: Tx, actor: Actor, conversation_id: ConversationId) -> tuple[Member, Head]:
        member = await queries.find_member(tx, conversation_id, actor.user_id)
        if member is None:
            raise ConversationNotFound
        return member, (await self._desk.log.heads(tx, [conversation_id]))[conversation_id]

    async def _entries(
        self, tx: Tx, org_id: OrgId, member: Member, stored: Sequence[StoredEvent]
    ) -> list[Entry]:
        messages = [event.seq for event in stored if event.kind == events.MESSAGE_CREATED]
        states = await self._states(tx, member, messages)
        elsewhere = [
            state.current_seq
            for state in states.values()
            if state.removed_ts is None and state.current_seq != state.seq
        ]
        newer = await self._desk.log.at(tx, member.conversation_id, elsewhere) if elsewhere else []
        by_seq = {event.seq: event for event in newer}
        shown: list[tuple[StoredEvent, MessageState, StoredEvent | None]] = []
        for event in stored:
            state = states.get(event.seq) or untouched(event.seq)
            shown.append((event, state, _current(event, state, by_seq.get(state.current_seq))))
        wanted = [current for _, _, current in shown if current is not None]
        contents = await open_content(self._desk.vault, tx, proof_of(org_id, member), wanted)
        entries = [
            _entry(event, state, contents.get(current.seq) if current else None)
            for event, state, current in shown
        ]
        return await with_extras(tx, org_id, member, entries, self._extras)

    async def _quotes(self, tx: Tx, org_id: OrgId, member: Member, entries: Sequence[Entry]) -> list[Entry]:
        """What is answered on this page and stands elsewhere, as far as this reader may see it."""
        here = {entry.seq for entry in entries}
        wanted: set[Seq] = set()
        for entry in entries:
            if entry.kind == "message.created":
                reply = reply_of(entry.content)
                if reply is not None and reply.seq not in here and reply.seq >= member.visible_from:
                    wanted.add(Seq(reply.seq))
        if not wanted:
            return []
        stored = await self._desk.log.at(tx, member.conversation_id, sorted(wanted))
        return await self._entries(tx, org_id, member, stored)

    async def _states(self, tx: Tx, member: Member, seqs: Sequence[Seq]) -> dict[Seq, MessageState]:
        if not seqs:
            return {}
        return await message_queries.states(tx, member.conversation_id, member.user_id, seqs)


def _is_root(event: StoredEvent) -> bool:
    return event.kind == events.MESSAGE_CREATED and event.target_seq is None


def _is_entry(event: StoredEvent, member: Member) -> bool:
    return event.kind not in events.NO_ENTRIES and event.seq >= member.visible_from


def _current(message: StoredEvent, state: MessageState, newer: StoredEvent | None) -> StoredEvent | None:
    """The event that holds the current text; None: removed, or the state names something else (reported)."""
    if state.removed_ts is not None:
        return None
    current = message if state.current_seq == message.seq else newer
    if current is None or not is_wording_of(message, state, current):
        report_damage(message, "state")
        return None
    return current


def _entry(event: StoredEvent, state: MessageState, content: Content | None) -> Entry:
    """The entry; without ``content`` it was removed, or its rows are damaged."""
    return entry_of(event, events.NAMES[event.kind], state, content or Unreadable.DAMAGED)

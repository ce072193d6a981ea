"""The history of every room against its head and against what the log says of it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from amana.evidence.chain import Broken, Fault, History, Leaf
from amana.evidence.verify.findings import Area, Code, Finding, Place, Report
from amana.evidence.verify.source import EventRow, HeadRow, LoggedChain, Source, Walk
from amana.evidence.verify.steps import Steps
from amana.evidence.verify.words import counted, day_and_minute
from amana.kernel.ids import Seq

GRACE_MINUTES = 3
"""An event gets its time before it is committed, and the log looks every ten seconds: so far it may lag."""

_CODES = {
    Fault.GAP: Code.ENTRY_MISSING,
    Fault.ORDER: Code.ENTRY_MOVED,
    Fault.TIME: Code.ENTRY_TIME,
    Fault.FORM: Code.ENTRY_MALFORMED,
    Fault.CONTENT: Code.ENTRY_CHANGED,
    Fault.MISSING: Code.TAIL_MISSING,
    Fault.SURPLUS: Code.ENTRY_INSERTED,
}


@dataclass(slots=True)
class _Room:
    """The room that is being walked."""

    id: UUID
    head: HeadRow | None
    history: History
    broken: Finding | None = None
    logged: LoggedChain | None = None
    unlogged: list[tuple[int, int]] = field(default_factory=list)

    @property
    def last_logged(self) -> int:
        return self.logged.seq if self.logged else 0


class RoomsCheck:
    """Walks heads, events and logged chain values of all rooms side by side, in the order of their ids."""

    def __init__(self, source: Source, report: Report, steps: Steps, *, newest_minute: int | None) -> None:
        """Prepare; ``newest_minute`` is the newest time that the log names."""
        self._report = report
        self._steps = steps
        self._newest = newest_minute
        self._heads: Walk[HeadRow] = Walk(source.heads())
        self._events: Walk[EventRow] = Walk(source.events())
        self._logged: Walk[LoggedChain] = Walk(source.logged_chains())
        self._late_rooms = 0
        self._late_entries = 0

    async def run(self) -> None:
        while (room := await self._next()) is not None:
            await self._walk(room)
            self._report.count("rooms")
        if self._late_entries:
            self._report.notes.append(
                f"Not yet in the log, because younger than its last leaf: "
                f"{counted(self._late_entries, 'entry', 'entries')} in "
                f"{counted(self._late_rooms, 'room', 'rooms')}. The chains of the rooms cover them."
            )

    async def _next(self) -> UUID | None:
        peeked = (await self._heads.peek(), await self._events.peek(), await self._logged.peek())
        return min((row.room for row in peeked if row is not None), key=lambda room: room.bytes, default=None)

    async def _walk(self, room_id: UUID) -> None:
        head = await self._heads.peek()
        if head is not None and head.room == room_id:
            await self._heads.take()
        else:
            head = None
        room = _Room(room_id, head, History(end=Seq(head.seq if head else 0)))
        while (event := await self._events.peek()) is not None and event.room == room_id:
            await self._events.take()
            await self._step(room, event)
        await self._finish(room)

    async def _step(self, room: _Room, event: EventRow) -> None:
        self._report.count("entries of rooms")
        self._steps.advance(1)
        values = await self._logged_at(room, event.seq)
        if room.broken is not None:
            return
        leaf = Leaf(event.kind, Seq(event.seq), event.minute, event.commitment)
        for value in values or (None,):
            broken = None
            if room.history.seq != event.seq:
                broken = room.history.step(leaf, value.chain if value else None)
            elif value is not None and value.chain != room.history.chain:
                broken = Broken(Fault.CONTENT, Seq(event.seq), Seq(event.seq))
            if broken is not None:
                room.broken = _finding(room, broken, event.minute, value)
                return
        if values:
            room.logged = values[-1]
            room.unlogged.clear()
        elif len(room.unlogged) < 2:
            room.unlogged.append((event.seq, event.minute))
        self._check_head(room, event.seq)

    async def _logged_at(self, room: _Room, seq: int) -> Sequence[LoggedChain]:
        """What the log says of this place; places that were passed over are missing and found as such."""
        found: list[LoggedChain] = []
        while (row := await self._logged.peek()) is not None and row.room == room.id and row.seq <= seq:
            await self._logged.take()
            if row.seq == seq:
                found.append(row)
        if row is not None and row.room == room.id:
            room.history.end = max(room.history.end, Seq(row.seq))
        elif found:
            room.history.end = max(room.history.end, Seq(seq))
        return found

    def _check_head(self, room: _Room, seq: int) -> None:
        head = room.head
        if head is None or seq != head.seq or head.chain == room.history.chain:
            return
        first = room.last_logged + 1
        if first > seq:
            text = f"The head of {_name(room)} was changed: the log has another chain value for entry {seq}."
            code = Code.HEAD_CHANGED
            first = seq
        else:
            text = (
                f"In {_name(room)} {_entries(first, seq)} changed or exchanged, or the head was: the chain "
                "value of the head does not fit, and the log has not taken them up yet."
            )
            code = Code.ENTRY_CHANGED
        room.broken = Finding(code, Place(Area.ROOM, room=room.id, first=first, last=seq), text)

    async def _finish(self, room: _Room) -> None:
        beyond: LoggedChain | None = None
        while (row := await self._logged.peek()) is not None and row.room == room.id:
            beyond = await self._logged.take()
        if beyond is not None:
            room.history.end = max(room.history.end, Seq(beyond.seq))
        if room.broken is None and (broken := room.history.finish()) is not None:
            room.broken = _finding(room, broken, None, beyond)
        if room.broken is None:
            room.broken = next(self._odd_head(room), None)
        if room.broken is not None:
            self._report.add([room.broken])
        elif room.unlogged:
            self._say_unlogged(room)

    def _odd_head(self, room: _Room) -> Iterator[Finding]:
        end = room.history.seq
        place = Place(Area.ROOM, room=room.id, first=end, last=end)
        if room.head is None:
            yield Finding(
                Code.HEAD_MISSING, place, f"The head of {_name(room)} was deleted; its entries are there."
            )
        elif room.head.seq < end:
            yield Finding(
                Code.HEAD_CHANGED,
                place,
                f"The head of {_name(room)} was set back to {room.head.seq}; the log knows entry {end}.",
            )
        elif not end and any(room.head.chain):
            yield Finding(
                Code.HEAD_CHANGED, place, f"The head of {_name(room)} has a chain value but no entries."
            )

    def _say_unlogged(self, room: _Room) -> None:
        """Younger than the log, or never logged although the log went on?"""
        first, minute = room.unlogged[0]
        last = room.history.seq
        if self._newest is None or minute + GRACE_MINUTES >= self._newest:
            self._late_rooms += 1
            self._late_entries += last - first + 1
            return
        text = (
            f"In {_name(room)} entry {first} is dated {day_and_minute(minute)}, but the log, which was "
            f"written until {day_and_minute(self._newest)}, has never taken it up: it was inserted later, or "
            "what the log knows of this room was deleted."
        )
        place = Place(Area.ROOM, room=room.id, first=first, last=last)
        self._report.add([Finding(Code.ENTRY_UNLOGGED, place, text)])


def _name(room: _Room) -> str:
    return f"room {room.id}"


def _entries(first: int, last: int) -> str:
    return f"entry {first} was" if first >= last else f"one of the entries {first} to {last} was"


def _finding(room: _Room, broken: Broken, minute: int | None, logged: LoggedChain | None) -> Finding:
    place = Place(Area.ROOM, room=room.id, first=broken.first, last=broken.last)
    return Finding(_CODES[broken.fault], place, f"In {_name(room)} {_told(room, broken, minute, logged)}.")


def _told(room: _Room, broken: Broken, minute: int | None, logged: LoggedChain | None) -> str:
    first, last = broken.first, broken.last
    by = f"leaf {logged.idx} of log {logged.log_no}" if logged else "the head of the room"
    match broken.fault:
        case Fault.GAP:
            return f"entry {first} was deleted: the entries around it are there, it is not"
        case Fault.ORDER:
            return (
                f"entry {first} is there twice or out of its order: an entry was inserted, doubled or moved"
            )
        case Fault.TIME:
            when = day_and_minute(minute or 0)
            whose = f"entry {first} was" if first >= last else f"entry {first} or {last} was"
            return f"the time of {whose} changed: entry {last} is dated {when}, before the one before it"
        case Fault.FORM:
            return f"entry {first} was changed: it has no valid form any more"
        case Fault.CONTENT:
            return (
                f"{_entries(first, last)} changed, exchanged, dated otherwise or inserted: {by} holds "
                f"another chain value for entry {last}"
            )
        case Fault.MISSING:
            return f"the newest entries, from {first} on, were deleted: {by} knows entry {room.history.end}"
        case Fault.SURPLUS:
            return f"entry {first} was inserted: the head of the room ends before it"

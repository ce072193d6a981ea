"""Reads what sockets lack of conversations: one read for everybody who waits, in many rooms at once."""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Sequence

import structlog

from amana.events.following import Missed, RangeBlob
from amana.kernel.errors import Refusal
from amana.kernel.ids import Seq
from amana.realtime import wire
from amana.realtime.hooks import Hooks
from amana.realtime.hub import Hub, Room, Socket
from amana.realtime.session import Part, PartKind

log = structlog.get_logger()

RANGE_LIMIT = 200
# After a restart every room is lacking: what waits while one read is under way is the next one.
READERS = 2
ROOMS_AT_ONCE = 64
EVENTS_AT_ONCE = 1_000
RETRY_S = 1.0

Spawn = Callable[[Coroutine[object, object, None]], None]
_Wanted = tuple[Room, Socket, int]


class RangeReader:
    """Brings rooms in which somebody lacks events to their heads."""

    def __init__(self, hub: Hub, hooks: Hooks, spawn: Spawn, turns: asyncio.Semaphore) -> None:
        self._hub = hub
        self._hooks = hooks
        self._spawn = spawn
        self._turns = turns
        self._rooms: deque[Room] = deque()
        self._readers = 0

    def wanted(self, room: Room) -> None:
        """Somebody in ``room`` lacks events."""
        room.reading = True
        self._rooms.append(room)
        if self._readers < READERS:
            self._readers += 1
            self._spawn(self._run())

    async def _run(self) -> None:
        try:
            while self._rooms:
                batch = self._next()
                if not await self._read(batch):
                    # A mistake in one room must not hold up the others.
                    for one in batch if len(batch) > 1 else ():
                        await self._read([one])
                    await asyncio.sleep(RETRY_S)
                for room, _, _ in batch:
                    self._settle(room)
        finally:
            self._readers -= 1

    def _next(self) -> list[_Wanted]:
        """Rooms of one organisation, as many as one read should bring."""
        batch: list[_Wanted] = []
        later: list[Room] = []
        events = 0
        while self._rooms and len(batch) < ROOMS_AT_ONCE and events < EVENTS_AT_ONCE:
            room = self._rooms.popleft()
            lowest = _lowest(room)
            if lowest is None:
                self._settle(room)
            elif batch and batch[0][1].session.actor.org_id != lowest[0].session.actor.org_id:
                later.append(room)
            else:
                batch.append((room, *lowest))
                events += min(RANGE_LIMIT, room.head - lowest[1])
        self._rooms.extend(later)
        return batch

    async def _read(self, batch: Sequence[_Wanted]) -> bool:
        """Read and hand out one range of each room; False when nothing could be read."""
        if not batch:
            return True
        wanted = [
            (socket.session.actor.user_id, Missed(room.conversation_id, Seq(after)))
            for room, socket, after in batch
        ]
        try:
            async with self._turns:
                org_id = batch[0][1].session.actor.org_id
                found = await self._hooks.read_ranges(org_id, wanted, limit=RANGE_LIMIT)
        except Refusal as refusal:
            log.warning("range read refused", code=refusal.code)
            return False
        except Exception:  # outermost: the rooms' readers wait for it, so it is tried again
            log.exception("range read failed")
            return False
        for (room, socket, after), blob in zip(batch, found, strict=True):
            if blob is None:
                self._hub.unfollow(socket, room.conversation_id)
            else:
                self._apply(room, after, blob)
        return True

    def _settle(self, room: Room) -> None:
        if room.lacking:
            self._rooms.append(room)
        else:
            room.reading = False
            self._hub.advance(room)

    def _apply(self, room: Room, after: int, found: RangeBlob) -> None:
        last = max(found.last, after)
        if last == after:
            # The announced events are not there (a restored log, or a reader behind a standby).
            room.head = max(after, room.seq)
            room.settle()
            return
        room.head = max(room.head, last)
        # Whoever waits further on gets the rest of the same read: content does not depend on who reads it.
        waiting: dict[int, list[Socket]] = {}
        for socket, cursor in room.behind.items():
            if after <= cursor < last:
                waiting.setdefault(cursor, []).append(socket)
        for cursor, sockets in waiting.items():
            parts = _parts(room, cursor, found)
            for socket in sockets:
                room.behind[socket] = last
                for part in parts:
                    self._hub.put(socket, part)
        if room.live and after <= room.seq < last:
            *holes, events = _parts(room, room.seq, found)
            for hole in holes:
                for socket in tuple(room.live):
                    self._hub.put(socket, hole)
            self._hub.deliver(room, events)
        room.settle()


def _lowest(room: Room) -> tuple[Socket, int] | None:
    """Who waits furthest back, and where; None when nobody waits.

    What that one may see, the others may see from their places on: every socket in the room belongs to a
    member. None enters on an answer that a removal has overtaken (``Pump.subscription``), and
    ``Hub.revoke_reader`` takes it out at once.
    """
    found: tuple[Socket, int] | None = None
    for socket, cursor in room.behind.items():
        if cursor < room.head and (found is None or cursor < found[1]):
            found = (socket, cursor)
    if room.live and room.seq < room.head and (found is None or room.seq < found[1]):
        found = (next(iter(room.live)), room.seq)
    return found


def _parts(room: Room, cursor: int, found: RangeBlob) -> list[Part]:
    """What a reader at ``cursor`` gets of a range: a hole if there is one, then the events."""
    conversation_id = room.conversation_id
    first = cursor + 1
    parts = []
    if found.first > first:
        text = wire.gap(conversation_id, first, found.first - 1)
        parts.append(Part(PartKind.ANSWER, text, conversation_id))
    text = found.after(cursor).decode()
    parts.append(Part(PartKind.EVENTS, text, conversation_id, first, found.last))
    return parts

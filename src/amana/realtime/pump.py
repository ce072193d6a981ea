"""What the gateway reads and repeats: missing ranges, heads that moved, read markers."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from uuid import UUID

import structlog

from amana.events.following import SETTLED_AFTER, Subscription
from amana.kernel.clock import Clock, unix_ms
from amana.kernel.errors import Refusal
from amana.kernel.ids import ConversationId, OrgId, UserId
from amana.realtime import wire
from amana.realtime.hooks import Hooks, UserRange
from amana.realtime.hub import Hub, Room, Socket
from amana.realtime.ranges import RangeReader
from amana.realtime.session import CloseCode, Part, PartKind, Session

log = structlog.get_logger()

READS_AT_ONCE = 3  # with four greetings, a storm leaves a connection of eight for what people send
RETRY_S = 1.0
BUMP_EVERY_S = 2.0
MARKERS_EVERY_S = 1.0
DIGEST_EVERY_S = 5.0


class Pump:
    """Reads for the hub and ticks for it. ``start`` once, ``stop`` at the end."""

    def __init__(self, hub: Hub, hooks: Hooks, clock: Clock) -> None:
        self._hub = hub
        self._hooks = hooks
        self._clock = clock
        self._tasks: set[asyncio.Task[None]] = set()
        self._reads = asyncio.Semaphore(READS_AT_ONCE)
        self._ranges = RangeReader(hub, hooks, self.spawn, self._reads)
        self._announced: dict[ConversationId, int] = {}
        # Look-ups of memberships under way: whether something changed again since they began.
        self._looking: dict[tuple[Socket, ConversationId], bool] = {}
        hub.attach(self)

    def start(self) -> None:
        """Begin the regular work."""
        self.spawn(self._every(BUMP_EVERY_S, self.send_bumps))
        self.spawn(self._every(MARKERS_EVERY_S, self.send_markers))
        self.spawn(self._digests())

    async def stop(self) -> None:
        """End everything that is under way."""
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def spawn(self, work: Coroutine[object, object, None]) -> None:
        """Run something in the background and hold on to it."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # -- memberships -------------------------------------------------------------------------

    async def subscription(self, session: Session, conversation_id: ConversationId) -> Subscription | None:
        """One conversation of a person; None when they may not read it.

        A person who is removed while the answer is on its way has been cut before they followed,
        so that answer must not count: it is asked for again, and then knows of the removal.
        The caller follows without waiting in between.
        """
        while True:
            before = session.revocations
            found = await self._hooks.subscription(session.actor, conversation_id)
            if found is None or session.revocations == before:
                return found

    async def subscriptions(self, session: Session) -> Sequence[Subscription]:
        """All conversations of a person; as ``subscription``."""
        while True:
            before = session.revocations
            found = await self._hooks.subscriptions(session.actor)
            if session.revocations == before:
                return found

    # -- ranges ------------------------------------------------------------------------------

    def range_wanted(self, room: Room) -> None:
        """Somebody in ``room`` lacks events."""
        self._ranges.wanted(room)

    # -- private events ----------------------------------------------------------------------

    def user_wanted(self, socket: Socket) -> None:
        """A socket lacks private events."""
        if not socket.session.user_reading and socket.session.user_pos >= 0:
            socket.session.user_reading = True
            self.spawn(self._read_user(socket))

    async def _read_user(self, socket: Socket) -> None:
        session = socket.session
        try:
            while session.user_pos < session.user_head and not session.closed:
                try:
                    async with self._reads:
                        found = await self._hooks.read_user(session.actor, after=session.user_pos)
                except Refusal as refusal:
                    log.warning("private range refused", code=refusal.code)
                    await asyncio.sleep(RETRY_S)
                    continue
                except Exception:  # outermost: the person's device waits for it, so it is tried again
                    log.exception("private range failed")
                    await asyncio.sleep(RETRY_S)
                    continue
                if found.pos <= session.user_pos:
                    break
                if found.limited:
                    hole = wire.user_gap(session.user_pos + 1, found.pos)
                    self._hub.put(socket, Part(PartKind.ANSWER, hole))
                for frame in found.frames:
                    self._hub.put(socket, Part(PartKind.ANSWER, frame.decode()))
                session.user_pos = found.pos
                self._follow_what_changed(socket, found)
        finally:
            session.user_reading = False

    def _follow_what_changed(self, socket: Socket, found: UserRange) -> None:
        """Whoever reads private events was not told of them: what they joined or left is news as well."""
        if found.limited:
            self.spawn(self._follow_all_again(socket))
        for conversation_id in found.memberships:
            self.membership_changed(socket, conversation_id)

    async def _follow_all_again(self, socket: Socket) -> None:
        """Too much was missed to know what changed: compare everything."""
        try:
            now = {one.conversation_id for one in await self.subscriptions(socket.session)}
        except Refusal as refusal:
            log.warning("memberships not compared", code=refusal.code)
            socket.close(CloseCode.DRAINING)  # it comes back and is told anew
            return
        for conversation_id in now.symmetric_difference(socket.session.follows):
            self.membership_changed(socket, conversation_id)

    def membership_changed(self, socket: Socket, conversation_id: ConversationId) -> None:
        """A person joined or left: look up what they may read now."""
        key = (socket, conversation_id)
        if key in self._looking:
            self._looking[key] = True
            return
        self._looking[key] = False
        self.spawn(self._follow_again(socket, conversation_id))

    async def _follow_again(self, socket: Socket, conversation_id: ConversationId) -> None:
        """One look-up at a time: an answer that another change has overtaken does not count."""
        session, key = socket.session, (socket, conversation_id)
        try:
            while not session.closed:
                self._looking[key] = False
                try:
                    found = await self.subscription(session, conversation_id)
                except Refusal as refusal:
                    log.warning("membership look-up refused", code=refusal.code)
                    self._hub.unfollow(socket, conversation_id)  # unknown is not allowed
                    await asyncio.sleep(RETRY_S)
                    continue
                if not self._looking[key]:
                    self._settle(socket, conversation_id, found)
                    return
        finally:
            del self._looking[key]

    def _settle(self, socket: Socket, conversation_id: ConversationId, found: Subscription | None) -> None:
        session = socket.session
        if session.closed:
            return
        if found is None:
            self._hub.revoke_reader(conversation_id, session.actor.user_id)
        elif conversation_id not in session.follows:
            room = self._hub.follow(socket, found)
            text = wire.head(conversation_id, room.head, room.msg_no)
            self._hub.put(socket, Part(PartKind.HEAD, text, conversation_id))

    # -- regular work ------------------------------------------------------------------------

    async def _every(self, seconds: float, work: Callable[[], None]) -> None:
        while True:
            await asyncio.sleep(seconds)
            try:
                work()
            except Exception:  # outermost: one bad round must not end the next ones
                log.exception("regular work failed")

    def send_bumps(self) -> None:
        """One head for each room that moved, to those who only follow it passively."""
        moved, self._hub.bumps = self._hub.bumps, set()
        for conversation_id in moved:
            room = self._hub.room(conversation_id)
            if room is None:
                continue
            text = wire.head(conversation_id, room.head, room.msg_no)
            part = Part(PartKind.HEAD, text, conversation_id)
            for socket in tuple(room.passive):
                self._hub.put(socket, part)

    def send_markers(self) -> None:
        """The newest watermarks of each reader since the last time: what has come, and what is read."""
        come, self._hub.deliveries = self._hub.deliveries, {}
        read, self._hub.markers = self._hub.markers, {}
        self._send_watermarks(come, wire.delivered)
        self._send_watermarks(read, wire.receipt)

    def _send_watermarks(
        self, moved: Mapping[tuple[ConversationId, UserId], int], text_of: Callable[[UUID, UUID, int], str]
    ) -> None:
        for (conversation_id, user_id), seq in moved.items():
            room = self._hub.room(conversation_id)
            if room is None:
                continue
            text = text_of(conversation_id, user_id, seq)
            part = Part(PartKind.EPHEMERAL, text, conversation_id)
            for socket in tuple(room.live):
                self._hub.put(socket, part)

    async def _digests(self) -> None:
        while True:
            await asyncio.sleep(DIGEST_EVERY_S)
            try:
                await self.send_digest()
            except Refusal as refusal:
                log.warning("digest refused", code=refusal.code)
            except Exception:  # outermost: one bad round must not end the next ones
                log.exception("digest failed")

    async def send_digest(self) -> None:
        """Tell every follower which heads moved lately; finds what a lost doorbell hid."""
        sockets = self._hub.sockets
        since_ms = unix_ms(self._clock.now() - SETTLED_AFTER)
        organisations: set[OrgId] = {socket.session.actor.org_id for socket in sockets}
        moved: dict[ConversationId, int] = {}
        for org_id in organisations:
            for found in await self._hooks.recent_heads(org_id, since_ms=since_ms):
                self._hub.fence_seen(found)
                self._hub.head_seen(found.conversation_id, found.seq, found.msg_no)
                if self._announced.get(found.conversation_id) != found.seq:
                    moved[found.conversation_id] = found.seq
        self._announced.update(moved)
        self._send_entries(moved)
        self._forget(set(moved))

    def _send_entries(self, moved: dict[ConversationId, int]) -> None:
        entries: dict[Socket, list[str]] = {}
        for conversation_id, seq in moved.items():
            room = self._hub.room(conversation_id)
            if room is None:
                continue
            text = wire.digest_entry(conversation_id, seq)
            # Passive sockets of large rooms have had a head that says the same.
            for socket in room.live:
                entries.setdefault(socket, []).append(text)
        for socket, texts in entries.items():
            self._hub.put(socket, Part(PartKind.EPHEMERAL, wire.digest(texts)))

    def _forget(self, fresh: set[ConversationId]) -> None:
        """Keep the two small memories small: nothing here is needed for longer than a read takes."""
        for memory in (self._announced, self._hub.recent):
            if len(memory) > 20_000:
                for conversation_id in [key for key in memory if key not in fresh]:
                    del memory[conversation_id]

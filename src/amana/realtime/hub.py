"""Who follows what in this process, and the shortest way from a commit to their queues."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Protocol, TypeVar

from amana.events.following import Subscription
from amana.events.model import Head
from amana.kernel.ids import ConversationId, SessionId, UserId
from amana.kernel.limits import Limit
from amana.kernel.tally import TALLY
from amana.realtime import wire
from amana.realtime.session import CloseCode, Part, PartKind, Session

# Up to here every subscribed socket gets full frames; in larger ones only those that have it open.
FULL_FRAMES_MEMBERS = 256

# Some milliseconds of writing.
FLUSHED_AT_ONCE = 500

LIMITS = (
    Limit(
        "realtime.full_frames_members",
        FULL_FRAMES_MEMBERS,
        "members",
        "In larger rooms only those who have it open get whole events; the others get its new position.",
    ),
)

# A place in a history that is no more: ``resume`` answers it with a reset.
ANY_PLACE, OTHER_FENCE = 1, -1

Key = TypeVar("Key")


class Socket(Protocol):
    """What carries a session's frames."""

    @property
    def session(self) -> Session: ...

    def flush(self) -> None:
        """Write what is queued, in one frame. Never raises."""

    def close(self, code: CloseCode) -> None:
        """Write what is queued, then close. Never raises."""


class Wants(Protocol):
    """Whoever reads for the hub what it lacks."""

    def range_wanted(self, room: "Room") -> None: ...

    def user_wanted(self, socket: Socket) -> None: ...

    def membership_changed(self, socket: Socket, conversation_id: ConversationId) -> None: ...


class Room:
    """A conversation that somebody here follows.

    Attributes:
        seq: everything up to here is queued for every socket in ``live``; never more than ``head``.
        head: the newest ``seq`` heard of.
        live: sockets that are exactly at ``seq``: they all get the same part.
        behind: socket → the last ``seq`` queued for it; a range read brings it to ``live``.
        passive: sockets that only get a head now and then.
        reading: a range read is under way.
    """

    __slots__ = (
        "behind",
        "conversation_id",
        "fence",
        "head",
        "live",
        "members",
        "msg_no",
        "passive",
        "reading",
        "seq",
    )

    def __init__(self, subscription: Subscription) -> None:
        self.conversation_id = subscription.conversation_id
        self.seq: int = subscription.seq
        self.head: int = subscription.seq
        self.msg_no = subscription.msg_no
        self.fence = subscription.fence
        self.members = subscription.members
        self.live: dict[Socket, None] = {}
        self.behind: dict[Socket, int] = {}
        self.passive: dict[Socket, None] = {}
        self.reading = False

    @property
    def empty(self) -> bool:
        return not (self.live or self.behind or self.passive)

    @property
    def lacking(self) -> bool:
        """Whether a range must be read for somebody."""
        if self.live and self.seq < self.head:
            return True
        return any(cursor < self.head for cursor in self.behind.values())

    def settle(self) -> None:
        """Move sockets that have caught up to ``live``."""
        if not self.live and self.behind:
            self.seq = self.head  # nobody is served in step, so the step may jump
        for socket in [socket for socket, cursor in self.behind.items() if cursor == self.seq]:
            del self.behind[socket]
            self.live[socket] = None


class Hub:
    """Routes commits to sockets. Everything runs on the event loop and nothing waits.

    Args:
        membership_kinds: private event kinds after which subscriptions must be looked up again.
    """

    def __init__(self, *, membership_kinds: Iterable[int] = ()) -> None:
        self._membership_kinds = frozenset(membership_kinds)
        self._rooms: dict[ConversationId, Room] = {}
        self._users: dict[UserId, dict[Socket, None]] = {}
        self._sessions: dict[SessionId, dict[Socket, None]] = {}
        # Conversations on screen; a socket that follows one need not show it.
        self._screens: dict[ConversationId, dict[Socket, None]] = {}
        self._dirty: list[Socket] = []
        self._wants: Wants | None = None
        self._on_revoked: list[Callable[[SessionId], None]] = []
        # Heads heard of lately, so that a subscription read from an older snapshot is noticed.
        self.recent: dict[ConversationId, tuple[int, int]] = {}
        self.bumps: set[ConversationId] = set()
        self.markers: dict[tuple[ConversationId, UserId], int] = {}
        self.deliveries: dict[tuple[ConversationId, UserId], int] = {}

    def attach(self, wants: Wants) -> None:
        self._wants = wants

    @property
    def sockets(self) -> list[Socket]:
        return [socket for sockets in self._users.values() for socket in sockets]

    def room(self, conversation_id: ConversationId) -> Room | None:
        return self._rooms.get(conversation_id)

    # -- the doorbell ------------------------------------------------------------------------

    def conversation_moved(
        self, conversation_id: ConversationId, first: int, last: int, msg_no: int, blob: bytes | None
    ) -> None:
        """See ``events.doorbell.Listener``."""
        known = self.recent.get(conversation_id)
        if known is None or known[0] < last:
            self.recent[conversation_id] = (last, msg_no)
        room = self._rooms.get(conversation_id)
        if room is None:
            return
        if last > room.head:
            room.head = last
            room.msg_no = msg_no
            if room.passive:
                self.bumps.add(conversation_id)
        if blob and first == room.seq + 1 and room.live:
            self.deliver(room, Part(PartKind.EVENTS, blob.decode(), conversation_id, first, last))
        if room.behind or (room.seq < room.head):
            self._advance(room)

    def user_moved(
        self, user_id: UserId, pos: int, kind: int, conversation_id: ConversationId | None, blob: bytes | None
    ) -> None:
        """See ``events.doorbell.Listener``."""
        part = None if blob is None else Part(PartKind.ANSWER, blob.decode())
        for socket in tuple(self._users.get(user_id, ())):
            session = socket.session
            session.user_head = max(session.user_head, pos)
            if part is not None and pos == session.user_pos + 1 and not session.user_reading:
                session.user_pos = pos
                self.put(socket, part)
            elif pos > session.user_pos and self._wants is not None:
                self._wants.user_wanted(socket)
            if conversation_id is not None and kind in self._membership_kinds and self._wants is not None:
                self._wants.membership_changed(socket, conversation_id)

    def user_seen(self, user_id: UserId, pos: int) -> None:
        """The database says that a person's private log has come this far: somebody else wrote it."""
        for socket in tuple(self._users.get(user_id, ())):
            session = socket.session
            if pos > max(session.user_pos, session.user_head) and self._wants is not None:
                session.user_head = pos
                self._wants.user_wanted(socket)

    def marker_moved(self, conversation_id: ConversationId, user_id: UserId, seq: int) -> None:
        """See ``events.doorbell.Listener``."""
        self._note(self.markers, conversation_id, user_id, seq)

    def delivered_moved(self, conversation_id: ConversationId, user_id: UserId, seq: int) -> None:
        """Everything up to ``seq`` has reached a device of a person: a watermark as well."""
        self._note(self.deliveries, conversation_id, user_id, seq)

    def _note(
        self,
        table: dict[tuple[ConversationId, UserId], int],
        conversation_id: ConversationId,
        user_id: UserId,
        seq: int,
    ) -> None:
        room = self._rooms.get(conversation_id)
        if room is not None and room.live and room.members <= FULL_FRAMES_MEMBERS:
            key = (conversation_id, user_id)
            table[key] = max(seq, table.get(key, 0))

    def typing_heard(self, conversation_id: ConversationId, user_id: UserId) -> None:
        """A person is writing: told to the others who have it on screen now, and forgotten."""
        screens = self._screens.get(conversation_id)
        if screens is None:
            return
        part = Part(PartKind.EPHEMERAL, wire.typing(conversation_id, user_id), conversation_id)
        for socket in tuple(screens):
            if socket.session.actor.user_id != user_id:
                self.put(socket, part)

    # -- queues ------------------------------------------------------------------------------

    def deliver(self, room: Room, part: Part) -> None:
        """Queue a part for everybody in step. One part, one append per socket."""
        room.seq = part.last
        dirty = self._dirty
        if not dirty:
            asyncio.get_running_loop().call_soon(self.flush)
        slow: list[Socket] = []
        size = part.size
        for socket in room.live:
            session = socket.session
            parts = session.parts
            if not parts:
                dirty.append(socket)
            parts.append(part)
            session.queue_bytes += size
            if session.blocked and session.overfull:
                slow.append(socket)
        for socket in slow:
            self.relieve(socket)

    def put(self, socket: Socket, part: Part) -> None:
        """Queue a part for one socket; it leaves with everything else of this turn of the loop."""
        session = socket.session
        if not session.parts:
            if not self._dirty:
                asyncio.get_running_loop().call_soon(self.flush)
            self._dirty.append(socket)
        session.put(part)
        if session.blocked and session.overfull:
            self.relieve(socket)

    def flush(self) -> None:
        """Write once to every socket that has something queued; of very many some now, the rest next turn.

        Between the turns others are read and answered. What is queued meanwhile for one of the rest
        leaves with what it has already.
        """
        dirty, self._dirty = self._dirty, []
        for socket in dirty[:FLUSHED_AT_ONCE]:
            socket.flush()
        if len(dirty) > FLUSHED_AT_ONCE:
            self._dirty = dirty[FLUSHED_AT_ONCE:] + self._dirty
            asyncio.get_running_loop().call_soon(self.flush)

    def relieve(self, socket: Socket) -> None:
        """Keep the queue of a reader that takes nothing within its bounds."""
        session = socket.session
        session.drop_ephemerals()
        if session.overfull and not session.collapsed:
            for conversation_id in session.collapse():
                room = self._rooms.get(conversation_id)
                if room is None:
                    continue
                self._leave(room, socket)
                room.passive[socket] = None
                bump = wire.head(conversation_id, room.head, room.msg_no)
                session.put(Part(PartKind.HEAD, bump, conversation_id))
        if session.overfull:
            session.give_up()
            TALLY.overflows += 1
            socket.close(CloseCode.TOO_SLOW)
            self.remove(socket)

    # -- following ---------------------------------------------------------------------------

    def add(self, socket: Socket) -> None:
        """Listen to a person's private events. The first step, before anything is read."""
        actor = socket.session.actor
        self._users.setdefault(actor.user_id, {})[socket] = None
        self._sessions.setdefault(actor.session_id, {})[socket] = None

    def remove(self, socket: Socket) -> None:
        """Forget a socket. May be called more than once."""
        actor = socket.session.actor
        for conversation_id in tuple(socket.session.follows):
            self.unfollow(socket, conversation_id)
        _discard(self._users, actor.user_id, socket)
        _discard(self._sessions, actor.session_id, socket)

    def follow(self, socket: Socket, subscription: Subscription) -> Room:
        """Subscribe: live from the head on in small rooms, passive in large ones.

        The caller must have checked that the person may read, and that no revocation came since
        that was asked. Nothing that was announced after the subscription's snapshot is missed.
        """
        room = self._enter(socket, subscription)
        if socket in room.live or socket in room.behind or socket in room.passive:
            return room
        if subscription.members > FULL_FRAMES_MEMBERS:
            room.passive[socket] = None
        else:
            self._join(room, socket, subscription.seq)
        return room

    def open(self, socket: Socket, subscription: Subscription, *, seq: int, fence: int) -> None:
        """Subscribe with full frames and bring the reader from ``seq`` to the head."""
        room = self._enter(socket, subscription)
        self.resume(socket, room, seq=seq, fence=fence)

    def resume(self, socket: Socket, room: Room, *, seq: int, fence: int) -> None:
        """Bring a socket that follows a room from ``seq`` to the head."""
        conversation_id = room.conversation_id
        if fence != room.fence and seq > 0:
            self.put(socket, Part(PartKind.ANSWER, wire.reset(conversation_id, room.fence)))
            seq = 0
        hidden = socket.session.follows[conversation_id] - 1
        if seq < hidden:
            self.put(socket, Part(PartKind.ANSWER, wire.gap(conversation_id, seq + 1, hidden)))
            seq = hidden
        self._join(room, socket, seq)

    def show(self, socket: Socket, conversation_id: ConversationId) -> None:
        """A conversation that this socket follows is on screen."""
        if conversation_id in socket.session.follows:
            self._screens.setdefault(conversation_id, {})[socket] = None

    def close_room(self, socket: Socket, conversation_id: ConversationId) -> None:
        """The room is no longer on screen: in a large one only heads from now on."""
        _discard(self._screens, conversation_id, socket)
        room = self._rooms.get(conversation_id)
        if room is None or conversation_id not in socket.session.follows:
            return
        if room.members > FULL_FRAMES_MEMBERS:
            self._leave(room, socket)
            room.passive[socket] = None

    def unfollow(self, socket: Socket, conversation_id: ConversationId) -> None:
        """Stop everything about a conversation for one socket, also what is queued."""
        socket.session.follows.pop(conversation_id, None)
        _discard(self._screens, conversation_id, socket)
        room = self._rooms.get(conversation_id)
        if room is not None:
            self._leave(room, socket)
            if room.empty:
                del self._rooms[conversation_id]

    # -- revocation --------------------------------------------------------------------------

    def revoke_session(self, session_id: SessionId) -> None:
        """Close every socket of a device session, at once."""
        for socket in tuple(self._sessions.get(session_id, ())):
            socket.close(CloseCode.NOT_SIGNED_IN)
            self.remove(socket)

    def revoke_person(self, user_id: UserId) -> None:
        """Send a person's sockets away and back at once: what they may do has changed."""
        for socket in tuple(self._users.get(user_id, ())):
            self.put(socket, Part(PartKind.ANSWER, wire.drain(0)))
            socket.close(CloseCode.DRAINING)
            self.remove(socket)

    def revoke_reader(self, conversation_id: ConversationId, user_id: UserId) -> None:
        """Send a person nothing more of a conversation, not even what is queued.

        Whoever waits for an answer about memberships sees ``revocations`` move and asks again.
        """
        for socket in tuple(self._users.get(user_id, ())):
            self.unfollow(socket, conversation_id)
            session = socket.session
            session.revocations += 1
            session.parts = [part for part in session.parts if part.conversation_id != conversation_id]
            session.queue_bytes = sum(part.size for part in session.parts)

    # -- inside ------------------------------------------------------------------------------

    def head_seen(self, conversation_id: ConversationId, seq: int, msg_no: int) -> None:
        """The database says that a conversation has come this far."""
        self.conversation_moved(conversation_id, seq, seq, msg_no, None)

    def fence_seen(self, head: Head) -> None:
        """The database says that a conversation was restored: whoever follows it begins again."""
        room = self._rooms.get(head.conversation_id)
        if room is None or head.fence <= room.fence:
            return
        self.recent[head.conversation_id] = (head.seq, head.msg_no)
        room.fence, room.head, room.msg_no = head.fence, head.seq, head.msg_no
        reset = Part(PartKind.ANSWER, wire.reset(head.conversation_id, head.fence))
        for socket in tuple(room.passive):
            self.put(socket, reset)
        for socket in (*room.live, *room.behind):
            self.resume(socket, room, seq=ANY_PLACE, fence=OTHER_FENCE)

    def advance(self, room: Room) -> None:
        """After a range read: settle who has caught up and ask for what is still lacking."""
        self._advance(room)

    def _enter(self, socket: Socket, subscription: Subscription) -> Room:
        conversation_id = subscription.conversation_id
        room = self._rooms.get(conversation_id)
        if room is None:
            room = self._rooms[conversation_id] = Room(subscription)
        room.members = subscription.members
        room.fence = max(room.fence, subscription.fence)
        seq, msg_no = self.recent.get(conversation_id, (0, 0))
        for known, count in ((subscription.seq, subscription.msg_no), (seq, msg_no)):
            if known > room.head:
                room.head, room.msg_no = known, count
        # The room's own id: a copy of it for each follower is what would fill the memory.
        socket.session.follows[room.conversation_id] = subscription.visible_from
        return room

    def _join(self, room: Room, socket: Socket, seq: int) -> None:
        """Serve a socket from ``seq`` on; constant work, because thousands join at the same time."""
        self._leave(room, socket)
        if not room.live and seq == room.head:
            room.seq = room.head  # nobody is served in step, so the step may jump
        if seq == room.seq:
            room.live[socket] = None
        else:
            room.behind[socket] = seq
        if not room.reading and min(seq, room.seq) < room.head and self._wants is not None:
            self._wants.range_wanted(room)

    def _leave(self, room: Room, socket: Socket) -> None:
        room.live.pop(socket, None)
        room.behind.pop(socket, None)
        room.passive.pop(socket, None)

    def _advance(self, room: Room) -> None:
        room.settle()
        if not room.live and not room.behind:
            room.seq = room.head  # only passive ones are left: nothing to deliver
        elif room.lacking and not room.reading and self._wants is not None:
            self._wants.range_wanted(room)


def _discard(table: dict[Key, dict[Socket, None]], key: Key, socket: Socket) -> None:
    sockets = table.get(key)
    if sockets is not None:
        sockets.pop(socket, None)
        if not sockets:
            del table[key]

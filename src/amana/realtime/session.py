"""One socket's state, without I/O: what it still has to be told, and how much that may be."""

from enum import IntEnum

from amana.kernel.actor import Actor
from amana.kernel.ids import ConversationId
from amana.kernel.limits import Limit
from amana.realtime import wire

MAX_FRAME_BYTES = 64 * 1024
MAX_QUEUE_FRAMES = 256
MAX_QUEUE_BYTES = 512_000
HELLO_TIMEOUT_S = 10.0
FLOOD_PER_SECOND = 2_000
FLOOD_BURST = 4_000
FLOOD_TOLERATED = 1_000
MAX_UNDER_WAY = 8

LIMITS = (
    Limit("realtime.frame_bytes", MAX_FRAME_BYTES, "bytes", "A frame holds one message, never a file."),
    Limit("realtime.queue_frames", MAX_QUEUE_FRAMES, "frames", "A slow reader must not fill the memory."),
    Limit("realtime.queue_bytes", MAX_QUEUE_BYTES, "bytes", "A slow reader must not fill the memory."),
    Limit("realtime.hello_timeout", int(HELLO_TIMEOUT_S), "seconds", "A silent socket only costs."),
    Limit(
        "realtime.frames_per_second",
        FLOOD_PER_SECOND,
        "frames",
        "Busy bots pass, runaway loops do not.",
        per="a socket",
    ),
    Limit("realtime.frames_burst", FLOOD_BURST, "frames", "An outbox that was offline goes out at once."),
    Limit(
        "realtime.open", wire.MAX_OPEN, "conversations in a hello", "More than anybody has open is a fault."
    ),
    Limit("realtime.under_way", MAX_UNDER_WAY, "operations", "Besides messages; each holds a connection."),
)


class CloseCode(IntEnum):
    """Why the server closes a socket."""

    MALFORMED = 4400
    NOT_SIGNED_IN = 4401
    WRONG_ORIGIN = 4403
    TOO_SLOW = 4408
    NO_HELLO = 4409
    TOO_LARGE = 4413
    FLOOD = 4429
    DRAINING = 4503


class PartKind(IntEnum):
    """What may be done with a queued element when the reader is slow."""

    ANSWER = 1
    EVENTS = 2
    HEAD = 3
    EPHEMERAL = 4


class Part:
    """One or more encoded elements, joined by commas; shared by every socket that gets them."""

    __slots__ = ("_framed", "conversation_id", "first", "kind", "last", "size", "text")

    def __init__(
        self,
        kind: PartKind,
        text: str,
        conversation_id: ConversationId | None = None,
        first: int = 0,
        last: int = 0,
    ) -> None:
        self.kind = kind
        self.text = text
        self.conversation_id = conversation_id
        self.first = first
        self.last = last
        self.size = len(text)
        self._framed: str | None = None

    @property
    def framed(self) -> str:
        """The part as a frame of its own, made once however many sockets get nothing else."""
        framed = self._framed
        if framed is None:
            framed = self._framed = f"[{self.text}]"
        return framed


class Session:
    """What one device follows and what waits to be written to it.

    Attributes:
        follows: conversations this socket is subscribed to → first ``seq`` the person may see.
        user_pos: private events up to here are queued or written; -1 before hello.
        user_head: the newest private position heard of.
        revocations: how often this person lost a conversation since the socket opened. What was asked
            before one of them and answered after it may be out of date.
        blocked: the transport takes nothing at the moment.
    """

    __slots__ = (
        "actor",
        "blocked",
        "closed",
        "collapsed",
        "follows",
        "parts",
        "queue_bytes",
        "revocations",
        "user_head",
        "user_pos",
        "user_reading",
    )

    def __init__(self, actor: Actor) -> None:
        self.actor = actor
        self.follows: dict[ConversationId, int] = {}
        self.parts: list[Part] = []
        self.queue_bytes = 0
        self.user_pos = -1
        self.user_head = 0
        self.user_reading = False
        self.revocations = 0
        self.blocked = False
        self.closed = False
        self.collapsed = False

    @property
    def overfull(self) -> bool:
        """Whether the queue of a reader that takes nothing has passed its bounds."""
        return self.blocked and (len(self.parts) > MAX_QUEUE_FRAMES or self.queue_bytes > MAX_QUEUE_BYTES)

    def put(self, part: Part) -> None:
        """Queue elements. Never raises; look at ``overfull`` afterwards."""
        self.parts.append(part)
        self.queue_bytes += part.size

    def take(self) -> str | None:
        """Give everything queued as one frame, or None; the queue is empty afterwards."""
        parts = self.parts
        if not parts:
            return None
        self.parts = []
        self.queue_bytes = 0
        if len(parts) == 1:
            return parts[0].framed
        return f"[{','.join([part.text for part in parts])}]"

    def drop_ephemerals(self) -> None:
        """First relief of a full queue: what nobody misses."""
        self._keep([part for part in self.parts if part.kind is not PartKind.EPHEMERAL])

    def collapse(self) -> dict[ConversationId, int]:
        """Second relief: take the events out; give conversation → first ``seq`` taken out.

        The caller makes the socket passive in those conversations and queues a head for each; the
        client then asks for what it lacks.
        """
        dropped: dict[ConversationId, int] = {}
        kept = []
        for part in self.parts:
            if part.kind in (PartKind.EVENTS, PartKind.HEAD) and part.conversation_id is not None:
                dropped.setdefault(part.conversation_id, part.first)
            elif part.kind is not PartKind.EPHEMERAL:
                kept.append(part)
        self._keep(kept)
        self.collapsed = True
        return dropped

    def give_up(self) -> None:
        """Last: nothing but the request to resync is left in the queue."""
        self._keep([Part(PartKind.ANSWER, wire.RESYNC)])

    def _keep(self, parts: list[Part]) -> None:
        self.parts = parts
        self.queue_bytes = sum(part.size for part in parts)


class FloodGuard:
    """Token bucket of one socket: first its frames are refused, then it is closed."""

    __slots__ = ("_at_s", "_refused", "_tokens")

    def __init__(self, now_s: float) -> None:
        self._at_s = now_s
        self._tokens = float(FLOOD_BURST)
        self._refused = 0

    def take(self, now_s: float) -> bool:
        """Whether one more frame is all right."""
        elapsed_s = now_s - self._at_s
        self._at_s = now_s
        self._tokens = min(FLOOD_BURST, self._tokens + elapsed_s * FLOOD_PER_SECOND)
        if self._tokens >= 1:
            self._tokens -= 1
            self._refused = max(0, self._refused - 1)
            return True
        self._refused += 1
        return False

    @property
    def hopeless(self) -> bool:
        """Whether this socket goes on and on although far more of it is refused than taken."""
        return self._refused > FLOOD_TOLERATED

"""Tell whoever listens that something was committed: here at once, elsewhere through a bridge.

The doorbell may lose, repeat or reorder: everything it says can be read again from the log. Listeners in
this process get what was committed as finished frames; other processes only hear where something moved
and read it themselves, so no content ever crosses the bridge.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from amana.kernel.ids import ConversationId, UserId

MARKER = "marker"


class Listener(Protocol):
    """Somebody who wants to know of commits. Called on the event loop; must neither raise nor wait."""

    def conversation_moved(
        self, conversation_id: ConversationId, first: int, last: int, msg_no: int, blob: bytes | None
    ) -> None:
        """Events ``first`` … ``last`` of a conversation are committed.

        Args:
            msg_no: count of messages at ``last``.
            blob: their encoded elements joined by commas; None means: read them yourself.
        """

    def user_moved(
        self, user_id: UserId, pos: int, kind: int, conversation_id: ConversationId | None, blob: bytes | None
    ) -> None:
        """A private event of a person is committed; ``blob`` is its frame, None means: read it yourself."""

    def marker_moved(self, conversation_id: ConversationId, user_id: UserId, seq: int) -> None:
        """A person has read up to ``seq``: a watermark, may be lost, only the largest matters."""


@dataclass(frozen=True, slots=True)
class Notice:
    """A word to every worker that is no event: never stored, and it may be lost.

    Only ids and numbers; whoever needs more asks the database.

    Attributes:
        kind: a name that listeners know; strangers ignore it, so a new one needs no new version.
        subject: whom or what it is about: a session, a person, a key.
        place: the conversation, where there is one.
        value: a number whose meaning the kind says.
        name: of what has no id, such as a network.
    """

    kind: str
    subject: UUID
    place: UUID | None = None
    value: int = 0
    name: str = ""


OnNotice = Callable[[Notice], None]


class Bridge(Protocol):
    """Carries the ring to other processes. Must neither raise nor wait; what it cannot carry is lost."""

    def conversation_moved(
        self, conversation_id: ConversationId, first: int, last: int, msg_no: int
    ) -> None: ...

    def user_moved(
        self, user_id: UserId, pos: int, kind: int, conversation_id: ConversationId | None
    ) -> None: ...

    def notice(self, notice: Notice) -> None:
        """Carry a word that changes what others may do or know: a revocation above all."""

    def hint(self, notice: Notice) -> None:
        """Carry a word that nobody misses: a read marker, typing, presence."""


class Doorbell:
    """One for each process. Without a bridge it is all that one process needs."""

    def __init__(self) -> None:
        self._listeners: tuple[Listener, ...] = ()
        self._on_notice: dict[str, tuple[OnNotice, ...]] = {}
        self._bridge: Bridge | None = None

    def subscribe(self, listener: Listener) -> None:
        self._listeners = (*self._listeners, listener)

    def on(self, kind: str, callback: OnNotice) -> None:
        """Call ``callback`` for every notice of this kind, from here and from other processes.

        It runs on the event loop, twice when the notice was repeated, and must neither raise nor wait.
        """
        self._on_notice[kind] = (*self._on_notice.get(kind, ()), callback)

    def connect(self, bridge: Bridge) -> None:
        """Let other processes hear as well."""
        self._bridge = bridge

    # -- ringing: only after the commit ------------------------------------------------------

    def ring(
        self,
        conversation_id: ConversationId,
        first: int,
        last: int,
        *,
        msg_no: int,
        blob: bytes | None = None,
    ) -> None:
        """Announce committed events of a conversation."""
        for listener in self._listeners:
            listener.conversation_moved(conversation_id, first, last, msg_no, blob)
        if self._bridge is not None:
            self._bridge.conversation_moved(conversation_id, first, last, msg_no)

    def ring_user(
        self,
        user_id: UserId,
        pos: int,
        *,
        kind: int,
        conversation_id: ConversationId | None,
        blob: bytes,
    ) -> None:
        """Announce a committed private event."""
        for listener in self._listeners:
            listener.user_moved(user_id, pos, kind, conversation_id, blob)
        if self._bridge is not None:
            self._bridge.user_moved(user_id, pos, kind, conversation_id)

    def ring_marker(self, conversation_id: ConversationId, user_id: UserId, seq: int) -> None:
        """Announce a read marker to the other members."""
        self.hint(Notice(MARKER, user_id, conversation_id, seq))

    def tell(self, notice: Notice) -> None:
        """Say something to every worker, this one first: a revocation, a changed role."""
        self.hear_notice(notice)
        if self._bridge is not None:
            self._bridge.notice(notice)

    def hint(self, notice: Notice) -> None:
        """The same for what nobody misses: it is dropped when too much is waiting to be said."""
        self.hear_notice(notice)
        if self._bridge is not None:
            self._bridge.hint(notice)

    # -- hearing: what a bridge brought from another process ---------------------------------

    def hear(self, conversation_id: ConversationId, first: int, last: int, msg_no: int) -> None:
        """Another process has committed events of a conversation."""
        for listener in self._listeners:
            listener.conversation_moved(conversation_id, first, last, msg_no, None)

    def hear_user(self, user_id: UserId, pos: int, kind: int, conversation_id: ConversationId | None) -> None:
        """Another process has committed a private event."""
        for listener in self._listeners:
            listener.user_moved(user_id, pos, kind, conversation_id, None)

    def hear_notice(self, notice: Notice) -> None:
        """A notice, from wherever it came."""
        if notice.kind == MARKER and notice.place is not None:
            for listener in self._listeners:
                listener.marker_moved(ConversationId(notice.place), UserId(notice.subject), notice.value)
        for callback in self._on_notice.get(notice.kind, ()):
            callback(notice)

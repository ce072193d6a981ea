"""Tell whoever listens in this process that something was committed.

The doorbell may lose, repeat or reorder: everything it says can be read again from the log.
"""

from typing import Protocol

from amana.kernel.ids import ConversationId, UserId


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
        self, user_id: UserId, pos: int, kind: int, conversation_id: ConversationId | None, blob: bytes
    ) -> None:
        """A private event of a person is committed."""

    def marker_moved(self, conversation_id: ConversationId, user_id: UserId, seq: int) -> None:
        """A person has read up to ``seq``: a watermark, may be lost, only the largest matters."""


class Doorbell:
    """In-process: one server process needs nothing else."""

    def __init__(self) -> None:
        self._listeners: tuple[Listener, ...] = ()

    def subscribe(self, listener: Listener) -> None:
        self._listeners = (*self._listeners, listener)

    def ring(
        self,
        conversation_id: ConversationId,
        first: int,
        last: int,
        *,
        msg_no: int,
        blob: bytes | None = None,
    ) -> None:
        """Announce committed events of a conversation. Only after the commit."""
        for listener in self._listeners:
            listener.conversation_moved(conversation_id, first, last, msg_no, blob)

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

    def ring_marker(self, conversation_id: ConversationId, user_id: UserId, seq: int) -> None:
        """Announce a read marker to the other members."""
        for listener in self._listeners:
            listener.marker_moved(conversation_id, user_id, seq)

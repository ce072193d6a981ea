"""What a domain registers to be called from a socket. Imports nothing of the gateway itself."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

import msgspec

from amana.events.model import Appended
from amana.http.scopes import require_scope
from amana.kernel.actor import Actor
from amana.kernel.errors import Refusal
from amana.kernel.ids import ConversationId


class SocketContext(Protocol):
    """One socket, as an operation sees it. No method raises or waits, even after the socket closed."""

    @property
    def actor(self) -> Actor:
        """Who sends."""

    def reply(self, frame: bytes) -> None:
        """Queue one JSON object; it leaves with everything else of the same commit in one write."""

    def refuse(self, refusal: Refusal, *, conversation_id: UUID | None, client_id: UUID | None) -> None:
        """Queue a ``refused`` element in the person's language."""

    def settle(
        self, conversation_id: ConversationId, client_id: UUID
    ) -> Callable[[Appended | Refusal], None]:
        """Give the callback for ``Batcher.submit`` that turns the outcome into ``ack`` or ``refused``."""


@dataclass(frozen=True, slots=True)
class SocketOperation:
    """A frame type from clients and what it does.

    Attributes:
        frame: a tagged msgspec struct (``tag_field="t"``, ``tag="send"``). When it has the fields
            ``c`` and ``client_id``, refusals carry them.
        run: called for each frame. On the hot path a plain function that submits with
            ``context.settle(…)`` and returns None: many may be under way on one socket and no task
            is made. It may return an awaitable instead; its result, if any, is sent as reply.
            A ``Refusal`` raised in either becomes a ``refused`` element.
        scope: what an API token needs for it; None: no token may.
    """

    frame: type[msgspec.Struct]
    run: Callable[[SocketContext, Any], Awaitable[bytes | None] | None]
    scope: str | None = None

    def held_to_scope(self, context: SocketContext, frame: Any) -> Awaitable[bytes | None] | None:  # noqa: ANN401  as ``run``
        """``run`` for sockets of API tokens: raises ScopeMissing or NotForTokens."""
        require_scope(context.actor, self.scope)
        return self.run(context, frame)

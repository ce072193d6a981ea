"""What the gateway asks the layers above; filled at the composition root and nowhere else."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from amana.events.following import Missed, RangeBlob, Subscription
from amana.events.model import Head
from amana.kernel.actor import Actor
from amana.kernel.ids import ConversationId, OrgId, UserId

AsgiScope = Mapping[str, Any]  # the ASGI specification types it no further


@dataclass(frozen=True, slots=True)
class UserRange:
    """Private events after a position; each frame one ready element.

    Attributes:
        limited: too many were missing: the frames are left out and ``pos`` is the newest position.
        memberships: conversations that the person joined or left in these events.
    """

    pos: int
    frames: Sequence[bytes]
    limited: bool
    memberships: Collection[ConversationId] = ()


class Hooks(Protocol):
    """Everything the gateway needs to know from above. Every method may raise a ``Refusal``."""

    async def authenticate(self, scope: AsgiScope) -> Actor | None:
        """Who opens this socket (cookie or bearer token); None closes it with 4401."""

    def origin_allowed(self, scope: AsgiScope) -> bool:
        """Whether the upgrade may come from this origin; False closes it with 4403."""

    async def subscriptions(self, actor: Actor) -> Sequence[Subscription]:
        """All conversations of a person."""

    async def subscription(self, actor: Actor, conversation_id: ConversationId) -> Subscription | None:
        """One conversation; None when the person may not read it (or it does not exist)."""

    async def read_ranges(
        self, org_id: OrgId, wanted: Sequence[tuple[UserId, Missed]], *, limit: int
    ) -> Sequence[RangeBlob | None]:
        """Events after a place that a person may see, for each; None when they may see nothing any more.

        Each conversation once. When more than ``limit`` are missing, the newest few and ``limited`` (the
        rest is paged). An answer is shared with every socket that misses a part of the same range, so for
        a place at or past ``visible_from`` it must not depend on who asks.
        """

    async def user_position(self, actor: Actor) -> int:
        """The newest position of the person's private log."""

    async def read_user(self, actor: Actor, *, after: int) -> UserRange:
        """Private events after a position."""

    async def recent_heads(self, org_id: OrgId, *, since_ms: int) -> Sequence[Head]:
        """Heads of conversations with an event dated since then: repairs lost doorbells.

        With them those whose fence was raised since then: another process restored them.
        """

"""The gateway's questions, answered by the domains: the only place where the two meet."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta

import structlog

from amana.conversations.events import CONVERSATION_JOINED, CONVERSATION_LEFT
from amana.conversations.following import Following
from amana.events.following import Missed, RangeBlob, Subscription
from amana.events.log import Log
from amana.events.model import Head
from amana.kernel.actor import Actor
from amana.kernel.errors import Refusal
from amana.kernel.ids import ConversationId, OrgId, UserId
from amana.realtime.hooks import AsgiScope, UserRange
from amana.realtime.hub import Hub
from amana.storage.database import Database

log = structlog.get_logger("amana.sockets")

StillSignedIn = Callable[[Actor], Awaitable[bool]]

# A socket outlives many requests: how often its session is looked at again.
RECHECK = timedelta(minutes=3)
# Private events after which somebody may read something else than before.
MEMBERSHIP_KINDS = frozenset({CONVERSATION_JOINED, CONVERSATION_LEFT})
# More missed private events than this and the client asks for its list of conversations again.
USER_EVENTS_RESENT = 1000


class GatewayHooks:
    """Implements ``realtime.hooks.Hooks``."""

    def __init__(
        self, database: Database, journal: Log, following: Following, hub: Hub, still_signed_in: StillSignedIn
    ) -> None:
        self._database = database
        self._log = journal
        self._following = following
        self._hub = hub
        self._still_signed_in = still_signed_in

    async def authenticate(self, scope: AsgiScope) -> Actor | None:
        """The HTTP kernel's layers ran before the upgrade and left the actor in the scope."""
        actor = scope["actor"]
        return actor if isinstance(actor, Actor) else None

    def origin_allowed(self, scope: AsgiScope) -> bool:
        """Checked by the HTTP kernel for every upgrade that carries a cookie."""
        return "actor" in scope

    async def subscriptions(self, actor: Actor) -> Sequence[Subscription]:
        return await self._following.all_of(actor)

    async def subscription(self, actor: Actor, conversation_id: ConversationId) -> Subscription | None:
        return await self._following.find(actor, conversation_id)

    async def read_ranges(
        self, org_id: OrgId, wanted: Sequence[tuple[UserId, Missed]], *, limit: int
    ) -> Sequence[RangeBlob | None]:
        return await self._following.missed(org_id, wanted, limit=limit)

    async def user_position(self, actor: Actor) -> int:
        """Asked right after the hub knows the socket: a session revoked before that is cut here."""
        if not await self._still_signed_in(actor):
            self._hub.revoke_session(actor.session_id)
        async with self._database.read(actor.org_id) as tx:
            return await self._log.user_position(tx, actor.user_id)

    async def read_user(self, actor: Actor, *, after: int) -> UserRange:
        async with self._database.read(actor.org_id) as tx:
            newest = await self._log.user_position(tx, actor.user_id)
            if newest - after > USER_EVENTS_RESENT:
                return UserRange(newest, (), limited=True)
            events = await self._log.read_user(tx, actor.user_id, after, USER_EVENTS_RESENT)
        frames = [self._log.encode_user(event) for event in events]
        moved = {event.conversation_id for event in events if event.kind in MEMBERSHIP_KINDS}
        memberships = [one for one in moved if one is not None]
        return UserRange(events[-1].pos if events else after, frames, limited=False, memberships=memberships)

    async def recent_heads(self, org_id: OrgId, *, since_ms: int) -> Sequence[Head]:
        return await self._following.recent_heads(org_id, since_ms=since_ms)


async def recheck_sessions(hub: Hub, still_signed_in: StillSignedIn, *, period: timedelta = RECHECK) -> None:
    """Cut sockets whose session expired or was ended elsewhere; runs until cancelled.

    Args:
        period: every session is looked at once in this time.
    """
    while True:
        actors = {socket.session.actor.session_id: socket.session.actor for socket in hub.sockets}
        for actor in actors.values():
            try:
                if not await still_signed_in(actor):
                    hub.revoke_session(actor.session_id)
            except Refusal as refusal:
                log.warning("sockets.recheck_failed", code=refusal.code)
            # Spread over the period: thousands of sockets must not ask at once.
            await asyncio.sleep(period.total_seconds() / len(actors))
        if not actors:
            await asyncio.sleep(period.total_seconds())

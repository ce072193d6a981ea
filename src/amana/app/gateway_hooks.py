"""The gateway's questions, answered by the domains: the only place where the two meet."""

from collections.abc import Sequence

from amana.conversations.following import Followed, Following
from amana.events.log import Log
from amana.kernel.actor import Actor
from amana.kernel.ids import ConversationId, OrgId, Seq
from amana.realtime.hooks import AsgiScope, HeadMoved, RangeBlob, Subscription, UserRange
from amana.storage.database import Database

# More missed private events than this and the client asks for its list of conversations again.
USER_EVENTS_RESENT = 1000


class GatewayHooks:
    """Implements ``realtime.hooks.Hooks``."""

    def __init__(self, database: Database, log: Log, following: Following) -> None:
        self._database = database
        self._log = log
        self._following = following

    async def authenticate(self, scope: AsgiScope) -> Actor | None:
        """The HTTP kernel's layers ran before the upgrade and left the actor in the scope."""
        actor = scope["actor"]
        return actor if isinstance(actor, Actor) else None

    def origin_allowed(self, scope: AsgiScope) -> bool:
        """Checked by the HTTP kernel for every upgrade that carries a cookie."""
        return "actor" in scope

    async def subscriptions(self, actor: Actor) -> Sequence[Subscription]:
        return [_subscription(followed) for followed in await self._following.all_of(actor)]

    async def subscription(self, actor: Actor, conversation_id: ConversationId) -> Subscription | None:
        followed = await self._following.find(actor, conversation_id)
        return None if followed is None else _subscription(followed)

    async def read_range(
        self, actor: Actor, conversation_id: ConversationId, *, after: Seq, limit: int
    ) -> RangeBlob | None:
        missed = await self._following.missed(actor, conversation_id, after=after, limit=limit)
        return None if missed is None else RangeBlob(missed.first, missed.last, missed.blob, missed.limited)

    async def user_position(self, actor: Actor) -> int:
        async with self._database.read(actor.org_id) as tx:
            return await self._log.user_position(tx, actor.user_id)

    async def read_user(self, actor: Actor, *, after: int) -> UserRange:
        async with self._database.read(actor.org_id) as tx:
            newest = await self._log.user_position(tx, actor.user_id)
            if newest - after > USER_EVENTS_RESENT:
                return UserRange(newest, (), limited=True)
            events = await self._log.read_user(tx, actor.user_id, after, USER_EVENTS_RESENT)
        frames = [self._log.encode_user(event) for event in events]
        return UserRange(events[-1].pos if events else after, frames, limited=False)

    async def recent_heads(self, org_id: OrgId, *, since_ms: int) -> Sequence[HeadMoved]:
        heads = await self._following.recent_heads(org_id, since_ms=since_ms)
        return [HeadMoved(head.conversation_id, head.seq, head.msg_no) for head in heads]


def _subscription(followed: Followed) -> Subscription:
    return Subscription(
        conversation_id=followed.conversation_id,
        seq=followed.seq,
        msg_no=followed.msg_no,
        fence=followed.fence,
        members=followed.members,
        visible_from=followed.visible_from,
    )

"""What one worker finds out by itself of what the others did, however little the doorbell carries.

The doorbell is at most once: a revocation that it lost must still reach every worker within five seconds,
and a message within ten. Heads of conversations are found by the gateway's digest; this looks after the
rest: sessions that ended, roles that changed, private events (joining and leaving are among them).
Three statements for all sockets of the worker together, every ``LOOK_S``.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence

import structlog

from amana.events.log import Log
from amana.kernel.actor import Actor
from amana.kernel.errors import Refusal, places
from amana.kernel.ids import OrgId, UserId
from amana.people import standing_queries as standing
from amana.realtime.hub import Hub
from amana.storage.database import Database

log = structlog.get_logger("amana.lookout")

LOOK_S = 2.0


class Lookout:
    """Compares what this worker believes with the database. ``run`` is a task of its own.

    Args:
        still_signed_in: asked before a socket is cut; knows sessions of every kind.
    """

    def __init__(
        self,
        hub: Hub,
        database: Database,
        journal: Log,
        still_signed_in: Callable[[Actor], Awaitable[bool]],
    ) -> None:
        self._hub = hub
        self._database = database
        self._log = journal
        self._still_signed_in = still_signed_in

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            await asyncio.sleep(LOOK_S)
            try:
                await self.look()
            except Refusal as refusal:
                log.warning("lookout.refused", code=refusal.code)
            except Exception as error:  # noqa: BLE001  outermost of a task: it looks again
                log.error("lookout.failed", kind=type(error).__name__, where=places(error))

    async def look(self) -> None:
        """Look once after everybody who is connected here."""
        here: dict[OrgId, dict[object, Actor]] = defaultdict(dict)
        for socket in self._hub.sockets:
            actor = socket.session.actor
            here[actor.org_id][actor.session_id] = actor
        for org_id, actors in here.items():
            await self._look_after(org_id, list(actors.values()))

    async def _look_after(self, org_id: OrgId, actors: Sequence[Actor]) -> None:
        user_ids: list[UserId] = list({actor.user_id for actor in actors})
        async with self._database.read(org_id) as tx:
            gone = set(await standing.without_session(tx, [(one.user_id, one.session_id) for one in actors]))
            roles = await standing.roles_of(tx, user_ids)
            positions = await self._log.user_positions(tx, user_ids)
        for actor in actors:
            if (actor.user_id, actor.session_id) in gone and not await self._still_signed_in(actor):
                self._hub.revoke_session(actor.session_id)
            elif roles.get(actor.user_id, actor.role) is not actor.role:
                self._hub.revoke_person(actor.user_id)
        for user_id, pos in positions.items():
            self._hub.user_seen(user_id, pos)

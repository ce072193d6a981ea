"""The small world of the conversations, and what ends what may not be kept in it."""

from dataclasses import dataclass

import pytest

from amana.compliance.persons import PersonErasures, Tools
from amana.compliance.retention import Retention
from amana.conversations.membership.leaving import Leaving
from amana.kernel.entropy import SeededEntropy
from amana.kernel.ids import SessionId
from amana.people.desk import Desk
from amana.people.passkeys import RelyingParty
from tests.conversations.conftest import key_folder, world
from tests.conversations.world import World

__all__ = ["key_folder", "world"]


@dataclass
class Office:
    """The domain at work in one world."""

    world: World
    retention: Retention
    persons: PersonErasures
    desk: Desk
    ended_sessions: list[SessionId]

    async def keep(self, *, step: int = 500) -> int:
        return await self.retention.run(self.world.org_id, step=step, pause_s=0)

    async def erase(self, by: str, who: str, *, step: int = 500) -> None:
        """Ask and carry out."""
        async with self.world.database.write(self.world.org_id) as tx:
            await self.persons.request(tx, self.world[by], self.world[who].user_id)
        await self.persons.run(self.world.org_id, step=step, pause_s=0)

    async def actions(self) -> list[str]:
        """What was recorded so far."""
        async with self.world.database.read(self.world.org_id) as tx:
            entries = await self.world.evidence.entries(tx, self.world.org_id, limit=1000)
        return [entry.action for entry in entries]


@pytest.fixture
def office(world: World, entropy: SeededEntropy) -> Office:
    ended: list[SessionId] = []
    desk = Desk(
        db=world.database,
        vault=world.vault,
        evidence=world.evidence,
        log=world.log,
        clock=world.clock,
        ids=world.ids,
        entropy=entropy,
        public_url="http://localhost:8080",
        relying_party=RelyingParty("localhost", "http://localhost:8080"),
        on_session_revoked=ended.append,
    )
    tools = Tools(world.log, world.erasing, Leaving(world.desk))
    return Office(
        world,
        Retention(world.database, world.log, world.erasing, world.evidence, world.clock),
        PersonErasures(world.database, desk, tools),
        desk,
        ended,
    )

"""Keys that look after themselves: rotation by age and use, and what a rotation left to do."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

import structlog

from amana.evidence import Evidence
from amana.kernel.clock import Clock
from amana.kernel.errors import Refusal, StartFailure
from amana.kernel.ids import ConversationId, OrgId, UserId
from amana.people.queries import find_organisation
from amana.storage.database import Database, Tx
from amana.vault import RootKey, Vault, queries, user_keys
from amana.vault.opening import describe

log = structlog.get_logger("amana.keys")

TEND_PERIOD = timedelta(minutes=1)
REFRESH_PERIOD_S = 5.0
LOOKED_AT = 1_000
"""Conversations whose generation is looked at in one pass, so ten thousand take ten minutes."""

_FIRST = ConversationId(UUID(int=0))


@dataclass(slots=True)
class KeyCare:
    """Rotation with its evidence, by hand and by itself."""

    database: Database
    vault: Vault
    evidence: Evidence
    clock: Clock
    _org_id: OrgId | None = None
    _after: ConversationId = field(default=_FIRST)

    async def begin(self, root: RootKey) -> None:
        """Note which root key this is, and open the organisation's keys while the root key is at hand.

        From then on a key service may be away: what people send hangs on keys in memory.
        """
        await describe(self.database, root, now=self.clock.now())
        if (org_id := await self.organisation()) is not None:
            async with self.database.read(org_id) as tx:
                await self.vault.rotation.warm(tx, org_id)

    async def organisation(self) -> OrgId | None:
        """The one organisation; None before it is set up."""
        if self._org_id is None:
            async with self.database.system() as tx:
                found = await find_organisation(tx)
            self._org_id = None if found is None else found.org_id
        return self._org_id

    async def watch(self) -> None:
        """Notice every few seconds what another process rotated, until cancelled."""
        while True:
            await asyncio.sleep(REFRESH_PERIOD_S)
            try:
                if (org_id := await self.organisation()) is not None:
                    async with self.database.read(org_id) as tx:
                        await self.vault.rotation.refresh(tx, org_id)
            except Refusal as refusal:
                # Older keys go on sealing validly; the database or the key service will be back.
                log.warning("keys.not_refreshed", code=refusal.code)

    async def tend(self) -> None:
        """One pass of the leader: go on with a rotation that is under way, then rotate what is due."""
        if (org_id := await self.organisation()) is None:
            return
        async with self.database.write(org_id) as tx:
            if await self.vault.rotation.rewrap(tx, org_id):
                return
        now = self.clock.now()
        async with self.database.write(org_id) as tx:
            count, onward = await self.vault.rotation.rotate_due(
                tx, org_id, after=self._after, limit=LOOKED_AT, now=now
            )
            if count:
                detail = {"key": "conversation", "cause": "due", "count": count}
                await self._record(tx, org_id, None, detail)
        self._after = onward or _FIRST

    async def require_conversation(self, org_id: OrgId, conversation_id: ConversationId) -> None:
        """Refuse an id under which there is nothing to rotate.

        Raises:
            StartFailure: there is no such conversation.
        """
        async with self.database.read(org_id) as tx:
            if not await queries.newest_generation(tx, conversation_id):
                raise StartFailure(f"there is no conversation {conversation_id}.")

    async def wrapped_keys(self, org_id: OrgId) -> int:
        """How many keys of conversations and of people hang on the organisation's."""
        async with self.database.read(org_id) as tx:
            return await queries.count_conversation_keys(tx, org_id) + await user_keys.count(tx, org_id)

    async def rotate_conversation(
        self, org_id: OrgId, conversation_id: ConversationId, *, actor_id: UserId | None = None
    ) -> int:
        """Give one conversation a new generation; gives its number."""
        async with self.database.write(org_id) as tx:
            generation = await self.vault.rotation.rotate_conversation(
                tx, org_id, conversation_id, now=self.clock.now()
            )
            detail = {"key": "conversation", "cause": "command", "generation": generation}
            await self._record(tx, org_id, conversation_id, detail, actor_id)
        return generation

    async def rotate_organisation(
        self, org_id: OrgId, *, actor_id: UserId | None = None, said: Callable[[int], None] = lambda _: None
    ) -> int:
        """Give the organisation a new epoch and bring every key below under it; gives the epoch.

        Cut off in between, the leader of a running server goes on with it, and so does the next call of
        ``rewrap_all``. Every key opens at every moment.

        Args:
            said: told how many keys each step wrapped again.
        """
        async with self.database.write(org_id) as tx:
            epoch = await self.vault.rotation.rotate_organisation(tx, org_id)
            await self._record(tx, org_id, None, {"key": "organisation", "epoch": epoch}, actor_id)
        await self.rewrap_all(org_id, said=said)
        return epoch

    async def rewrap_all(self, org_id: OrgId, *, said: Callable[[int], None] = lambda _: None) -> int:
        """Bring what is left under the newest epoch, in short transactions; gives how many keys."""
        total = 0
        while True:
            async with self.database.write(org_id) as tx:
                done = await self.vault.rotation.rewrap(tx, org_id)
            if not done:
                return total
            total += done
            said(done)

    async def _record(
        self,
        tx: Tx,
        org_id: OrgId,
        subject: UUID | None,
        detail: Mapping[str, object],
        actor_id: UserId | None = None,
    ) -> None:
        await self.evidence.record(
            tx,
            org_id=org_id,
            actor_id=actor_id,
            action="key.rotated",
            subject=subject,
            now=self.clock.now(),
            detail=detail,
        )

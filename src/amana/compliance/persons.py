"""Erasure of a person (GDPR Article 17).

The request takes effect at once on everything the person could sign in with, and on the name. Then the
rooms are gone through one after the other, in short steps; where it stands is stored with each step, so a
server that dies goes on where it was. What has ended leaves the files with the next ``Hygiene`` run.
"""

import asyncio
from dataclasses import dataclass, replace

from amana.compliance import queries
from amana.compliance.errors import ErasureNotFound
from amana.compliance.model import PersonErasure
from amana.conversations.membership.leaving import Leaving
from amana.conversations.messages.erasing import STEP, Erasing
from amana.events.log import Log
from amana.kernel.actor import Actor, Role
from amana.kernel.ids import NO_DEVICE, ConversationId, OrgId, Seq, SessionId, UserId
from amana.people import erasure as accounts
from amana.people import permissions
from amana.people.desk import Desk
from amana.people.errors import RoleTooHigh
from amana.people.model import Account
from amana.storage.database import Database, Tx
from amana.vault.erasure import erased_accounts, runs

PRIVATE_STEP = 5_000
PAUSE_S = 0.02


@dataclass(frozen=True, slots=True)
class Tools:
    """What the rooms need done to them."""

    log: Log
    erasing: Erasing
    leaving: Leaving


class PersonErasures:
    """Takes requests, carries them out, says how far they are."""

    def __init__(self, database: Database, desk: Desk, tools: Tools) -> None:
        self._database = database
        self._desk = desk
        self._tools = tools

    async def request(self, tx: Tx, actor: Actor, user_id: UserId) -> PersonErasure:
        """Erase the account now and everything else soon. Asking again gives the first request.

        Everybody may ask for themselves; the caller has seen a fresh proof of who asks.

        Raises:
            NotPermitted: it is somebody else, and the caller is no administrator.
            UnknownPerson: there is nobody with this id.
            RoleTooHigh: the person stands above the caller.
            LastOwner: the organisation would have no owner.
        """
        if user_id != actor.user_id:
            permissions.require(permissions.ERASE, actor.role)
        begun = await queries.find_erasure(tx, user_id)
        if begun is not None:
            return begun
        account = await accounts.lock_for_erasure(tx, user_id)
        if account.role > actor.role:
            raise RoleTooHigh
        await self._record(tx, actor.org_id, actor.user_id, "person.erasure_requested", user_id, {})
        await self._begin(tx, actor.org_id, account, requested_by=actor.user_id)
        await self._desk.vault.note_erased_account(tx, user_id, self._desk.clock.now())
        return await self._found(tx, user_id)

    async def show(self, tx: Tx, actor: Actor, user_id: UserId) -> PersonErasure:
        """How far it is; the certificate when it is done.

        Raises:
            NotPermitted: the caller is no administrator.
            ErasureNotFound: nobody asked for it.
        """
        permissions.require(permissions.ERASE, actor.role)
        return await self._found(tx, user_id)

    async def run(self, org_id: OrgId, *, step: int = STEP, pause_s: float = PAUSE_S) -> int:
        """Carry out what was asked for; gives how many steps it took."""
        await self._erase_again(org_id)
        steps = 0
        while await self._step(org_id, step):
            steps += 1
            await asyncio.sleep(pause_s)
        return steps

    async def _erase_again(self, org_id: OrgId) -> None:
        """After a restore the journal knows of persons whose names the older database has again."""
        async with self._database.read(org_id) as tx:
            missing = await erased_accounts(tx) - await queries.known_erasures(tx)
        for user_id in sorted(missing):
            async with self._database.write(org_id) as tx:
                if await queries.find_erasure(tx, user_id) is not None:
                    continue
                account = await accounts.find_again(tx, user_id)
                if account is None:
                    continue
                await self._record(tx, org_id, None, "person.erasure_requested", user_id, {"again": True})
                await self._begin(tx, org_id, account, requested_by=user_id)
                await self._desk.vault.private.destroy(tx, user_id)

    async def _begin(self, tx: Tx, org_id: OrgId, account: Account, *, requested_by: UserId) -> None:
        now = self._desk.clock.now()
        ended = await accounts.erase_account(self._desk, tx, account, now=now)
        await queries.insert_erasure(
            tx,
            org_id,
            account.user_id,
            requested_by=requested_by,
            now=now,
            sessions=ended.sessions,
            passkeys=ended.passkeys,
        )

    async def _step(self, org_id: OrgId, size: int) -> bool:
        """One transaction's worth of the oldest request; False when there is none."""
        async with self._database.write(org_id) as tx:
            erasure = await queries.lock_open_erasure(tx)
            if erasure is None:
                return False
            room = erasure.room
            if room is None or erasure.seq < 0:
                room = await self._tools.leaving.next_room(tx, erasure.user_id, erasure.room)
            if room is None:
                erasure = await self._finish(tx, erasure)
            elif room != erasure.room:
                erasure = await self._enter(tx, erasure, room)
            else:
                erasure = await self._go_on(tx, erasure, room, size)
            await queries.put_erasure(tx, erasure)
        return True

    async def _enter(self, tx: Tx, erasure: PersonErasure, room: ConversationId) -> PersonErasure:
        """Take the person out of the next room, before anything ends there: nothing can be added to it."""
        left = await self._tools.leaving.leave(tx, _asker(erasure), room, erasure.user_id)
        return replace(
            erasure,
            room=room,
            seq=Seq(0),
            rooms_handed_over=erasure.rooms_handed_over + left.handed_over,
            rooms_closed=erasure.rooms_closed + left.closed,
        )

    async def _go_on(self, tx: Tx, erasure: PersonErasure, room: ConversationId, size: int) -> PersonErasure:
        """End the next part of what the person wrote in this room, and tell its members."""
        done = await self._tools.erasing.written_by(tx, room, erasure.user_id, after=erasure.seq, size=size)
        await self._tools.erasing.announce(tx, room, runs(done.messages), "erasure")
        return replace(
            erasure,
            # Below zero: this room is done, the next one follows.
            seq=done.through if done.more else Seq(-1),
            rooms=erasure.rooms + (not done.more),
            messages=erasure.messages + len(done.messages),
            wraps=erasure.wraps + done.wraps,
            kept=erasure.kept + done.kept,
        )

    async def _finish(self, tx: Tx, erasure: PersonErasure) -> PersonErasure:
        """The private log and all private state go; with the last of it the certificate is made."""
        await self._tools.leaving.forget(tx, erasure.user_id)
        # Made again by a request that was under way when the account ended: what it sealed is gone now.
        await self._desk.vault.private.destroy(tx, erasure.user_id)
        gone = await self._tools.log.forget_user(tx, erasure.user_id, limit=PRIVATE_STEP)
        erasure = replace(erasure, private_events=erasure.private_events + gone)
        if gone == PRIVATE_STEP:
            return erasure
        erasure = replace(erasure, done_at=self._desk.clock.now())
        counts = {
            "rooms": erasure.rooms,
            "rooms_handed_over": erasure.rooms_handed_over,
            "rooms_closed": erasure.rooms_closed,
            "messages": erasure.messages,
            "wraps": erasure.wraps,
            "kept": erasure.kept,
            "sessions": erasure.sessions,
            "passkeys": erasure.passkeys,
            "private_events": erasure.private_events,
            "requested_by": str(erasure.requested_by),
        }
        await self._record(tx, erasure.org_id, None, "person.erased", erasure.user_id, counts)
        return erasure

    async def _found(self, tx: Tx, user_id: UserId) -> PersonErasure:
        erasure = await queries.find_erasure(tx, user_id)
        if erasure is None:
            raise ErasureNotFound
        return erasure

    async def _record(
        self,
        tx: Tx,
        org_id: OrgId,
        actor_id: UserId | None,
        action: str,
        subject: UserId,
        detail: dict[str, object],
    ) -> None:
        await self._desk.evidence.record(
            tx,
            org_id=org_id,
            actor_id=actor_id,
            action=action,
            subject=subject,
            now=self._desk.clock.now(),
            detail=detail,
        )


def _asker(erasure: PersonErasure) -> Actor:
    """Who asked, as the one whom the events of the rooms name; long gone from the device perhaps."""
    no_session = SessionId(NO_DEVICE)
    return Actor(erasure.org_id, erasure.requested_by, NO_DEVICE, no_session, Role.ADMIN, "en")

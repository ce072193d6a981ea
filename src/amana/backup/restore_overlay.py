"""What has to be true of a restored database before anybody may use it.

Erased stays erased, signed out stays signed out, and no device takes the restored history for what it knew.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import asyncpg

from amana.events.fences import bump_fences, newest_places
from amana.kernel.ids import ConversationId, OrgId
from amana.people.api_tokens.queries import end_every
from amana.people.queries import end_every_session
from amana.storage.database import SEARCH_PATH, Tx
from amana.vault import erasure
from amana.vault.erasure import Erasure
from amana.vault.lost import drop_wraps_without_message

PutBack = Callable[[asyncpg.Connection], Awaitable[None]]
"""Replaces every row of schema ``keyring`` in the transaction of the connection."""


@dataclass(frozen=True, slots=True)
class Overlaid:
    """What was laid over the restored database.

    Attributes:
        keys_replaced: False when the database's own keys were newer than the newest snapshot.
        ended_again: data keys that the backup still had and that the journal has ended again.
        lost: messages after the restored state, by conversation: their keys were there, they are not.
        conversations: how many got a new fence.
        devices: how many were signed out.
    """

    keys_replaced: bool
    ended_again: int = 0
    lost: Mapping[ConversationId, int] = field(default_factory=dict)
    conversations: int = 0
    devices: int = 0


async def overlay(
    dsn: str, org_id: OrgId, *, put_back: PutBack | None, journal: Sequence[Erasure], now: datetime
) -> Overlaid:
    """Do all of it in one transaction, as the database's superuser.

    Args:
        put_back: lays the newest snapshot of the keyring over the restored one; None when the
            restored one is newer.
        journal: every erasure that the backup knows, in any order.
    """
    connection = await asyncpg.connect(dsn, timeout=30, server_settings={"search_path": SEARCH_PATH})
    try:
        async with connection.transaction():
            if put_back is not None:
                await put_back(connection)
            # The journal ends what it names before the keys of places that are no more are dropped.
            ended = await replay_journal(connection, org_id, journal)
            tx = Tx(connection, org_id)
            lost = await drop_wraps_without_message(tx, await newest_places(tx))
            conversations = await bump_fences(tx, now=now)
            devices = await end_every_session(tx, now=now) + await end_every(tx, now=now)
            return Overlaid(put_back is not None, ended, lost, conversations, devices)
    finally:
        await connection.close()


async def replay_journal(connection: asyncpg.Connection, org_id: OrgId, journal: Sequence[Erasure]) -> int:
    """End again what the journal has ended; gives how many data keys were still there."""
    await _act_for(connection, org_id)
    mine = [row for row in journal if row.org_id == org_id]
    return await erasure.replay(Tx(connection, org_id), mine)


async def _act_for(connection: asyncpg.Connection, org_id: OrgId) -> None:
    await connection.execute("SELECT set_config('amana.org', $1, true)", str(org_id))

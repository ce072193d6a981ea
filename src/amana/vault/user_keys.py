"""The SQL of people's own keys."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast

import asyncpg

from amana.kernel.ids import OrgId, UserId
from amana.storage.cursor import pages
from amana.storage.database import Tx

# Nobody who was erased gets a key again: it would open nothing and could not be explained.
_INSERT = """
INSERT INTO keyring.user_key (org_id, user_id, generation, epoch, wrapped, made_at)
SELECT $1, $2, $3, $4, $5, $6
 WHERE NOT EXISTS (SELECT FROM keyring.erasure e WHERE e.conversation_id = $2 AND e.cause = $7)
ON CONFLICT DO NOTHING
"""
# Not when it was made: the database can hold times that Python cannot, and no key hangs on them.
_ALL = """
SELECT k.user_id, k.generation, k.epoch, k.wrapped, now() AS made_at,
       EXISTS (SELECT FROM keyring.erasure e
                WHERE e.conversation_id = k.user_id AND e.cause = $2) AS erased
  FROM keyring.user_key k WHERE k.org_id = $1 ORDER BY k.user_id, k.generation
"""


@dataclass(frozen=True, slots=True)
class UserKeyRow:
    """One generation of a person's key, wrapped under the organisation key of ``epoch``."""

    user_id: UserId
    generation: int
    epoch: int
    wrapped: bytes
    made_at: datetime


async def insert(tx: Tx, org_id: OrgId, row: UserKeyRow, *, erased: int) -> None:
    """Store a generation; one that is there stays, and somebody who was erased gets none.

    Args:
        erased: the cause by which the journal names erased accounts.
    """
    await tx.fetch(_INSERT, org_id, row.user_id, row.generation, row.epoch, row.wrapped, row.made_at, erased)


async def generations(tx: Tx, user_id: UserId) -> list[UserKeyRow]:
    """Every generation of one person, the newest last."""
    rows = await tx.fetch(
        """
        SELECT user_id, generation, epoch, wrapped, made_at
          FROM keyring.user_key WHERE user_id = $1 ORDER BY generation
        """,
        user_id,
    )
    return [UserKeyRow(*row) for row in rows]


async def lock_older(tx: Tx, org_id: OrgId, epoch: int, *, limit: int) -> list[UserKeyRow]:
    """Generations that are wrapped under an epoch before this one, in a fixed order."""
    rows = await tx.fetch(
        """
        SELECT user_id, generation, epoch, wrapped, made_at FROM keyring.user_key
         WHERE org_id = $1 AND epoch < $2
         ORDER BY epoch, user_id, generation LIMIT $3 FOR UPDATE SKIP LOCKED
        """,
        org_id,
        epoch,
        limit,
    )
    return [UserKeyRow(*row) for row in rows]


async def rewrap(
    tx: Tx, org_id: OrgId, old: Sequence[UserKeyRow], new: Sequence[UserKeyRow], epoch: int
) -> int:
    """Exchange wraps for those under ``epoch``; gives how many had not moved on meanwhile."""
    rows = await tx.fetch(
        "SELECT keyring.rewrap_user_keys($1, $2, $3, $4, $5, $6)",
        org_id,
        [row.user_id for row in old],
        [row.generation for row in old],
        [row.wrapped for row in old],
        [row.wrapped for row in new],
        epoch,
    )
    return int(rows[0][0])


async def count(tx: Tx, org_id: OrgId) -> int:
    """How many generations all people have together."""
    found = await tx.value("SELECT count(*) FROM keyring.user_key WHERE org_id = :org_id", org_id=org_id)
    return cast(int, found)


async def destroy(tx: Tx, users: Sequence[UserId]) -> int:
    """Delete every generation of these people; gives how many there were. Nothing of theirs opens again."""
    rows = await tx.fetch(
        "DELETE FROM keyring.user_key WHERE user_id = ANY($1) RETURNING generation", list(users)
    )
    return len(rows)


def every(tx: Tx, org_id: OrgId, *, erased: int, size: int) -> AsyncIterator[list[asyncpg.Record]]:
    """Every generation of the organisation with ``erased``: the journal says that the person is."""
    return pages(tx, "verified_user_keys", _ALL, org_id, erased, size=size)

"""SQL for API tokens."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from amana.kernel.ids import DeviceId, OrgId, UserId
from amana.storage.database import Tx


@dataclass(frozen=True, slots=True)
class SealedToken:
    """A token as stored; its name is sealed under the organisation key."""

    token_id: UUID
    device_id: DeviceId
    name: bytes
    scopes: frozenset[str]
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None


async def insert(tx: Tx, org_id: OrgId, user_id: UserId, token: SealedToken, *, token_hash: bytes) -> None:
    await tx.run(
        """
        INSERT INTO api_token
          (org_id, user_id, token_id, device_id, token_hash, name, scopes, created_at, expires_at)
        VALUES
          (:org_id, :user_id, :token_id, :device_id, :token_hash, :name, :scopes, :created_at, :expires_at)
        """,
        org_id=org_id,
        user_id=user_id,
        token_id=token.token_id,
        device_id=token.device_id,
        token_hash=token_hash,
        name=token.name,
        scopes=sorted(token.scopes),
        created_at=token.created_at,
        expires_at=token.expires_at,
    )


async def find(tx: Tx, user_id: UserId, token_id: UUID, *, now: datetime) -> asyncpg.Record | None:
    """A token that works, with what an actor needs: hash, device, scopes, last use, role, language."""
    return await tx.one(
        """
        SELECT t.token_hash, t.device_id, t.scopes, t.last_used_at, a.role, a.language
          FROM api_token t JOIN account a ON a.user_id = t.user_id
         WHERE t.user_id = :user_id AND t.token_id = :token_id AND t.ended_at IS NULL AND t.expires_at > :now
           AND a.erased_at IS NULL
        """,
        user_id=user_id,
        token_id=token_id,
        now=now,
    )


async def touch(tx: Tx, user_id: UserId, token_id: UUID, *, now: datetime) -> None:
    await tx.run(
        """
        UPDATE api_token SET last_used_at = :now
         WHERE user_id = :user_id AND token_id = :token_id AND ended_at IS NULL
           AND coalesce(last_used_at < :now, true)
        """,
        user_id=user_id,
        token_id=token_id,
        now=now,
    )


async def list_working(tx: Tx, user_id: UserId, *, now: datetime) -> list[SealedToken]:
    """Tokens that still work, the newest first."""
    rows = await tx.all(
        """
        SELECT token_id, device_id, name, scopes, created_at, expires_at, last_used_at FROM api_token
         WHERE user_id = :user_id AND ended_at IS NULL AND expires_at > :now
         ORDER BY created_at DESC, token_id
        """,
        user_id=user_id,
        now=now,
    )
    return [
        SealedToken(
            row["token_id"],
            DeviceId(row["device_id"]),
            row["name"],
            frozenset(row["scopes"]),
            row["created_at"],
            row["expires_at"],
            row["last_used_at"],
        )
        for row in rows
    ]


async def count_working(tx: Tx, user_id: UserId, *, now: datetime) -> int:
    count = await tx.value(
        """
        SELECT count(*) FROM api_token
         WHERE user_id = :user_id AND ended_at IS NULL AND expires_at > :now
        """,
        user_id=user_id,
        now=now,
    )
    return int(str(count))


async def end(tx: Tx, user_id: UserId, token_id: UUID, *, now: datetime) -> bool:
    """End one; False when it is not this person's or ended before."""
    count = await tx.run(
        """
        UPDATE api_token SET ended_at = :now
         WHERE user_id = :user_id AND token_id = :token_id AND ended_at IS NULL
        """,
        user_id=user_id,
        token_id=token_id,
        now=now,
    )
    return count == 1


async def end_all_of(tx: Tx, user_id: UserId, *, now: datetime) -> list[UUID]:
    """End every token of a person that works; gives which."""
    rows = await tx.all(
        """
        UPDATE api_token SET ended_at = :now
         WHERE user_id = :user_id AND ended_at IS NULL AND expires_at > :now
        RETURNING token_id
        """,
        user_id=user_id,
        now=now,
    )
    return [row["token_id"] for row in rows]


async def end_every(tx: Tx, *, now: datetime) -> int:
    """End every token of the organisation: after a restore nobody knows which were revoked meanwhile."""
    return await tx.run("UPDATE api_token SET ended_at = :now WHERE ended_at IS NULL", now=now)


async def delete_all_of(tx: Tx, user_id: UserId) -> list[UUID]:
    """Delete all tokens of a person, ended ones too."""
    rows = await tx.all("DELETE FROM api_token WHERE user_id = :user_id RETURNING token_id", user_id=user_id)
    return [row["token_id"] for row in rows]


async def delete_old(tx: Tx, user_id: UserId, *, before: datetime) -> None:
    """Forget a person's tokens that ended or expired long ago; the record keeps that they existed."""
    await tx.run(
        """
        DELETE FROM api_token
         WHERE user_id = :user_id AND least(ended_at, expires_at) < :before
        """,
        user_id=user_id,
        before=before,
    )

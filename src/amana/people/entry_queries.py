"""SQL for what is met before somebody is signed in: links, challenges, throttling."""

from datetime import datetime
from uuid import UUID

import asyncpg

from amana.kernel.actor import Role
from amana.kernel.ids import InvitationId, OrgId, UserId
from amana.people.model import Challenge, Invitation, PendingSetup
from amana.storage.database import Tx

PURGE_BATCH = 100


async def lock_setup(tx: Tx) -> None:
    """Wait until nobody is in the middle of setting up, and keep others out until the commit."""
    await tx.run("LOCK TABLE setup_secret IN EXCLUSIVE MODE")


async def replace_setup_secret(tx: Tx, pending: PendingSetup, secret_hash: bytes) -> None:
    """Make this the only open set-up link."""
    await tx.run("DELETE FROM setup_secret WHERE used_at IS NULL")
    await tx.run(
        """
        INSERT INTO setup_secret (org_id, user_id, secret_hash, expires_at)
        VALUES (:org_id, :user_id, :secret_hash, :expires_at)
        """,
        org_id=pending.org_id,
        user_id=pending.user_id,
        secret_hash=secret_hash,
        expires_at=pending.expires_at,
    )


async def find_setup(tx: Tx, secret_hash: bytes) -> PendingSetup | None:
    row = await tx.one(
        "SELECT org_id, user_id, expires_at, used_at FROM setup_secret WHERE secret_hash = :secret_hash",
        secret_hash=secret_hash,
    )
    if row is None:
        return None
    return PendingSetup(row["org_id"], row["user_id"], row["expires_at"], row["used_at"] is not None)


async def use_setup(tx: Tx, secret_hash: bytes, *, now: datetime) -> bool:
    """Use the link up; False when it was used, replaced or ran out meanwhile."""
    count = await tx.run(
        """
        UPDATE setup_secret SET used_at = :now
         WHERE secret_hash = :secret_hash AND used_at IS NULL AND expires_at > :now
        """,
        secret_hash=secret_hash,
        now=now,
    )
    return count == 1


async def insert_invitation(tx: Tx, invitation: Invitation, secret_hash: bytes) -> None:
    await tx.run(
        """
        INSERT INTO invitation (org_id, invitation_id, secret_hash, role, conversation_id, invited_by,
                                created_at, expires_at, max_uses)
        VALUES (:org_id, :invitation_id, :secret_hash, :role, :conversation_id, :invited_by,
                :created_at, :expires_at, :max_uses)
        """,
        org_id=invitation.org_id,
        invitation_id=invitation.invitation_id,
        secret_hash=secret_hash,
        role=int(invitation.role),
        conversation_id=invitation.conversation_id,
        invited_by=invitation.invited_by,
        created_at=invitation.created_at,
        expires_at=invitation.expires_at,
        max_uses=invitation.max_uses,
    )


async def find_invitation(tx: Tx, secret_hash: bytes) -> Invitation | None:
    row = await tx.one("SELECT * FROM invitation WHERE secret_hash = :secret_hash", secret_hash=secret_hash)
    return _invitation(row) if row else None


async def use_invitation(tx: Tx, secret_hash: bytes, *, now: datetime) -> bool:
    """Count one use; False when it is used up, expired or withdrawn by now."""
    count = await tx.run(
        """
        UPDATE invitation SET uses = uses + 1
         WHERE secret_hash = :secret_hash AND uses < max_uses AND revoked_at IS NULL AND expires_at > :now
        """,
        secret_hash=secret_hash,
        now=now,
    )
    return count == 1


async def list_invitations(tx: Tx, *, now: datetime, limit: int) -> list[Invitation]:
    """Invitations that still work, newest first."""
    rows = await tx.all(
        """
        SELECT * FROM invitation
         WHERE revoked_at IS NULL AND expires_at > :now AND uses < max_uses
         ORDER BY created_at DESC, invitation_id LIMIT :limit
        """,
        now=now,
        limit=limit,
    )
    return [_invitation(row) for row in rows]


async def revoke_invitation(tx: Tx, invitation_id: InvitationId, *, now: datetime) -> bool:
    """Withdraw it; False when there is none that was still open."""
    count = await tx.run(
        """
        UPDATE invitation SET revoked_at = :now
         WHERE invitation_id = :invitation_id AND revoked_at IS NULL
        """,
        invitation_id=invitation_id,
        now=now,
    )
    return count == 1


async def insert_challenge(tx: Tx, challenge_id: UUID, challenge: Challenge) -> None:
    await tx.run(
        """
        INSERT INTO passkey_challenge
          (org_id, challenge_id, challenge, purpose, secret_hash, user_id, expires_at)
        VALUES (:org_id, :challenge_id, :challenge, :purpose, :secret_hash, :user_id, :expires_at)
        """,
        org_id=challenge.org_id,
        challenge_id=challenge_id,
        challenge=challenge.challenge,
        purpose=challenge.purpose,
        secret_hash=challenge.secret_hash,
        user_id=challenge.user_id,
        expires_at=challenge.expires_at,
    )


async def take_challenge(tx: Tx, challenge_id: UUID) -> Challenge | None:
    """Take an open ceremony out: whoever comes second finds nothing."""
    row = await tx.one(
        """
        DELETE FROM passkey_challenge WHERE challenge_id = :challenge_id
        RETURNING org_id, challenge, purpose, secret_hash, user_id, expires_at
        """,
        challenge_id=challenge_id,
    )
    if row is None:
        return None
    return Challenge(
        row["org_id"],
        row["challenge"],
        row["purpose"],
        row["secret_hash"],
        row["user_id"],
        row["expires_at"],
    )


async def purge_challenges(tx: Tx, *, now: datetime) -> None:
    """Forget a few ceremonies nobody finished; called whenever a new one begins."""
    await tx.run(
        """
        DELETE FROM passkey_challenge WHERE (challenge_id, org_id) IN (
          SELECT challenge_id, org_id FROM passkey_challenge WHERE expires_at < :now
           ORDER BY expires_at LIMIT :batch FOR UPDATE SKIP LOCKED)
        """,
        now=now,
        batch=PURGE_BATCH,
    )


async def delete_challenges_of(tx: Tx, user_id: UserId) -> None:
    """Forget every ceremony that this person began."""
    await tx.run("DELETE FROM passkey_challenge WHERE user_id = :user_id", user_id=user_id)


async def revoke_invitations_of(tx: Tx, user_id: UserId, *, now: datetime) -> None:
    """Withdraw every invitation this person made."""
    await tx.run(
        "UPDATE invitation SET revoked_at = :now WHERE invited_by = :user_id AND revoked_at IS NULL",
        user_id=user_id,
        now=now,
    )


async def charge_bucket(
    tx: Tx, org_id: OrgId, bucket: bytes, *, free: int, longest_s: int, now: datetime, forget_before: datetime
) -> bool:
    """Count an attempt as failed until it turns out otherwise; False while the bucket is blocked.

    After ``free`` attempts each further one blocks for 2, 4, 8 … seconds, at most ``longest_s``.
    """
    count = await tx.run(
        """
        INSERT INTO sign_in_throttle AS t (org_id, bucket, failures, blocked_until, updated_at)
        VALUES (:org_id, :bucket, 1, :now, :now)
        ON CONFLICT (org_id, bucket) DO UPDATE SET
          failures = CASE WHEN t.updated_at < :forget_before THEN 1 ELSE t.failures + 1 END,
          blocked_until = :now + CASE
            WHEN t.updated_at < :forget_before OR t.failures + 1 <= :free::int THEN interval '0'
            ELSE make_interval(
              secs => least(:longest_s::int, power(2, least(t.failures + 1 - :free::int, 20)))) END,
          updated_at = :now
        WHERE t.blocked_until <= :now
        """,
        org_id=org_id,
        bucket=bucket,
        free=free,
        longest_s=longest_s,
        now=now,
        forget_before=forget_before,
    )
    return count == 1


async def blocked_until(tx: Tx, bucket: bytes) -> datetime | None:
    found = await tx.value("SELECT blocked_until FROM sign_in_throttle WHERE bucket = :bucket", bucket=bucket)
    return found if isinstance(found, datetime) else None


async def clear_bucket(tx: Tx, bucket: bytes) -> None:
    await tx.run("DELETE FROM sign_in_throttle WHERE bucket = :bucket", bucket=bucket)


async def refund_bucket(tx: Tx, bucket: bytes, *, now: datetime) -> None:
    """Take one attempt back, and the pause it caused."""
    await tx.run(
        """
        UPDATE sign_in_throttle SET failures = greatest(failures - 1, 0), blocked_until = :now
         WHERE bucket = :bucket
        """,
        bucket=bucket,
        now=now,
    )


async def purge_throttle(tx: Tx, *, before: datetime) -> None:
    """Forget a few old buckets; called after every successful sign-in."""
    await tx.run(
        """
        DELETE FROM sign_in_throttle WHERE (org_id, bucket) IN (
          SELECT org_id, bucket FROM sign_in_throttle WHERE updated_at < :before
           ORDER BY updated_at LIMIT :batch FOR UPDATE SKIP LOCKED)
        """,
        before=before,
        batch=PURGE_BATCH,
    )


def _invitation(row: asyncpg.Record) -> Invitation:
    return Invitation(
        row["org_id"],
        row["invitation_id"],
        Role(row["role"]),
        row["conversation_id"],
        UserId(row["invited_by"]),
        row["created_at"],
        row["expires_at"],
        row["max_uses"],
        row["uses"],
        row["revoked_at"],
    )

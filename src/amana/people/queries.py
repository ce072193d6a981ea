"""SQL for organisations, accounts, handles, passkeys and sessions."""

from collections.abc import Sequence
from datetime import datetime
from typing import cast

import asyncpg

from amana.kernel.actor import Role
from amana.kernel.ids import DeviceId, OrgId, SessionId, UserId
from amana.people.model import Account, Organisation, OwnPasskey, Session
from amana.people.passkeys import Passkey
from amana.storage.database import Tx


async def find_organisation(tx: Tx) -> Organisation | None:
    """The one organisation of this installation; None before set-up. Needs no organisation."""
    row = await tx.one("SELECT org_id, name, device_key FROM organisation ORDER BY created_at LIMIT 1")
    return Organisation(row["org_id"], row["name"], row["device_key"]) if row else None


async def insert_organisation(tx: Tx, organisation: Organisation, *, now: datetime) -> None:
    await tx.run(
        """
        INSERT INTO organisation (org_id, name, device_key, created_at)
        VALUES (:org_id, :name, :device_key, :now)
        """,
        org_id=organisation.org_id,
        name=organisation.name,
        device_key=organisation.device_key,
        now=now,
    )


async def handles_like(tx: Tx, base: str) -> frozenset[str]:
    """Handles that are ``base`` or ``base-…``. ``base`` holds letters, digits and dots only."""
    rows = await tx.all(
        "SELECT handle FROM handle WHERE handle = :base OR handle LIKE :base || '-%'", base=base
    )
    return frozenset(row["handle"] for row in rows)


async def claim_handle(tx: Tx, org_id: OrgId, handle: str, user_id: UserId) -> bool:
    """Take a handle; False when somebody else has it. Waits for a concurrent claim of the same."""
    count = await tx.run(
        """
        INSERT INTO handle (org_id, handle, user_id) VALUES (:org_id, :handle, :user_id)
        ON CONFLICT DO NOTHING
        """,
        org_id=org_id,
        handle=handle,
        user_id=user_id,
    )
    return count == 1


async def insert_account(tx: Tx, org_id: OrgId, account: Account, *, now: datetime) -> None:
    await tx.run(
        """
        INSERT INTO account (org_id, user_id, display_name, handle, role, language, password_hash, created_at)
        VALUES (:org_id, :user_id, :display_name, :handle, :role, :language, :password_hash, :now)
        """,
        org_id=org_id,
        user_id=account.user_id,
        display_name=account.display_name,
        handle=account.handle,
        role=int(account.role),
        language=account.language,
        password_hash=account.password_hash,
        now=now,
    )


async def find_account(tx: Tx, user_id: UserId) -> Account | None:
    row = await tx.one("SELECT * FROM account WHERE user_id = :user_id", user_id=user_id)
    return _account(row) if row else None


async def find_account_by_handle(tx: Tx, handle: str) -> Account | None:
    row = await tx.one(
        "SELECT a.* FROM handle h JOIN account a ON a.user_id = h.user_id WHERE h.handle = :handle",
        handle=handle,
    )
    return _account(row) if row else None


async def lock_account(tx: Tx, user_id: UserId) -> Account | None:
    row = await tx.one("SELECT * FROM account WHERE user_id = :user_id FOR UPDATE", user_id=user_id)
    return _account(row) if row else None


async def lock_owners(tx: Tx) -> frozenset[UserId]:
    """Everyone who is owner now, locked in the order of ids: two cannot resign at once."""
    rows = await tx.all(
        "SELECT user_id FROM account WHERE role = :owner ORDER BY user_id FOR UPDATE", owner=int(Role.OWNER)
    )
    return frozenset(row["user_id"] for row in rows)


async def update_role(tx: Tx, user_id: UserId, role: Role) -> None:
    await tx.run("UPDATE account SET role = :role WHERE user_id = :user_id", role=int(role), user_id=user_id)


async def update_profile(tx: Tx, user_id: UserId, *, display_name: str | None, language: str | None) -> None:
    await tx.run(
        """
        UPDATE account SET display_name = coalesce(:display_name::text, display_name),
                           language = coalesce(:language::text, language)
         WHERE user_id = :user_id
        """,
        user_id=user_id,
        display_name=display_name,
        language=language,
    )


async def update_password(tx: Tx, user_id: UserId, password_hash: str) -> None:
    await tx.run(
        "UPDATE account SET password_hash = :password_hash WHERE user_id = :user_id",
        user_id=user_id,
        password_hash=password_hash,
    )


async def names(tx: Tx, user_ids: Sequence[UserId]) -> dict[UserId, str]:
    """Display names of those that exist in the organisation of ``tx``."""
    rows = await tx.fetch(
        "SELECT user_id, display_name FROM account WHERE user_id = ANY($1::uuid[])", list(user_ids)
    )
    return {row["user_id"]: row["display_name"] for row in rows}


async def present(tx: Tx, user_ids: Sequence[UserId]) -> frozenset[UserId]:
    """Those of them who exist and were not erased: whom one can still reach."""
    rows = await tx.fetch(
        "SELECT user_id FROM account WHERE user_id = ANY($1::uuid[]) AND erased_at IS NULL", list(user_ids)
    )
    return frozenset(row["user_id"] for row in rows)


async def erase_account(tx: Tx, erased: Account, *, now: datetime) -> None:
    """Put ``erased`` in the place of the person and free the handle."""
    await tx.run("DELETE FROM handle WHERE user_id = :user_id", user_id=erased.user_id)
    await tx.run(
        """
        UPDATE account SET display_name = :display_name, handle = :handle, role = :role,
                           language = :language, password_hash = NULL, erased_at = :now
         WHERE user_id = :user_id
        """,
        user_id=erased.user_id,
        display_name=erased.display_name,
        handle=erased.handle,
        role=int(erased.role),
        language=erased.language,
        now=now,
    )


async def delete_sessions(tx: Tx, user_id: UserId) -> list[tuple[SessionId, DeviceId]]:
    """Delete all sessions of a person, ended ones too; gives each with its device."""
    rows = await tx.all(
        "DELETE FROM device_session WHERE user_id = :user_id RETURNING session_id, device_id", user_id=user_id
    )
    return [(row["session_id"], row["device_id"]) for row in rows]


async def delete_passkeys(tx: Tx, user_id: UserId) -> int:
    return await tx.run("DELETE FROM passkey WHERE user_id = :user_id", user_id=user_id)


async def list_people(
    tx: Tx, *, after: UserId | None, limit: int, among: frozenset[UserId] | None
) -> list[Account]:
    """A page of the directory in the order people joined; ``among`` limits it to some."""
    rows = await tx.all(
        """
        SELECT * FROM account
         WHERE (:after::uuid IS NULL OR user_id > :after::uuid)
           AND (:among::uuid[] IS NULL OR user_id = ANY(:among::uuid[]))
         ORDER BY user_id LIMIT :limit
        """,
        after=after,
        among=None if among is None else list(among),
        limit=limit,
    )
    return [_account(row) for row in rows]


async def insert_passkey(
    tx: Tx, org_id: OrgId, user_id: UserId, passkey: Passkey, *, label: str, now: datetime
) -> bool:
    """Store a credential; False when this person has it already."""
    count = await tx.run(
        """
        INSERT INTO passkey (org_id, user_id, credential_id, public_key, sign_count, label, created_at)
        VALUES (:org_id, :user_id, :credential_id, :public_key, :sign_count, :label, :now)
        ON CONFLICT DO NOTHING
        """,
        org_id=org_id,
        user_id=user_id,
        credential_id=passkey.credential_id,
        public_key=passkey.public_key,
        sign_count=passkey.sign_count,
        label=label,
        now=now,
    )
    return count == 1


async def find_passkey(tx: Tx, user_id: UserId, credential_id: bytes) -> Passkey | None:
    row = await tx.one(
        """
        SELECT credential_id, public_key, sign_count FROM passkey
         WHERE user_id = :user_id AND credential_id = :credential_id
        """,
        user_id=user_id,
        credential_id=credential_id,
    )
    return Passkey(row["credential_id"], row["public_key"], row["sign_count"]) if row else None


async def passkey_ids(tx: Tx, user_id: UserId) -> list[bytes]:
    rows = await tx.all("SELECT credential_id FROM passkey WHERE user_id = :user_id", user_id=user_id)
    return [row["credential_id"] for row in rows]


async def list_passkeys(tx: Tx, user_id: UserId) -> list[OwnPasskey]:
    """A person's passkeys, the oldest first."""
    rows = await tx.all(
        """
        SELECT credential_id, label, created_at, last_used_at FROM passkey
         WHERE user_id = :user_id ORDER BY created_at, credential_id
        """,
        user_id=user_id,
    )
    return [
        OwnPasskey(row["credential_id"], row["label"], row["created_at"], row["last_used_at"]) for row in rows
    ]


async def delete_passkey(tx: Tx, user_id: UserId, credential_id: bytes) -> None:
    await tx.run(
        "DELETE FROM passkey WHERE user_id = :user_id AND credential_id = :credential_id",
        user_id=user_id,
        credential_id=credential_id,
    )


async def advance_passkey(tx: Tx, user_id: UserId, known: Passkey, sign_count: int, *, now: datetime) -> bool:
    """Remember the count of a use; False when another use came first."""
    count = await tx.run(
        """
        UPDATE passkey SET sign_count = :sign_count, last_used_at = :now
         WHERE user_id = :user_id AND credential_id = :credential_id AND sign_count = :before
        """,
        user_id=user_id,
        credential_id=known.credential_id,
        sign_count=sign_count,
        before=known.sign_count,
        now=now,
    )
    return count == 1


async def insert_session(
    tx: Tx, org_id: OrgId, user_id: UserId, session: Session, *, token_hash: bytes
) -> None:
    await tx.run(
        """
        INSERT INTO device_session
          (org_id, user_id, session_id, device_id, token_hash, label, created_at, last_seen_at)
        VALUES (:org_id, :user_id, :session_id, :device_id, :token_hash, :label, :created_at, :last_seen_at)
        """,
        org_id=org_id,
        user_id=user_id,
        session_id=session.session_id,
        device_id=session.device_id,
        token_hash=token_hash,
        label=session.label,
        created_at=session.created_at,
        last_seen_at=session.last_seen_at,
    )


async def find_session(tx: Tx, user_id: UserId, session_id: SessionId) -> asyncpg.Record | None:
    """A session that was not ended, with what an actor needs: hash, times, role, language."""
    return await tx.one(
        """
        SELECT s.token_hash, s.device_id, s.created_at, s.last_seen_at, a.role, a.language
          FROM device_session s JOIN account a ON a.user_id = s.user_id
         WHERE s.user_id = :user_id AND s.session_id = :session_id AND s.ended_at IS NULL
        """,
        user_id=user_id,
        session_id=session_id,
    )


async def touch_session(tx: Tx, user_id: UserId, session_id: SessionId, *, now: datetime) -> None:
    await tx.run(
        """
        UPDATE device_session SET last_seen_at = :now
         WHERE user_id = :user_id AND session_id = :session_id AND ended_at IS NULL AND last_seen_at < :now
        """,
        user_id=user_id,
        session_id=session_id,
        now=now,
    )


async def list_sessions(
    tx: Tx, user_id: UserId, *, seen_since: datetime, created_since: datetime
) -> list[Session]:
    """Sessions that still work, the latest seen first."""
    rows = await tx.all(
        """
        SELECT session_id, device_id, label, created_at, last_seen_at FROM device_session
         WHERE user_id = :user_id AND ended_at IS NULL
           AND last_seen_at > :seen_since AND created_at > :created_since
         ORDER BY last_seen_at DESC, session_id
        """,
        user_id=user_id,
        seen_since=seen_since,
        created_since=created_since,
    )
    return [
        Session(
            SessionId(row["session_id"]),
            DeviceId(row["device_id"]),
            row["label"],
            row["created_at"],
            row["last_seen_at"],
        )
        for row in rows
    ]


async def end_session(tx: Tx, user_id: UserId, session_id: SessionId, *, now: datetime) -> bool:
    """End one; False when it is not this person's or was ended before."""
    count = await tx.run(
        """
        UPDATE device_session SET ended_at = :now
         WHERE user_id = :user_id AND session_id = :session_id AND ended_at IS NULL
        """,
        user_id=user_id,
        session_id=session_id,
        now=now,
    )
    return count == 1


async def end_other_sessions(tx: Tx, user_id: UserId, keep: SessionId, *, now: datetime) -> list[SessionId]:
    """End all of a person's sessions but one."""
    rows = await tx.all(
        """
        UPDATE device_session SET ended_at = :now
         WHERE user_id = :user_id AND session_id <> :keep AND ended_at IS NULL
        RETURNING session_id
        """,
        user_id=user_id,
        keep=keep,
        now=now,
    )
    return [cast(SessionId, row["session_id"]) for row in rows]


def _account(row: asyncpg.Record) -> Account:
    return Account(
        row["user_id"],
        row["display_name"],
        row["handle"],
        Role(row["role"]),
        row["language"],
        row["password_hash"],
        row["erased_at"] is not None,
    )


async def end_every_session(tx: Tx, *, now: datetime) -> int:
    """Sign every device of the organisation out; gives how many there were.

    After a restore nobody knows which of them were revoked in the time that was lost.
    """
    return await tx.run("UPDATE device_session SET ended_at = :now WHERE ended_at IS NULL", now=now)

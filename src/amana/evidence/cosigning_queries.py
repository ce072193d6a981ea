"""The only SQL of policies, cosignatures and what is known of witnesses."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from amana.kernel.ids import OrgId
from amana.storage.database import Tx


@dataclass(frozen=True, slots=True)
class PolicyRow:
    """A policy as it was set."""

    set_at: datetime
    policy: str


@dataclass(frozen=True, slots=True)
class WitnessRow:
    """How asking a witness went last.

    Attributes:
        known_size: the size that the witness said it knows.
        last_error: code; None when the last answer was right.
        alarm: ``rolled_back`` or ``forked``; None when all is well.
        alarm_size: the size that the witness had seen.
    """

    witness: str
    known_size: int = 0
    tried_at: datetime | None = None
    last_error: str | None = None
    failing_since: datetime | None = None
    alarm: str | None = None
    alarm_at: datetime | None = None
    alarm_size: int | None = None


@dataclass(frozen=True, slots=True)
class CosignedRow:
    """How far a witness has signed.

    Attributes:
        waiting_since: when the oldest checkpoint above ``size`` was made; None when there is none.
    """

    witness: str
    size: int
    at: datetime | None
    waiting_since: datetime | None


async def newest_policy(tx: Tx, org_id: OrgId) -> PolicyRow | None:
    """The policy that counts."""
    row = await tx.one(
        "SELECT set_at, policy FROM evidence_policy WHERE org_id = :org_id ORDER BY set_at DESC LIMIT 1",
        org_id=org_id,
    )
    return None if row is None else PolicyRow(*row)


async def insert_policy(tx: Tx, org_id: OrgId, *, set_at: datetime, policy: str) -> datetime:
    """Make this the newest policy; gives its time, later than that of every other one."""
    found = await tx.value(
        """
        INSERT INTO evidence_policy (org_id, set_at, policy)
        SELECT :org_id, greatest(:set_at, max(set_at) + interval '1 microsecond'), :policy
          FROM evidence_policy WHERE org_id = :org_id
        RETURNING set_at
        """,
        org_id=org_id,
        set_at=set_at,
        policy=policy,
    )
    if not isinstance(found, datetime):
        raise TypeError("PostgreSQL gave no time.")
    return found


async def store_cosignature(
    tx: Tx, org_id: OrgId, log_no: int, size: int, *, witness: str, line: str, at: datetime
) -> None:
    """Keep a checked cosignature; a newer one over the same size takes its place."""
    await tx.run(
        """
        INSERT INTO evidence_cosignature (org_id, log_no, size, witness, line, at)
        VALUES (:org_id, :log_no, :size, :witness, :line, :at)
        ON CONFLICT (org_id, log_no, size, witness) DO UPDATE SET line = excluded.line, at = excluded.at
        """,
        org_id=org_id,
        log_no=log_no,
        size=size,
        witness=witness,
        line=line,
        at=at,
    )


async def cosigned(tx: Tx, org_id: OrgId, log_no: int, witnesses: Sequence[str]) -> dict[str, CosignedRow]:
    """How far each of ``witnesses`` has signed this log; size 0 for nothing."""
    rows = await tx.fetch(
        """
        SELECT w.witness, coalesce(c.size, 0), c.at,
               (SELECT p.at FROM evidence_checkpoint p
                 WHERE p.org_id = $1 AND p.log_no = $2 AND p.size > coalesce(c.size, 0)
                 ORDER BY p.size LIMIT 1)
          FROM unnest($3::text[]) AS w (witness)
          LEFT JOIN LATERAL (
               SELECT size, at FROM evidence_cosignature
                WHERE org_id = $1 AND log_no = $2 AND witness = w.witness
                ORDER BY size DESC LIMIT 1) c ON true
        """,
        org_id,
        log_no,
        list(witnesses),
    )
    return {row[0]: CosignedRow(*row) for row in rows}


async def witness_rows(tx: Tx, org_id: OrgId, log_no: int) -> dict[str, WitnessRow]:
    """What is known of the witnesses of this log, by their key."""
    rows = await tx.all(
        """
        SELECT witness, known_size, tried_at, last_error, failing_since, alarm, alarm_at, alarm_size
          FROM evidence_witness WHERE org_id = :org_id AND log_no = :log_no
        """,
        org_id=org_id,
        log_no=log_no,
    )
    return {row["witness"]: WitnessRow(*row) for row in rows}


async def store_witness(tx: Tx, org_id: OrgId, log_no: int, row: WitnessRow) -> None:
    """Remember how asking went."""
    await tx.run(
        """
        INSERT INTO evidence_witness
               (org_id, log_no, witness, known_size, tried_at, last_error, failing_since,
                alarm, alarm_at, alarm_size)
        VALUES (:org_id, :log_no, :witness, :known_size, :tried_at, :last_error, :failing_since,
                :alarm, :alarm_at, :alarm_size)
        ON CONFLICT (org_id, log_no, witness) DO UPDATE
           SET known_size = excluded.known_size, tried_at = excluded.tried_at,
               last_error = excluded.last_error, failing_since = excluded.failing_since,
               alarm = excluded.alarm, alarm_at = excluded.alarm_at, alarm_size = excluded.alarm_size
        """,
        org_id=org_id,
        log_no=log_no,
        witness=row.witness,
        known_size=row.known_size,
        tried_at=row.tried_at,
        last_error=row.last_error,
        failing_since=row.failing_since,
        alarm=row.alarm,
        alarm_at=row.alarm_at,
        alarm_size=row.alarm_size,
    )

"""The only SQL of the keyring."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast
from uuid import UUID

from amana.kernel.ids import Bucket, ConversationId, OrgId, Seq
from amana.storage.database import Tx
from amana.vault.grounds import Ground


@dataclass(frozen=True, slots=True)
class OrganisationKeyRow:
    """One epoch of an organisation's key, wrapped by the root key."""

    epoch: int
    wrapped: bytes


@dataclass(frozen=True, slots=True)
class ConversationKeyRow:
    """One generation of a conversation's key, wrapped under the organisation key of ``epoch``."""

    conversation_id: ConversationId
    generation: int
    epoch: int
    wrapped: bytes


@dataclass(frozen=True, slots=True)
class WrapRow:
    """One wrapped data key."""

    conversation_id: ConversationId
    seq: Seq
    bucket: Bucket
    ground: Ground
    key_ref: int
    wrapped: bytes


async def root_check(tx: Tx) -> bytes | None:
    """The value that only the right root key opens; None on a new database."""
    return cast(bytes | None, await tx.value("SELECT check_value FROM keyring.root_key"))


async def insert_root_check(tx: Tx, check_value: bytes) -> None:
    """Remember the root key of this database; the first one stays."""
    await tx.run(
        "INSERT INTO keyring.root_key (check_value) VALUES (:check_value) ON CONFLICT DO NOTHING",
        check_value=check_value,
    )


async def insert_organisation_key(tx: Tx, org_id: OrgId, epoch: int, wrapped: bytes) -> None:
    """Store one epoch; an existing one stays."""
    await tx.run(
        """
        INSERT INTO keyring.organisation_key (org_id, epoch, wrapped)
        VALUES (:org_id, :epoch, :wrapped) ON CONFLICT DO NOTHING
        """,
        org_id=org_id,
        epoch=epoch,
        wrapped=wrapped,
    )


async def insert_conversation_key(
    tx: Tx, org_id: OrgId, conversation_id: ConversationId, generation: int, epoch: int, wrapped: bytes
) -> None:
    """Store one generation; an existing one stays."""
    await tx.run(
        """
        INSERT INTO keyring.conversation_key (org_id, conversation_id, generation, epoch, wrapped)
        VALUES (:org_id, :conversation_id, :generation, :epoch, :wrapped) ON CONFLICT DO NOTHING
        """,
        org_id=org_id,
        conversation_id=conversation_id,
        generation=generation,
        epoch=epoch,
        wrapped=wrapped,
    )


async def organisation_keys(tx: Tx, org_id: OrgId) -> list[OrganisationKeyRow]:
    """Every epoch of an organisation."""
    rows = await tx.all(
        "SELECT epoch, wrapped FROM keyring.organisation_key WHERE org_id = :org_id", org_id=org_id
    )
    return [OrganisationKeyRow(row["epoch"], row["wrapped"]) for row in rows]


async def conversation_keys(tx: Tx, ids: Sequence[ConversationId]) -> list[ConversationKeyRow]:
    """Every generation of the given conversations."""
    rows = await tx.fetch(
        """
        SELECT conversation_id, generation, epoch, wrapped
          FROM keyring.conversation_key WHERE conversation_id = ANY($1)
        """,
        list(ids),
    )
    return [ConversationKeyRow(*row) for row in rows]


_WRAPS = """
SELECT w.conversation_id, w.seq, w.bucket, w.ground, w.key_ref, w.wrapped
  FROM unnest($1::uuid[], $2::bigint[], $3::int[]) AS i(conversation_id, seq, bucket),
       -- OFFSET 0 keeps this one index probe per row: a hash join would read whole months.
       LATERAL (SELECT * FROM keyring.wrap k
                 WHERE k.conversation_id = i.conversation_id AND k.seq = i.seq
                   AND k.bucket = i.bucket AND k.ground = ANY($4) OFFSET 0) AS w
"""


async def wraps(tx: Tx, places: Sequence[tuple[UUID, int, int]], grounds: Sequence[Ground]) -> list[WrapRow]:
    """The wraps of the given (conversation, seq, bucket) for the given grounds."""
    if not places:
        return []
    ids, seqs, buckets = zip(*places, strict=True)
    rows = await tx.fetch(_WRAPS, ids, seqs, buckets, [int(ground) for ground in grounds])
    return [
        WrapRow(
            row["conversation_id"],
            row["seq"],
            row["bucket"],
            Ground(row["ground"]),
            row["key_ref"],
            row["wrapped"],
        )
        for row in rows
    ]


async def end_wraps(
    tx: Tx, conversation_id: ConversationId, seqs: Sequence[Seq], grounds: Sequence[Ground]
) -> int:
    """Delete wraps; gives how many there were. The bucket is not known here: each month is probed."""
    return await tx.run(
        """
        DELETE FROM keyring.wrap
         WHERE conversation_id = :conversation_id AND seq = ANY(:seqs) AND ground = ANY(:grounds)
        """,
        conversation_id=conversation_id,
        seqs=list(seqs),
        grounds=[int(ground) for ground in grounds],
    )


async def end_due(tx: Tx, ground: Ground, now: datetime) -> int:
    """Delete the wraps of one ground whose time has come."""
    return await tx.run(
        "DELETE FROM keyring.wrap WHERE ground = :ground AND due <= :now", ground=int(ground), now=now
    )


async def insert_wraps(tx: Tx, org_id: OrgId, rows: Sequence[WrapRow], due: datetime | None) -> None:
    """Store wraps for a further ground; one that exists already stays."""
    await tx.fetch(
        """
        INSERT INTO keyring.wrap (org_id, conversation_id, seq, bucket, ground, key_ref, wrapped, due)
        SELECT $1, u.*, $8
          FROM unnest($2::uuid[], $3::bigint[], $4::int[], $5::smallint[], $6::int[], $7::bytea[]) AS u
        ON CONFLICT DO NOTHING
        """,
        org_id,
        [row.conversation_id for row in rows],
        [row.seq for row in rows],
        [row.bucket for row in rows],
        [int(row.ground) for row in rows],
        [row.key_ref for row in rows],
        [row.wrapped for row in rows],
        due,
    )

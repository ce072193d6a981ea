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


@dataclass(frozen=True, slots=True)
class RootRow:
    """Which root key the database needs. ``key_id`` is None where it was never described."""

    check_value: bytes
    kind: str | None
    place: str | None
    key_id: str | None
    since: datetime | None


async def root_row(tx: Tx) -> RootRow | None:
    """The value that only the right root key opens, and what is known of that key; None on a new database."""
    row = await tx.one("SELECT check_value, kind, place, key_id, since FROM keyring.root_key")
    return None if row is None else RootRow(*row)


async def insert_root_check(tx: Tx, check_value: bytes) -> None:
    """Remember the root key of this database; the first one stays."""
    await tx.run(
        "INSERT INTO keyring.root_key (check_value) VALUES (:check_value) ON CONFLICT DO NOTHING",
        check_value=check_value,
    )


async def describe_root(tx: Tx, *, kind: str, place: str, key_id: str, since: datetime) -> None:
    """Say which root key it is; ``since`` is kept where it is known."""
    await tx.value(
        "SELECT keyring.replace_root_description(:kind, :place, :key_id, :since)",
        kind=kind,
        place=place,
        key_id=key_id,
        since=since,
    )


async def replace_root(tx: Tx, old_check: bytes, new: RootRow) -> None:
    """Exchange the check value and the description; fails when somebody else did so meanwhile."""
    await tx.value(
        "SELECT keyring.replace_root_check(:old, :new, :kind, :place, :key_id, :since)",
        old=old_check,
        new=new.check_value,
        kind=new.kind,
        place=new.place,
        key_id=new.key_id,
        since=new.since,
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


async def rewrap_organisation_keys(
    tx: Tx, org_id: OrgId, old: Sequence[OrganisationKeyRow], new: Sequence[OrganisationKeyRow]
) -> None:
    """Put every epoch under another root key; fails unless ``old`` is all there is."""
    await tx.fetch(
        "SELECT keyring.rewrap_organisation_keys($1, $2, $3, $4)",
        org_id,
        [row.epoch for row in old],
        [row.wrapped for row in old],
        [row.wrapped for row in new],
    )


async def insert_conversation_keys(
    tx: Tx, org_id: OrgId, rows: Sequence[ConversationKeyRow], made_at: datetime | None
) -> None:
    """Store generations and how far their conversations had got; an existing one stays."""
    await tx.fetch(
        """
        INSERT INTO keyring.conversation_key
               (org_id, conversation_id, generation, epoch, wrapped, made_at, first_seq)
        SELECT $1, u.conversation_id, u.generation, u.epoch, u.wrapped, coalesce($6, now()),
               coalesce((SELECT max(w.seq) FROM keyring.wrap w
                          WHERE w.conversation_id = u.conversation_id AND u.generation > 1), 0)
          FROM unnest($2::uuid[], $3::int[], $4::int[], $5::bytea[])
               AS u (conversation_id, generation, epoch, wrapped)
        ON CONFLICT DO NOTHING
        """,
        org_id,
        [row.conversation_id for row in rows],
        [row.generation for row in rows],
        [row.epoch for row in rows],
        [row.wrapped for row in rows],
        made_at,
    )


async def newest_generation(tx: Tx, conversation_id: ConversationId) -> int:
    """The number of the newest generation; 0 when there is none."""
    found = await tx.value(
        "SELECT max(generation) FROM keyring.conversation_key WHERE conversation_id = :id", id=conversation_id
    )
    return cast(int | None, found) or 0


async def count_conversation_keys(tx: Tx, org_id: OrgId) -> int:
    """How many generations the organisation's conversations have together."""
    found = await tx.value(
        "SELECT count(*) FROM keyring.conversation_key WHERE org_id = :org_id", org_id=org_id
    )
    return cast(int, found)


async def generations_since(
    tx: Tx, org_id: OrgId, since: datetime | None
) -> tuple[dict[ConversationId, int], datetime | None]:
    """Newest generations made after ``since`` (None: none of them), and when the newest of all was made."""
    rows = await tx.fetch(
        """
        SELECT conversation_id, max(generation) AS generation, max(made_at) AS made_at
          FROM keyring.conversation_key WHERE org_id = $1 AND made_at > $2 AND generation > 1
         GROUP BY conversation_id
        """,
        org_id,
        since,
    )
    latest = await tx.value(
        "SELECT max(made_at) FROM keyring.conversation_key WHERE org_id = :org_id", org_id=org_id
    )
    newest = {ConversationId(row["conversation_id"]): int(row["generation"]) for row in rows}
    return newest, cast(datetime | None, latest)


async def newest_epoch(tx: Tx, org_id: OrgId) -> int:
    """The number of the organisation's newest epoch; 0 when there is none."""
    found = await tx.value(
        "SELECT max(epoch) FROM keyring.organisation_key WHERE org_id = :org_id", org_id=org_id
    )
    return cast(int | None, found) or 0


@dataclass(frozen=True, slots=True)
class GenerationUse:
    """A conversation's newest generation and how much it has sealed, at most."""

    conversation_id: ConversationId
    generation: int
    made_at: datetime
    sealed: int


async def list_generation_use(
    tx: Tx, org_id: OrgId, *, after: ConversationId, limit: int
) -> list[GenerationUse]:
    """The next conversations in the order of their ids, each with one look into every month of its wraps."""
    rows = await tx.fetch(
        """
        SELECT k.conversation_id, k.generation, k.made_at, coalesce(top.seq - k.first_seq, 0) AS sealed
          FROM (SELECT DISTINCT ON (conversation_id) conversation_id, generation, made_at, first_seq
                  FROM keyring.conversation_key WHERE org_id = $1 AND conversation_id > $2
                 ORDER BY conversation_id, generation DESC LIMIT $3) AS k,
               LATERAL (SELECT max(w.seq) AS seq FROM keyring.wrap w
                         WHERE w.conversation_id = k.conversation_id) AS top
         ORDER BY k.conversation_id
        """,
        org_id,
        after,
        limit,
    )
    return [GenerationUse(*row) for row in rows]


async def lock_older_conversation_keys(
    tx: Tx, org_id: OrgId, epoch: int, *, limit: int
) -> list[ConversationKeyRow]:
    """Generations that are wrapped under an epoch before this one, in a fixed order."""
    rows = await tx.fetch(
        """
        SELECT conversation_id, generation, epoch, wrapped FROM keyring.conversation_key
         WHERE org_id = $1 AND epoch < $2
         ORDER BY epoch, conversation_id, generation LIMIT $3 FOR UPDATE SKIP LOCKED
        """,
        org_id,
        epoch,
        limit,
    )
    return [ConversationKeyRow(*row) for row in rows]


async def rewrap_conversation_keys(
    tx: Tx, org_id: OrgId, old: Sequence[ConversationKeyRow], new: Sequence[ConversationKeyRow], epoch: int
) -> int:
    """Exchange wraps for those under ``epoch``; gives how many had not moved on meanwhile."""
    rows = await tx.fetch(
        "SELECT keyring.rewrap_conversation_keys($1, $2, $3, $4, $5, $6)",
        org_id,
        [row.conversation_id for row in old],
        [row.generation for row in old],
        [row.wrapped for row in old],
        [row.wrapped for row in new],
        epoch,
    )
    return int(rows[0][0])


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

"""The only SQL of the transparency log."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast
from uuid import UUID

from amana.evidence.tlog.leaves import RecordRow, RoomHead
from amana.evidence.tlog.notes import Verifier
from amana.kernel.ids import ConversationId, OrgId
from amana.storage.database import Tx


@dataclass(frozen=True, slots=True)
class LogRow:
    """One log. ``private_key`` is sealed; ``prior`` is the final checkpoint of the log before."""

    log_no: int
    origin: str
    created_at: datetime
    public_key: bytes
    private_key: bytes
    prior: str | None

    @property
    def verifier(self) -> Verifier:
        """The key that checks what this log signs; raises ``ValueError`` on a damaged row."""
        return Verifier(self.origin, self.public_key)


@dataclass(frozen=True, slots=True)
class CheckpointRow:
    """What was signed for one size."""

    size: int
    root: bytes
    note: str
    at: datetime


@dataclass(frozen=True, slots=True)
class MovedRoom:
    """A conversation whose head is not where the log last saw it.

    Attributes:
        pseudonym: as in the log so far; None for a conversation that this log has not seen.
        logged: the seq that the log last saw; 0 for none.
    """

    conversation_id: ConversationId
    seq: int
    chain: bytes
    logged: int
    pseudonym: bytes | None


@dataclass(frozen=True, slots=True)
class LeafRow:
    """A leaf and, where it tells of one, the entry."""

    data: bytes
    entry_id: UUID | None = None


async def lock_logs(tx: Tx, org_id: OrgId) -> None:
    """Wait until nobody else writes to a log of this organisation. Read the newest one afterwards."""
    await tx.all(
        "SELECT log_no FROM evidence_log WHERE org_id = :org_id ORDER BY log_no FOR UPDATE", org_id=org_id
    )


async def newest_log(tx: Tx, org_id: OrgId) -> LogRow | None:
    """The log that is written to."""
    return await _log(tx, "WHERE org_id = :org_id ORDER BY log_no DESC LIMIT 1", org_id=org_id)


async def find_log(tx: Tx, org_id: OrgId, log_no: int) -> LogRow | None:
    """One log by its number."""
    return await _log(tx, "WHERE org_id = :org_id AND log_no = :log_no", org_id=org_id, log_no=log_no)


async def _log(tx: Tx, where: str, **params: object) -> LogRow | None:
    row = await tx.one(
        f"SELECT log_no, origin, created_at, public_key, private_key, prior FROM evidence_log {where}",  # noqa: S608  one of the two above
        **params,
    )
    return None if row is None else LogRow(*row)


async def insert_log(tx: Tx, org_id: OrgId, log: LogRow) -> None:
    """Begin a log; one of the same number stays."""
    await tx.run(
        """
        INSERT INTO evidence_log (org_id, log_no, origin, created_at, public_key, private_key, prior)
        VALUES (:org_id, :log_no, :origin, :created_at, :public_key, :private_key, :prior)
        ON CONFLICT DO NOTHING
        """,
        org_id=org_id,
        log_no=log.log_no,
        origin=log.origin,
        created_at=log.created_at,
        public_key=log.public_key,
        private_key=log.private_key,
        prior=log.prior,
    )


async def last_checkpoint(tx: Tx, org_id: OrgId, log_no: int) -> CheckpointRow | None:
    """The newest signed size; None before the first."""
    row = await tx.one(
        """
        SELECT size, root, note, at FROM evidence_checkpoint
         WHERE org_id = :org_id AND log_no = :log_no ORDER BY size DESC LIMIT 1
        """,
        org_id=org_id,
        log_no=log_no,
    )
    return None if row is None else CheckpointRow(*row)


async def insert_checkpoint(tx: Tx, org_id: OrgId, log_no: int, checkpoint: CheckpointRow) -> None:
    """Store what was signed. A second note for one size is refused by the key."""
    await tx.run(
        """
        INSERT INTO evidence_checkpoint (org_id, log_no, size, root, note, at)
        VALUES (:org_id, :log_no, :size, :root, :note, :at)
        """,
        org_id=org_id,
        log_no=log_no,
        size=checkpoint.size,
        root=checkpoint.root,
        note=checkpoint.note,
        at=checkpoint.at,
    )


async def leaf_count(tx: Tx, org_id: OrgId, log_no: int) -> int:
    """How many leaves the log claims: one more than the highest index."""
    found = await tx.value(
        "SELECT max(idx) + 1 FROM evidence_leaf WHERE org_id = :org_id AND log_no = :log_no",
        org_id=org_id,
        log_no=log_no,
    )
    return cast(int, found or 0)


async def leaves(tx: Tx, org_id: OrgId, log_no: int, *, start: int, end: int) -> list[bytes]:
    """The data of the leaves ``[start, end)``; fewer when some are missing."""
    rows = await tx.all(
        """
        SELECT data FROM evidence_leaf
         WHERE org_id = :org_id AND log_no = :log_no AND idx >= :start AND idx < :end ORDER BY idx
        """,
        org_id=org_id,
        log_no=log_no,
        start=start,
        end=end,
    )
    return [row["data"] for row in rows]


async def insert_leaves(
    tx: Tx, org_id: OrgId, log_no: int, *, start: int, at: datetime, rows: Sequence[LeafRow]
) -> None:
    """Append leaves from index ``start`` on."""
    await tx.fetch(
        """
        INSERT INTO evidence_leaf (org_id, log_no, idx, at, data, entry_id)
        SELECT $1, $2, $3 + u.place - 1, $4, u.data, u.entry_id
          FROM unnest($5::bytea[], $6::uuid[]) WITH ORDINALITY AS u (data, entry_id, place)
        """,
        org_id,
        log_no,
        start,
        at,
        [row.data for row in rows],
        [row.entry_id for row in rows],
    )


async def tiles(
    tx: Tx, org_id: OrgId, log_no: int, places: Sequence[tuple[int, int]]
) -> dict[tuple[int, int], bytes]:
    """The tiles at these (level, index); those that do not exist are left out."""
    if not places:
        return {}
    rows = await tx.fetch(
        """
        SELECT t.level, t.n, t.hashes
          FROM unnest($3::smallint[], $4::bigint[]) AS u (level, n)
          JOIN evidence_tile t ON t.org_id = $1 AND t.log_no = $2 AND t.level = u.level AND t.n = u.n
        """,
        org_id,
        log_no,
        [level for level, _ in places],
        [index for _, index in places],
    )
    return {(row["level"], row["n"]): row["hashes"] for row in rows}


async def store_tiles(tx: Tx, org_id: OrgId, log_no: int, grown: Mapping[tuple[int, int], bytes]) -> None:
    """Store new tiles and those that grew."""
    await tx.fetch(
        """
        INSERT INTO evidence_tile (org_id, log_no, level, n, hashes)
        SELECT $1, $2, u.* FROM unnest($3::smallint[], $4::bigint[], $5::bytea[]) AS u
        ON CONFLICT (org_id, log_no, level, n) DO UPDATE SET hashes = excluded.hashes
        """,
        org_id,
        log_no,
        [level for level, _ in grown],
        [index for _, index in grown],
        list(grown.values()),
    )


async def pending_entries(tx: Tx, org_id: OrgId, limit: int) -> list[RecordRow]:
    """Entries of the record that are no leaf yet, oldest first."""
    rows = await tx.all(
        """
        SELECT e.org_id, e.id, e.at, e.actor_id, e.action, e.subject, e.detail, e.blind
          FROM evidence_pending p JOIN evidence_entry e ON e.org_id = p.org_id AND e.id = p.entry_id
         WHERE p.org_id = :org_id ORDER BY p.entry_id LIMIT :limit
        """,
        org_id=org_id,
        limit=limit,
    )
    return [RecordRow(*row) for row in rows]


async def delete_pending(tx: Tx, org_id: OrgId, entry_ids: Sequence[UUID]) -> None:
    """These entries are leaves now."""
    await tx.run(
        "DELETE FROM evidence_pending WHERE org_id = :org_id AND entry_id = ANY(:ids)",
        org_id=org_id,
        ids=list(entry_ids),
    )


# One index probe for each conversation: a hash join would read all that was ever logged.
_MOVED = """
SELECT h.conversation_id, h.seq, h.chain, coalesce(l.seq, 0) AS logged, l.pseudonym
  FROM conversation_heads() h
  LEFT JOIN LATERAL (
       SELECT r.seq, r.pseudonym FROM evidence_room r
        WHERE r.org_id = $1 AND r.log_no = $2 AND r.conversation_id = h.conversation_id
        ORDER BY r.seq DESC LIMIT 1) l ON true
 WHERE l.seq IS DISTINCT FROM h.seq
"""


async def moved_rooms(tx: Tx, org_id: OrgId, log_no: int) -> list[MovedRoom]:
    """Every conversation whose head is not where this log last saw it."""
    return [MovedRoom(*row) for row in await tx.fetch(_MOVED, org_id, log_no)]


async def insert_rooms(
    tx: Tx, org_id: OrgId, log_no: int, index: int, heads: Mapping[ConversationId, RoomHead]
) -> None:
    """Keep what the leaf at ``index`` committed to."""
    await tx.fetch(
        """
        INSERT INTO evidence_room (org_id, log_no, idx, conversation_id, pseudonym, seq, chain)
        SELECT $1, $2, $3, u.* FROM unnest($4::uuid[], $5::bytea[], $6::bigint[], $7::bytea[]) AS u
        """,
        org_id,
        log_no,
        index,
        list(heads),
        [head.pseudonym for head in heads.values()],
        [head.seq for head in heads.values()],
        [head.chain for head in heads.values()],
    )


async def cosignature_lines(tx: Tx, org_id: OrgId, log_no: int, size: int) -> list[str]:
    """What witnesses added to the checkpoint of this size, in a steady order."""
    rows = await tx.all(
        """
        SELECT line FROM evidence_cosignature
         WHERE org_id = :org_id AND log_no = :log_no AND size = :size ORDER BY witness
        """,
        org_id=org_id,
        log_no=log_no,
        size=size,
    )
    return [row["line"] for row in rows]

"""A database as a source: a running server, or what a restored backup came up as. It changes nothing."""

from collections.abc import AsyncIterator, Callable, Sequence
from typing import TypeVar
from uuid import UUID

import asyncpg

from amana.events import verifying
from amana.evidence.tlog import leaves
from amana.evidence.verify.source import (
    PAGE,
    CheckpointRow,
    CosignatureRow,
    EventRow,
    HeadRow,
    LeafRow,
    LoggedChain,
    LogRow,
    Pages,
    RecordRow,
    RoomRow,
    SourceDamaged,
    TileRow,
)
from amana.kernel.ids import OrgId
from amana.storage.cursor import pages
from amana.storage.database import Tx

T = TypeVar("T")

_LOGS = "SELECT log_no, origin, public_key, prior FROM evidence_log WHERE org_id = :org_id ORDER BY log_no"
_POLICY = "SELECT policy FROM evidence_policy WHERE org_id = :org_id ORDER BY set_at DESC LIMIT 1"
_CHECKPOINTS = """
SELECT size, root, note FROM evidence_checkpoint WHERE org_id = $1 AND log_no = $2 ORDER BY size
"""
_COSIGNATURES = """
SELECT size, witness, line FROM evidence_cosignature WHERE org_id = $1 AND log_no = $2 ORDER BY size, witness
"""
_LEAVES = "SELECT idx, data, entry_id FROM evidence_leaf WHERE org_id = $1 AND log_no = $2 ORDER BY idx"
_TILES = "SELECT level, n, hashes FROM evidence_tile WHERE org_id = $1 AND log_no = $2 ORDER BY level, n"
_ROOMS = """
SELECT idx, conversation_id, pseudonym, seq, chain FROM evidence_room
 WHERE org_id = $1 AND log_no = $2 ORDER BY idx, pseudonym
"""
_RECORDS = """
SELECT e.org_id, e.id, e.at, e.actor_id, e.action, e.subject, e.detail, e.blind, l.log_no, l.idx,
       p.entry_id IS NOT NULL AS pending
  FROM evidence_entry e
  LEFT JOIN evidence_leaf l ON l.org_id = e.org_id AND l.entry_id = e.id
  LEFT JOIN evidence_pending p ON p.org_id = e.org_id AND p.entry_id = e.id
 WHERE e.org_id = $1 ORDER BY l.log_no, l.idx, e.id
"""
_LOGGED = """
SELECT conversation_id, seq, chain, log_no, idx FROM evidence_room
 WHERE org_id = $1 ORDER BY conversation_id, seq, log_no
"""
_NAMES = """
SELECT DISTINCT conversation_id, pseudonym FROM evidence_room WHERE org_id = $1 ORDER BY conversation_id
"""


class DatabaseSource:
    """Reads one organisation through one transaction.

    Args:
        tx: from ``Database.read``, so that everything is from one moment; stays open until the end.
        name: what this is, for people.
    """

    def __init__(self, tx: Tx, org_id: OrgId, name: str = "the database") -> None:
        self.tx = tx
        self.org_id = org_id
        self._name = name

    @property
    def name(self) -> str:
        return self._name

    async def logs(self) -> list[LogRow]:
        return [LogRow(*row) for row in await self.tx.all(_LOGS, org_id=self.org_id)]

    async def policy(self) -> str | None:
        found = await self.tx.value(_POLICY, org_id=self.org_id)
        return None if found is None else str(found)

    def checkpoints(self, log_no: int) -> Pages[CheckpointRow]:
        return self._of_log("checkpoints", _CHECKPOINTS, log_no, CheckpointRow)

    def cosignatures(self, log_no: int) -> Pages[CosignatureRow]:
        return self._of_log("cosignatures", _COSIGNATURES, log_no, CosignatureRow)

    def leaves(self, log_no: int) -> Pages[LeafRow]:
        return self._of_log("leaves", _LEAVES, log_no, LeafRow)

    def tiles(self, log_no: int) -> Pages[TileRow]:
        return self._of_log("tiles", _TILES, log_no, TileRow)

    def rooms(self, log_no: int) -> Pages[RoomRow]:
        return self._of_log("rooms", _ROOMS, log_no, RoomRow)

    def records(self) -> Pages[RecordRow]:
        return _made(pages(self.tx, "verified_records", _RECORDS, self.org_id, size=PAGE), _record)

    def logged_chains(self) -> Pages[LoggedChain]:
        return _made(
            pages(self.tx, "verified_chains", _LOGGED, self.org_id, size=PAGE), lambda row: LoggedChain(*row)
        )

    def heads(self) -> Pages[HeadRow]:
        return _made(verifying.heads(self.tx, size=PAGE), lambda row: HeadRow(*row))

    def events(self) -> Pages[EventRow]:
        return _made(verifying.leaves(self.tx, size=PAGE), lambda row: EventRow(*row))

    def names(self) -> Pages[tuple[UUID, bytes]]:
        """Room and pseudonym: every name that a log has for a room."""
        return _made(
            pages(self.tx, "verified_names", _NAMES, self.org_id, size=PAGE), lambda row: (row[0], row[1])
        )

    def _of_log(self, name: str, sql: str, log_no: int, shape: Callable[..., T]) -> Pages[T]:
        cursor = f"verified_{name}_{int(log_no)}"
        return _made(pages(self.tx, cursor, sql, self.org_id, log_no, size=PAGE), lambda row: shape(*row))


async def _made(
    found: AsyncIterator[list[asyncpg.Record]], shape: Callable[[asyncpg.Record], T]
) -> AsyncIterator[Sequence[T]]:
    try:
        async for rows in found:
            yield [shape(row) for row in rows]
    except (OverflowError, ValueError) as wrong:  # PostgreSQL can hold times that Python cannot
        raise SourceDamaged(f"a value in the database is out of range ({wrong}).") from wrong


def _record(row: asyncpg.Record) -> RecordRow:
    *stored, log_no, idx, pending = row
    return RecordRow(leaves.RecordRow(*stored), log_no, idx, pending)

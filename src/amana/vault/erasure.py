"""Ending grounds and the journal of it: no ground ends without its row in ``keyring.erasure``.

A wrap that is gone cannot be made again, so content without any ground is unreadable for ever, in this
database. An older copy of it still has the wrap: that is why a restore replays the journal.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from itertools import groupby
from typing import cast
from uuid import UUID

import asyncpg

from amana.kernel.clock import unix_ms
from amana.kernel.entropy import Entropy
from amana.kernel.ids import ConversationId, OrgId, Seq, UserId, uuid7
from amana.storage.database import Tx
from amana.vault import user_keys
from amana.vault.grounds import Ground

REPLAY_STEP = 500
"""Rows of the journal that are ended in one statement: each ends within the statement time limit."""


_END = """
DELETE FROM keyring.wrap WHERE conversation_id = $1 AND seq = ANY($2) AND ground = ANY($3) RETURNING seq
"""
_END_DUE = """
DELETE FROM keyring.wrap w USING (
    -- Every wrap has a row of its own in its month: the place of the row alone would be ambiguous.
    SELECT tableoid, ctid FROM keyring.wrap
     WHERE ground = $1 AND due <= $2 ORDER BY due LIMIT $3 FOR UPDATE SKIP LOCKED
) d WHERE w.tableoid = d.tableoid AND w.ctid = d.ctid RETURNING w.conversation_id, w.seq
"""
_INSERT = """
INSERT INTO keyring.erasure (org_id, id, at, conversation_id, seq_first, seq_last, grounds, cause)
SELECT $1, u.id, u.at, u.room, u.seq_first, u.seq_last, string_to_array(u.grounds, ',')::int[], u.cause
  FROM unnest($2::uuid[], $3::timestamptz[], $4::uuid[], $5::bigint[], $6::bigint[], $7::text[],
              $8::smallint[]) AS u (id, at, room, seq_first, seq_last, grounds, cause)
ON CONFLICT DO NOTHING RETURNING id
"""
_END_AGAIN = """
WITH gone AS (
    DELETE FROM keyring.wrap w USING keyring.erasure e
     WHERE e.conversation_id = ANY($1) AND e.id = ANY($2) AND w.conversation_id = e.conversation_id
       AND w.seq BETWEEN e.seq_first AND e.seq_last AND w.ground = ANY(e.grounds) RETURNING 1
) SELECT count(*) FROM gone
"""
_NEW = """
SELECT org_id, id, at, conversation_id, seq_first, seq_last, grounds, cause, txid FROM keyring.erasure
 WHERE org_id = $1 AND (txid, id) > ($2, $3)
   AND txid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
 ORDER BY txid, id LIMIT $4
"""


class Cause(IntEnum):
    """Why grounds ended. Numbers are stored: final once released."""

    CHANGED = 1
    """An edit or a removal: ``live`` ended, a trace may have been made."""
    TRACE_OVER = 2
    """The trace period was over."""
    RETENTION = 3
    """The room keeps messages for a certain time only."""
    PERSON = 4
    """A person was erased (GDPR Article 17): what they had written."""
    ACCOUNT = 5
    """A person was erased: the account and the person's own key. ``conversation_id`` is the person's id and
    no wrap belongs to it; the row tells a restored database, which has the name again, to erase it again."""


@dataclass(frozen=True, slots=True)
class Erasure:
    """One row of the journal: ``grounds`` of every place from ``seq_first`` to ``seq_last`` have ended."""

    org_id: OrgId
    id: UUID
    at: datetime
    conversation_id: ConversationId
    seq_first: Seq
    seq_last: Seq
    grounds: tuple[int, ...]
    cause: int


@dataclass(frozen=True, slots=True)
class Mark:
    """How far somebody has read the journal of one database. Without meaning in any other one."""

    txid: int
    id: UUID


BEGINNING = Mark(0, UUID(int=0))


async def end_grounds(
    tx: Tx,
    entropy: Entropy,
    conversation_id: ConversationId,
    seqs: Sequence[Seq],
    grounds: Iterable[Ground],
    *,
    cause: Cause,
    now: datetime,
) -> int:
    """Delete the wraps of these grounds and write the journal; gives how many there were."""
    ended = tuple(sorted({int(ground) for ground in grounds}))
    gone = await tx.fetch(_END, conversation_id, list(seqs), list(ended))
    places = {int(row["seq"]) for row in gone}
    ranges = [
        (conversation_id, first, last, ended)
        for first, last in runs(seqs)
        if not places.isdisjoint(range(first, last + 1))
    ]
    await _write(tx, entropy, ranges, cause=cause, now=now)
    return len(gone)


async def end_due(tx: Tx, entropy: Entropy, now: datetime, *, limit: int) -> int:
    """Delete at most ``limit`` traces that were due by ``now`` and write the journal; gives how many."""
    gone = await tx.fetch(_END_DUE, int(Ground.TRACE), now, limit)
    rooms = groupby(
        sorted((cast(UUID, row["conversation_id"]), int(row["seq"])) for row in gone),
        key=lambda place: place[0],
    )
    ranges = [
        (room, first, last, (int(Ground.TRACE),))
        for room, places in rooms
        for first, last in runs(Seq(seq) for _, seq in places)
    ]
    await _write(tx, entropy, ranges, cause=Cause.TRACE_OVER, now=now)
    return len(gone)


async def note_account(tx: Tx, entropy: Entropy, user_id: UserId, *, now: datetime) -> None:
    """End a person's own key and write into the journal that the account was erased, in one transaction."""
    place = (user_id, Seq(1), Seq(1), (int(Ground.LIVE),))
    await _write(tx, entropy, [place], cause=Cause.ACCOUNT, now=now)
    await user_keys.destroy(tx, [user_id])


async def erased_accounts(tx: Tx) -> frozenset[UserId]:
    """Everybody whose account the journal says was erased."""
    rows = await tx.fetch(
        "SELECT conversation_id FROM keyring.erasure WHERE cause = $1 AND org_id = $2",
        int(Cause.ACCOUNT),
        tx.org_id,
    )
    return frozenset(UserId(row["conversation_id"]) for row in rows)


async def count_wraps(tx: Tx, conversation_id: ConversationId, seqs: Sequence[Seq]) -> int:
    """How many wraps these places have, on whatever ground: what an erasure left."""
    rows = await tx.fetch(
        "SELECT count(*) FROM keyring.wrap WHERE conversation_id = $1 AND seq = ANY($2)",
        conversation_id,
        list(seqs),
    )
    return int(rows[0][0])


async def replay(tx: Tx, rows: Sequence[Erasure]) -> int:
    """End again what the journal says has ended; gives how many wraps there were still.

    A row that this database's journal holds already is passed over, so replaying twice changes nothing.
    That is more than thrift: after a restore to an earlier time places are given out anew, and an old row
    must not end the message that stands there now. So wraps and journal of a database always have to be
    from the same moment: whoever puts back ``keyring.wrap`` puts back ``keyring.erasure`` with it.

    Args:
        tx: a write transaction of the organisation that all the rows belong to. The statement time
            limit holds: give a few thousand rows at a time, and commit between them.
    """
    ended = 0
    for start in range(0, len(rows), REPLAY_STEP):
        step = rows[start : start + REPLAY_STEP]
        fresh = await _insert(tx, step)
        (gone,) = await tx.fetch(_END_AGAIN, list({row.conversation_id for row in step}), fresh)
        ended += int(gone[0])
        new = set(fresh)
        accounts = [row for row in step if row.cause == Cause.ACCOUNT and row.id in new]
        await user_keys.destroy(tx, [UserId(row.conversation_id) for row in accounts])
    return ended


async def journal_after(tx: Tx, mark: Mark, *, limit: int = 10_000) -> tuple[list[Erasure], Mark]:
    """What this organisation's journal got after ``mark``, oldest first, and the mark for the next call.

    Exact while others write: a row is given once no older transaction is left that could still commit,
    so nothing is missed. Fewer rows than ``limit`` mean that this is all there is at present. A lost
    mark costs repetition only; after a restore begin with ``BEGINNING`` again.
    """
    rows = await tx.fetch(_NEW, tx.org_id, mark.txid, mark.id, limit)
    if not rows:
        return [], mark
    return [_erasure(row) for row in rows], Mark(rows[-1]["txid"], rows[-1]["id"])


def runs(seqs: Iterable[Seq]) -> Iterator[tuple[Seq, Seq]]:
    """The ranges, both ends inclusive, that cover exactly these places."""
    first = last = None
    for seq in sorted(set(seqs)):
        if first is None or last is None:
            first = seq
        elif seq != last + 1:
            yield first, last
            first = seq
        last = seq
    if first is not None and last is not None:
        yield first, last


async def _write(
    tx: Tx,
    entropy: Entropy,
    ranges: Sequence[tuple[UUID, Seq, Seq, tuple[int, ...]]],
    *,
    cause: Cause,
    now: datetime,
) -> None:
    if not ranges:
        return
    if tx.org_id is None:
        raise RuntimeError("Grounds end inside of an organisation.")
    await _insert(
        tx,
        [
            Erasure(
                tx.org_id,
                uuid7(unix_ms(now), entropy.token_bytes(10)),
                now,
                ConversationId(room),
                first,
                last,
                grounds,
                cause,
            )
            for room, first, last, grounds in ranges
        ],
    )


async def _insert(tx: Tx, rows: Sequence[Erasure]) -> list[UUID]:
    """Store rows; gives the ids of those that were not there before."""
    fresh = await tx.fetch(
        _INSERT,
        tx.org_id,
        [row.id for row in rows],
        [row.at for row in rows],
        [row.conversation_id for row in rows],
        [row.seq_first for row in rows],
        [row.seq_last for row in rows],
        [",".join(map(str, row.grounds)) for row in rows],
        [int(row.cause) for row in rows],
    )
    return [row["id"] for row in fresh]


def _erasure(row: asyncpg.Record) -> Erasure:
    return Erasure(
        row["org_id"],
        row["id"],
        row["at"],
        row["conversation_id"],
        row["seq_first"],
        row["seq_last"],
        tuple(row["grounds"]),
        row["cause"],
    )

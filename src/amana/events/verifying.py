"""The SQL by which a verification reads the logs of all rooms, each in one order. It changes nothing."""

from collections.abc import AsyncIterator, Sequence

import asyncpg

from amana.events.model import StoredEvent
from amana.storage.cursor import pages
from amana.storage.database import Tx

_HEADS = "SELECT conversation_id, seq, chain FROM conversation_head ORDER BY conversation_id"
_LEAVES = """
SELECT conversation_id, seq, kind, ts / 60000 AS minute, commitment FROM event ORDER BY conversation_id, seq
"""
_STORED = """
SELECT org_id, conversation_id, seq, bucket, msg_no, kind, sender_id, device_id, client_id, target_seq,
       revision, ts, commitment, body
  FROM event ORDER BY conversation_id, seq
"""
_TARGETS = """
SELECT conversation_id, target_seq, max(seq) AS seq FROM event
 WHERE kind = ANY($1) AND target_seq IS NOT NULL
 GROUP BY conversation_id, target_seq ORDER BY conversation_id, target_seq
"""


def heads(tx: Tx, *, size: int) -> AsyncIterator[list[asyncpg.Record]]:
    """(conversation_id, seq, chain) by conversation."""
    return pages(tx, "verified_heads", _HEADS, size=size)


def leaves(tx: Tx, *, size: int) -> AsyncIterator[list[asyncpg.Record]]:
    """What chains cover, (conversation_id, seq, kind, minute, commitment), by conversation and seq."""
    return pages(tx, "verified_events", _LEAVES, size=size)


async def stored(tx: Tx, *, size: int) -> AsyncIterator[Sequence[StoredEvent]]:
    """Whole events, by conversation and seq."""
    async for rows in pages(tx, "verified_stored", _STORED, size=size):
        yield [StoredEvent(*row) for row in rows]


def last_changes(tx: Tx, kinds: Sequence[int], *, size: int) -> AsyncIterator[list[asyncpg.Record]]:
    """(conversation_id, target_seq, seq): the newest change of every entry that was changed, in order.

    Args:
        kinds: of the events that change another one.
    """
    return pages(tx, "verified_changes", _TARGETS, list(kinds), size=size)

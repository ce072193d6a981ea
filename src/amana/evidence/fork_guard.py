"""The fork guard: a log is signed again only where it goes on from its own last checkpoint."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from amana.evidence import log_queries as queries
from amana.evidence.log_queries import CheckpointRow, LogRow
from amana.evidence.tlog import growth, merkle, notes
from amana.evidence.tlog.notes import Checkpoint
from amana.evidence.tlog.tiles import TILE_WIDTH
from amana.kernel.ids import OrgId
from amana.storage.database import Tx


class Stop(StrEnum):
    """Why a log is not signed any more."""

    KEY = "key"
    """The signing key is not the one the log began with, or cannot be opened."""
    CHECKPOINT = "checkpoint"
    """The last checkpoint was changed: its signature or what is stored beside it does not hold."""
    BEHIND = "behind"
    """There is less than was signed already: the database was rolled back or leaves were deleted."""
    SURPLUS = "surplus"
    """There are leaves that nobody signed: something was inserted."""
    TREE = "tree"
    """Tiles or leaves do not give the signed root: one of them was changed."""


class LogStopped(Exception):
    """The log does not go on from its last checkpoint."""

    def __init__(self, why: Stop, message: str) -> None:
        super().__init__(message)
        self.why = why


@dataclass(frozen=True, slots=True)
class State:
    """The log with what a further leaf needs of its tree."""

    row: LogRow
    size: int
    root: bytes
    held: growth.Tiles


async def stored_state(tx: Tx, org_id: OrgId, row: LogRow) -> State:
    """The log as it is stored, after checking that this is what was signed last.

    Looks at the checkpoint, the number of leaves, the tiles that the root is made of and the newest
    leaves. ``amana verify`` looks at everything.

    Raises:
        LogStopped: it is not.
    """
    last = await queries.last_checkpoint(tx, org_id, row.log_no)
    count = await queries.leaf_count(tx, org_id, row.log_no)
    if last is None:
        if count:
            raise LogStopped(Stop.SURPLUS, f"The log has {count} leaves, and nothing was signed.")
        return State(row, 0, merkle.EMPTY_ROOT, {})
    size = last.size
    _check_note(row, last)
    if count < size:
        raise LogStopped(Stop.BEHIND, f"The log has {count} leaves, and {size} were signed.")
    if count > size:
        raise LogStopped(Stop.SURPLUS, f"The log has {count} leaves, and only {size} were signed.")
    held = await queries.tiles(tx, org_id, row.log_no, sorted(growth.frontier(size)))
    _check_root(last, held)
    start = max(0, size - 1) // TILE_WIDTH * TILE_WIDTH
    data = await queries.leaves(tx, org_id, row.log_no, start=start, end=size)
    _check_leaves(data, held, start=start, size=size)
    return State(row, size, last.root, held)


async def why_stopped(tx: Tx, org_id: OrgId) -> LogStopped | None:
    """Why the newest log would not be signed now, as far as the database tells; None when all is well.

    For those who look from outside of the process that signs. It cannot see the signing key.
    """
    row = await queries.newest_log(tx, org_id)
    if row is None:
        return None
    try:
        await stored_state(tx, org_id, row)
    except LogStopped as stop:
        return stop
    return None


def check_prior(old: LogRow, prior: str, *, at_least: int) -> None:
    """Check that ``prior`` is a checkpoint of this log and not older than the stored one.

    Raises:
        ValueError: it is not.
    """
    checkpoint = Checkpoint.parse(notes.open_note(prior, [old.verifier]).text)
    if checkpoint.origin != old.origin or checkpoint.size < at_least:
        raise ValueError("This is not the newest checkpoint of the log.")


def _check_note(row: LogRow, last: CheckpointRow) -> None:
    try:
        note = notes.open_note(last.note, [row.verifier])
        stated = Checkpoint.parse(note.text)
    except ValueError as wrong:
        raise LogStopped(Stop.CHECKPOINT, f"The last checkpoint does not hold: {wrong}") from wrong
    if stated != Checkpoint(row.origin, last.size, last.root):
        raise LogStopped(Stop.CHECKPOINT, "The last checkpoint says something else than its row.")


def _check_root(last: CheckpointRow, held: growth.Tiles) -> None:
    try:
        root = growth.root_at(last.size, held)
    except ValueError as wrong:
        raise LogStopped(Stop.TREE, str(wrong)) from wrong
    if root != last.root:
        raise LogStopped(Stop.TREE, f"The tiles do not give the root that was signed for size {last.size}.")


def _check_leaves(data: Sequence[bytes], held: growth.Tiles, *, start: int, size: int) -> None:
    """The newest leaves must be those in the last tile of the lowest level.

    That tile is one of those that gave the root, unless it is full: then its hash stands in the tile above.
    """
    hashes = [merkle.leaf_hash(leaf) for leaf in data]
    if len(hashes) != size - start:
        raise LogStopped(Stop.BEHIND, "One of the newest leaves is missing.")
    if size % TILE_WIDTH == 0:
        index = start // TILE_WIDTH
        place = index % TILE_WIDTH * merkle.HASH_BYTES
        found = held.get((1, index // TILE_WIDTH), b"")[place : place + merkle.HASH_BYTES]
        same = not found or found == merkle.root(hashes)
    else:
        same = b"".join(hashes) == held[0, start // TILE_WIDTH][: len(hashes) * merkle.HASH_BYTES]
    if not same:
        raise LogStopped(Stop.TREE, "One of the newest leaves is not the one that was signed.")

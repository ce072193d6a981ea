"""What the log shows to those who may see it: checkpoints, tiles, entries and proofs."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from amana.evidence import log_queries as queries
from amana.evidence.errors import NotInLog
from amana.evidence.log_queries import CheckpointRow, LogRow
from amana.evidence.tlog import merkle, tiles
from amana.evidence.tlog.notes import with_signatures
from amana.evidence.tlog.tiles import TILE_WIDTH, Tile
from amana.kernel.ids import OrgId
from amana.storage.database import Tx

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class LogStatus:
    """The newest log of an organisation; ``last`` is None before the first checkpoint."""

    log: LogRow
    last: CheckpointRow | None


async def status(tx: Tx, org_id: OrgId) -> LogStatus:
    """Where the newest log stands.

    Raises:
        NotInLog: there is no log yet.
    """
    log = await queries.newest_log(tx, org_id)
    if log is None:
        raise NotInLog("There is no log yet.")
    return LogStatus(log, await queries.last_checkpoint(tx, org_id, log.log_no))


async def checkpoint_note(tx: Tx, org_id: OrgId, log_no: int) -> str:
    """The newest checkpoint with the cosignatures it has so far.

    Raises:
        NotInLog: no such log, or nothing was signed yet.
    """
    last = await _last(tx, org_id, log_no)
    lines = await queries.cosignature_lines(tx, org_id, log_no, last.size)
    return with_signatures(last.note, lines)


async def read_tile(tx: Tx, org_id: OrgId, log_no: int, tile: Tile) -> bytes:
    """The bytes of a tile or bundle of entries, full or partial, within the signed tree.

    A partial one is also given when the whole has long been full: auditors follow old checkpoints.

    Raises:
        NotInLog: the signed tree has no such tile.
    """
    last = await _last(tx, org_id, log_no)
    if tiles.width_of(tile.level or 0, tile.index, last.size) < tile.width:
        raise NotInLog("The log has no such tile.")
    if tile.level is None:
        start = tile.index * TILE_WIDTH
        entries = await queries.leaves(tx, org_id, log_no, start=start, end=start + tile.width)
        return tiles.encode_entries(entries)
    place = (tile.level, tile.index)
    hashes = (await queries.tiles(tx, org_id, log_no, [place])).get(place, b"")
    return hashes[: tile.width * merkle.HASH_BYTES]


async def inclusion_proof(tx: Tx, org_id: OrgId, log_no: int, *, index: int, size: int) -> list[bytes]:
    """The proof that the leaf at ``index`` is in the tree of ``size`` leaves.

    Raises:
        ValueError: there is no such leaf, or the stored tiles are damaged.
    """
    return await _computed(tx, org_id, log_no, lambda nodes: merkle.inclusion_proof(index, size, nodes))


async def consistency_proof(tx: Tx, org_id: OrgId, log_no: int, *, old: int, new: int) -> list[bytes]:
    """The proof that the tree of ``old`` leaves is the beginning of that of ``new``.

    Raises:
        ValueError: ``old`` is larger, or the stored tiles are damaged.
    """
    return await _computed(tx, org_id, log_no, lambda nodes: merkle.consistency_proof(old, new, nodes))


async def _computed(tx: Tx, org_id: OrgId, log_no: int, compute: Callable[[merkle.Nodes], T]) -> T:
    """Run a computation on the stored tree; its tiles are read at once."""
    held = await queries.tiles(tx, org_id, log_no, sorted(tiles.tiles_read(compute)))
    return compute(tiles.nodes_from(lambda level, index: held.get((level, index), b"")))


async def _last(tx: Tx, org_id: OrgId, log_no: int) -> CheckpointRow:
    last = await queries.last_checkpoint(tx, org_id, log_no)
    if last is None:
        raise NotInLog("There is no such log, or it has no checkpoint yet.")
    return last

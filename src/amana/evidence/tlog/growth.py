"""Growing a tree that is stored in tiles. Pure.

Only the last tile of each level is touched, so appending costs the same however large the tree is.
"""

from collections.abc import Mapping, Sequence

from amana.evidence.tlog import merkle
from amana.evidence.tlog.tiles import TILE_HEIGHT, TILE_WIDTH, nodes_from, split_hashes, tiles_read

Tiles = Mapping[tuple[int, int], bytes]


def frontier(size: int) -> set[tuple[int, int]]:
    """(level, index) of the tiles from which the root at ``size`` is computed and the tree grows."""
    return tiles_read(lambda nodes: merkle.root_at(size, nodes))


def root_at(size: int, held: Tiles) -> bytes:
    """The root at ``size``, from the tiles of its frontier.

    Raises:
        ValueError: a tile is missing or too short.
    """

    def read(level: int, index: int) -> bytes:
        hashes = held.get((level, index))
        if hashes is None:
            raise ValueError(f"Tile {level}/{index} is missing.")
        return hashes

    return merkle.root_at(size, nodes_from(read))


def grown(size: int, held: Tiles, leaf_hashes: Sequence[bytes]) -> dict[tuple[int, int], bytes]:
    """The tiles that are new or longer once ``leaf_hashes`` are appended.

    Args:
        held: at least the tiles of ``frontier(size)``, which are those that are not full.
    """
    changed: dict[tuple[int, int], bytes] = {}
    level, fresh = 0, list(leaf_hashes)
    while fresh:
        place = size >> TILE_HEIGHT * level
        rising: list[bytes] = []
        while fresh:
            index, width = divmod(place, TILE_WIDTH)
            taken, fresh = fresh[: TILE_WIDTH - width], fresh[TILE_WIDTH - width :]
            start = held[level, index][: width * merkle.HASH_BYTES] if width else b""
            tile = changed[level, index] = start + b"".join(taken)
            place += len(taken)
            if place % TILE_WIDTH == 0:
                rising.append(merkle.root(split_hashes(tile)))
        level, fresh = level + 1, rising
    return changed

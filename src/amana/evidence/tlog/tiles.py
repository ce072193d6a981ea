"""Tiles and entry bundles of c2sp.org/tlog-tiles: where a hash is stored and what a path means. Pure.

A tile of level ``L`` holds up to 256 hashes of complete subtrees over ``256**L`` leaves each. The last
of a level may be partial; an empty one does not exist.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from struct import Struct

from amana.evidence.tlog.merkle import HASH_BYTES, Nodes, node_hash

TILE_WIDTH = 256
TILE_HEIGHT = 8
MAX_LEVEL = 63
MAX_ENTRY_BYTES = 0xFFFF

_LENGTH = Struct(">H")
_INDEX = re.compile(r"(?:x[0-9]{3}/)*[0-9]{3}")
_PLACE = re.compile(
    r"(?P<level>0|[1-9][0-9]?|entries)/(?P<index>(?:x[0-9]{3}/)*[0-9]{3})(?:\.p/(?P<width>[1-9][0-9]{0,2}))?"
)


@dataclass(frozen=True, slots=True)
class Tile:
    """One tile, or one bundle of entries.

    Attributes:
        level: 0 to 63; None for a bundle of entries.
        index: place within the level.
        width: hashes or entries in it, 1 to 256; 256 is a full one.
    """

    level: int | None
    index: int
    width: int = TILE_WIDTH

    @property
    def path(self) -> str:
        """The path below ``tile/``: ``0/x001/234.p/5``."""
        level = "entries" if self.level is None else str(self.level)
        partial = "" if self.width == TILE_WIDTH else f".p/{self.width}"
        return f"{level}/{index_path(self.index)}{partial}"


def parse_path(path: str) -> Tile:
    """What a path below ``tile/`` asks for. Only the one right spelling is a path."""
    found = _PLACE.fullmatch(path)
    if found is None:
        raise ValueError("This is not the path of a tile.")
    level = None if found["level"] == "entries" else int(found["level"])
    width = int(found["width"]) if found["width"] else TILE_WIDTH
    tile = Tile(level, parse_index(found["index"]), width)
    if tile.path != path or width > TILE_WIDTH or (level is not None and level > MAX_LEVEL):
        raise ValueError("This is not the path of a tile.")
    return tile


def index_path(index: int) -> str:
    """``1234067`` → ``x001/x234/067``."""
    if index < 0:
        raise ValueError("A tile has no negative index.")
    parts = [f"{index % 1000:03d}"]
    while index := index // 1000:
        parts.append(f"x{index % 1000:03d}")
    return "/".join(reversed(parts))


def parse_index(text: str) -> int:
    """The inverse of ``index_path``."""
    if _INDEX.fullmatch(text) is None or len(text) > 35:
        raise ValueError("This is not the index of a tile.")
    index = int("".join(part[-3:] for part in text.split("/")))
    if index_path(index) != text:
        raise ValueError("This is not the index of a tile.")
    return index


def width_of(level: int, index: int, size: int) -> int:
    """How many hashes tile ``index`` of ``level`` holds in a tree of ``size`` leaves; 0 for none."""
    return max(0, min(TILE_WIDTH, (size >> TILE_HEIGHT * level) - index * TILE_WIDTH))


def tiles_of(size: int) -> Iterator[Tile]:
    """Every tile of a tree of ``size`` leaves, level by level."""
    for level in range(MAX_LEVEL + 1):
        hashes = size >> TILE_HEIGHT * level
        if not hashes:
            return
        for index in range(-(-hashes // TILE_WIDTH)):
            yield Tile(level, index, width_of(level, index, size))


def place_of(height: int, index: int) -> tuple[int, int, int, int]:
    """Where the node (height, index) is made from: level, tile index, first hash in it, how many."""
    level, rest = divmod(height, TILE_HEIGHT)
    first = index << rest
    return level, first // TILE_WIDTH, first % TILE_WIDTH, 1 << rest


def nodes_from(read: Callable[[int, int], bytes]) -> Nodes:
    """The nodes of a tree that is stored in tiles.

    Args:
        read: (level, index) → the tile's hashes, one after the other; it may raise ``ValueError``.
    """

    def node(height: int, index: int) -> bytes:
        level, tile, first, count = place_of(height, index)
        hashes = split_hashes(read(level, tile)[first * HASH_BYTES : (first + count) * HASH_BYTES])
        if len(hashes) != count:
            raise ValueError(f"Tile {level}/{index_path(tile)} is too short.")
        while len(hashes) > 1:
            hashes = [node_hash(*pair) for pair in zip(hashes[::2], hashes[1::2], strict=True)]
        return hashes[0]

    return node


def tiles_read(compute: Callable[[Nodes], object]) -> set[tuple[int, int]]:
    """The (level, index) of every tile that ``compute`` will read, so that they can be fetched at once."""
    wanted: set[tuple[int, int]] = set()

    def note(height: int, index: int) -> bytes:
        level, tile, _, _ = place_of(height, index)
        wanted.add((level, tile))
        return bytes(HASH_BYTES)

    compute(note)
    return wanted


def split_hashes(hashes: bytes) -> list[bytes]:
    """A tile's content as single hashes."""
    if len(hashes) % HASH_BYTES:
        raise ValueError("A tile is cut off within a hash.")
    return [hashes[place : place + HASH_BYTES] for place in range(0, len(hashes), HASH_BYTES)]


def encode_entries(entries: Sequence[bytes]) -> bytes:
    """An entry bundle: each entry after its length as big-endian u16."""
    if any(len(entry) > MAX_ENTRY_BYTES for entry in entries):
        raise ValueError("A log entry has at most 65,535 bytes.")
    return b"".join(_LENGTH.pack(len(entry)) + entry for entry in entries)


def decode_entries(bundle: bytes) -> list[bytes]:
    """The inverse of ``encode_entries``."""
    entries: list[bytes] = []
    place = 0
    while place < len(bundle):
        start = place + _LENGTH.size
        if start > len(bundle):
            raise ValueError("The entry bundle is cut off.")
        place = start + _LENGTH.unpack_from(bundle, place)[0]
        if place > len(bundle):
            raise ValueError("The entry bundle is cut off.")
        entries.append(bundle[start:place])
    return entries

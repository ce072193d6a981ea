"""The tree of a log while its leaves pass by: its root at every size and what every tile must hold."""

from amana.evidence.tlog.merkle import EMPTY_ROOT, HASH_BYTES, leaf_hash, node_hash
from amana.evidence.tlog.tiles import TILE_HEIGHT, TILE_WIDTH

TILE_BYTES = TILE_WIDTH * HASH_BYTES


class GrowingTree:
    """Takes leaves in order and keeps a few dozen hashes, and those of the tiles above the lowest level.

    The lowest level is handed out tile by tile, so a log of any length fits into memory: what is kept
    of the upper levels is a 256th of it.
    """

    def __init__(self) -> None:
        self.size = 0
        self._peaks: list[bytes] = []
        self._lowest = bytearray()
        self._upper: list[bytearray] = []

    def add(self, data: bytes) -> bytes:
        """Take the next leaf; gives its hash."""
        leaf = value = leaf_hash(data)
        self._lowest += leaf
        number, height = self.size, 0
        while number & 1:
            value = node_hash(self._peaks.pop(), value)
            number >>= 1
            height += 1
            if height % TILE_HEIGHT == 0:
                self._keep(height // TILE_HEIGHT, value)
        self._peaks.append(value)
        self.size += 1
        return leaf

    def _keep(self, level: int, value: bytes) -> None:
        if level > len(self._upper):
            self._upper.append(bytearray())
        self._upper[level - 1] += value

    @property
    def root(self) -> bytes:
        """The root over the leaves so far (RFC 6962 §2.1)."""
        if not self._peaks:
            return EMPTY_ROOT
        value = self._peaks[-1]
        for peak in reversed(self._peaks[:-1]):
            value = node_hash(peak, value)
        return value

    @property
    def tile_is_full(self) -> bool:
        """Whether ``take_tile`` has a whole tile of the lowest level."""
        return len(self._lowest) == TILE_BYTES

    def take_tile(self) -> bytes:
        """The hashes of the lowest level since the last call."""
        hashes = bytes(self._lowest)
        self._lowest.clear()
        return hashes

    def upper_tiles(self) -> dict[tuple[int, int], bytes]:
        """(level, place) → hashes, for every tile above the lowest level."""
        return {
            (level, start // TILE_BYTES): bytes(hashes[start : start + TILE_BYTES])
            for level, hashes in enumerate(self._upper, 1)
            for start in range(0, len(hashes), TILE_BYTES)
        }

"""An evidence export as a source: everything can be checked but the content, on any computer."""

from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import msgspec

from amana.evidence.tlog.tiles import TILE_WIDTH, Tile, decode_entries
from amana.evidence.verify import files
from amana.evidence.verify.files import About, Reader, of_log
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

T = TypeVar("T")
MAX_TILES = 1 << 24


class ExportSource:
    """Reads what ``export.write`` wrote, from a folder or a zip file."""

    def __init__(self, path: Path) -> None:
        """Open it.

        Raises:
            SourceDamaged: it is no export.
        """
        self._files = Reader(path)
        try:
            self.about = msgspec.json.decode(self._files.read(files.ABOUT), type=About)
        except (msgspec.DecodeError, ValueError) as wrong:
            raise SourceDamaged(f"{files.ABOUT} has another form: {wrong}.") from wrong
        if self.about.format != files.FORMAT:
            raise SourceDamaged(f"{files.ABOUT} names a format that this build does not know.")

    @property
    def name(self) -> str:
        return f"the export {self._files.path.name} of {self.about.created}"

    async def logs(self) -> list[LogRow]:
        return sorted(self.about.logs, key=lambda log: log.log_no)

    async def policy(self) -> str | None:
        return self.about.policy

    def checkpoints(self, log_no: int) -> Pages[CheckpointRow]:
        return self._rows(of_log(log_no, "checkpoints.jsonl"), CheckpointRow)

    def cosignatures(self, log_no: int) -> Pages[CosignatureRow]:
        return self._rows(of_log(log_no, "cosignatures.jsonl"), CosignatureRow)

    def leaves(self, log_no: int) -> Pages[LeafRow]:
        return _pages(self._leaves(log_no))

    def tiles(self, log_no: int) -> Pages[TileRow]:
        return _pages(self._tiles(log_no))

    def rooms(self, log_no: int) -> Pages[RoomRow]:
        return self._rows(of_log(log_no, "rooms.jsonl"), RoomRow)

    def records(self) -> Pages[RecordRow]:
        return self._rows(files.RECORD, RecordRow)

    def logged_chains(self) -> Pages[LoggedChain]:
        return self._rows(files.CHAINS, LoggedChain)

    def heads(self) -> Pages[HeadRow]:
        return self._rows(files.HEADS, HeadRow)

    def events(self) -> Pages[EventRow]:
        return self._rows(files.EVENTS, EventRow)

    def _rows(self, name: str, shape: type[T]) -> Pages[T]:
        return _pages(self._files.rows(name, shape, size=PAGE))

    def _leaves(self, log_no: int) -> Iterator[Sequence[LeafRow]]:
        index = 0
        for data in self._bundles(log_no, None):
            try:
                entries = decode_entries(data)
            except ValueError as wrong:
                raise SourceDamaged(f"The leaves of log {log_no} from {index} on: {wrong}") from wrong
            yield [LeafRow(index + place, entry, None) for place, entry in enumerate(entries)]
            index += len(entries)

    def _tiles(self, log_no: int) -> Iterator[Sequence[TileRow]]:
        for level in range(8):
            for n, hashes in enumerate(self._bundles(log_no, level)):
                yield [TileRow(level, n, hashes)]

    def _bundles(self, log_no: int, level: int | None) -> Iterator[bytes]:
        """The files of one level in order, the last one possibly a partial one."""
        for n in range(MAX_TILES):
            full = of_log(log_no, f"tile/{Tile(level, n).path}")
            if self._files.has(full):
                yield self._files.read(full)
                continue
            for width in range(TILE_WIDTH - 1, 0, -1):
                partial = of_log(log_no, f"tile/{Tile(level, n, width).path}")
                if self._files.has(partial):
                    yield self._files.read(partial)
                    break
            return


async def _pages(found: Iterator[Sequence[T]]) -> AsyncIterator[Sequence[T]]:
    for page in found:
        yield page

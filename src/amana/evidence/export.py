"""Writes the evidence of an organisation for somebody outside: no content, no key. See ``verify.files``."""

import zipfile
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import msgspec

from amana.evidence.tlog.merkle import HASH_BYTES
from amana.evidence.tlog.notes import with_signatures
from amana.evidence.tlog.tiles import TILE_WIDTH, Tile, encode_entries
from amana.evidence.verify import files
from amana.evidence.verify.files import About, FolderWriter, Writer, ZipWriter, of_log
from amana.evidence.verify.source import CheckpointRow, CosignatureRow, LeafRow, Source, Walk
from amana.evidence.verify.steps import Silent, Steps
from amana.kernel.ids import OrgId

T = TypeVar("T")
_encode = msgspec.json.Encoder().encode


class ExportExists(Exception):
    """There is something at that place already."""


async def write(
    source: Source, org_id: OrgId, path: Path, *, now: datetime, steps: Steps | None = None
) -> None:
    """Write an export; a name that ends in ``.zip`` becomes a zip file, any other one a folder.

    Raises:
        ExportExists: nothing is overwritten.
    """
    with _writer(path) as writer:
        await _write(source, org_id, writer, now, steps or Silent())


@contextmanager
def _writer(path: Path) -> Iterator[Writer]:
    if path.is_file() or (path.is_dir() and any(path.iterdir())):
        raise ExportExists(str(path))
    if path.suffix != ".zip":
        yield FolderWriter(path)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "x", zipfile.ZIP_DEFLATED) as archive:
        yield ZipWriter(archive)


async def _write(source: Source, org_id: OrgId, writer: Writer, now: datetime, steps: Steps) -> None:
    logs = await source.logs()
    for log in logs:
        await _write_log(source, log.log_no, writer, steps)
    await _write_rows(writer, files.RECORD, source.records(), steps)
    await _write_rows(writer, files.HEADS, source.heads(), steps)
    await _write_rows(writer, files.CHAINS, source.logged_chains(), steps)
    await _write_rows(writer, files.EVENTS, source.events(), steps)
    created = now.astimezone(UTC).isoformat(timespec="seconds")
    # Last: an export that was broken off has no first page.
    about = About(files.FORMAT, org_id, created, logs, await source.policy())
    with writer.file(files.ABOUT) as file:
        file.write(msgspec.json.format(_encode(about), indent=1) + b"\n")


async def _write_log(source: Source, log_no: int, writer: Writer, steps: Steps) -> None:
    await _write_entries(source, log_no, writer, steps)
    async for page in source.tiles(log_no):
        for tile in page:
            width = len(tile.hashes) // HASH_BYTES
            place = Tile(tile.level, tile.n, max(1, min(width, TILE_WIDTH)))
            with writer.file(of_log(log_no, f"tile/{place.path}")) as file:
                file.write(tile.hashes)
    await _write_rows(writer, of_log(log_no, "checkpoints.jsonl"), source.checkpoints(log_no), steps)
    await _write_rows(writer, of_log(log_no, "cosignatures.jsonl"), source.cosignatures(log_no), steps)
    await _write_rows(writer, of_log(log_no, "rooms.jsonl"), source.rooms(log_no), steps)
    note = await _newest(source, log_no)
    if note is not None:
        with writer.file(of_log(log_no, "checkpoint")) as file:
            file.write(note.encode())


async def _write_entries(source: Source, log_no: int, writer: Writer, steps: Steps) -> None:
    bundle: list[bytes] = []
    number = 0
    walk: Walk[LeafRow] = Walk(source.leaves(log_no))
    while True:
        leaf = await walk.take()
        if leaf is not None:
            bundle.append(leaf.data)
        if len(bundle) == TILE_WIDTH or (leaf is None and bundle):
            place = Tile(None, number, len(bundle))
            with writer.file(of_log(log_no, f"tile/{place.path}")) as file:
                file.write(encode_entries(bundle))
            steps.advance(len(bundle))
            bundle, number = [], number + 1
        if leaf is None:
            return


async def _newest(source: Source, log_no: int) -> str | None:
    """The newest checkpoint with every cosignature of its size, as a monitor wants it."""
    newest: CheckpointRow | None = None
    async for page in source.checkpoints(log_no):
        newest = page[-1]
    if newest is None:
        return None
    lines: list[str] = []
    async for cosignatures in source.cosignatures(log_no):
        lines += _lines_of(cosignatures, newest.size)
    return with_signatures(newest.note, lines)


def _lines_of(rows: Iterable[CosignatureRow], size: int) -> list[str]:
    return [row.line for row in rows if row.size == size]


async def _write_rows(writer: Writer, name: str, pages: AsyncIterator[Sequence[T]], steps: Steps) -> None:
    with writer.file(name) as file:
        async for page in pages:
            file.write(b"".join(_encode(row) + b"\n" for row in page))
            steps.advance(len(page))

"""The names and lines of an evidence export, and reading and writing them in a folder or a zip file.

::

    amana-evidence.json            format, organisation, when, the logs with their keys, the witness policy
    log/<n>/checkpoint             the newest checkpoint with every cosignature            C2SP tlog-tiles
    log/<n>/tile/<L>/<N>[.p/<W>]   hashes                                                  C2SP tlog-tiles
    log/<n>/tile/entries/…         leaves                                                  C2SP tlog-tiles
    log/<n>/checkpoints.jsonl      every signed state            one row of ``source`` a line, bytes in base64
    log/<n>/cosignatures.jsonl     what witnesses added
    log/<n>/rooms.jsonl            what each leaf about rooms was made over
    record.jsonl                   the administrative record, details sealed, and which leaf is whose
    rooms/heads.jsonl              newest place and chain value of each room
    rooms/chains.jsonl             chain values of each room that the log knows
    rooms/events.jsonl             what the chains cover: kind, place, minute, commitment

No content and no key is in it. It does say who did what in the administration, and how much was written in
which room in which minute.
"""

import io
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import BinaryIO, Protocol, TypeVar, cast
from uuid import UUID

import msgspec

from amana.evidence.verify.source import LogRow, SourceDamaged

FORMAT = "amana/evidence-export/v1"
ABOUT = "amana-evidence.json"
RECORD = "record.jsonl"
HEADS = "rooms/heads.jsonl"
CHAINS = "rooms/chains.jsonl"
EVENTS = "rooms/events.jsonl"
MAX_LINE_BYTES = 4 << 20
MAX_FILE_BYTES = 64 << 20

T = TypeVar("T")


class About(msgspec.Struct, frozen=True):
    """The first file of an export."""

    format: str
    org_id: UUID
    created: str
    logs: list[LogRow]
    policy: str | None


def of_log(log_no: int, name: str) -> str:
    """The name of a file of one log."""
    return f"log/{log_no}/{name}"


class Writer(Protocol):
    """Where an export goes, file by file."""

    def file(self, name: str) -> AbstractContextManager[BinaryIO]:
        """A new file."""


class FolderWriter:
    """Writes into a folder that must be new or empty."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextmanager
    def file(self, name: str) -> Iterator[BinaryIO]:
        path = self._folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as file:
            yield file


class ZipWriter:
    """Writes into a zip file."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive

    @contextmanager
    def file(self, name: str) -> Iterator[BinaryIO]:
        with self._archive.open(name, "w", force_zip64=True) as file:
            yield cast(BinaryIO, file)


class Reader:
    """Reads an export from a folder or a zip file. Every failure is ``SourceDamaged``."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._archive: zipfile.ZipFile | None = None
        if path.is_file():
            try:
                self._archive = zipfile.ZipFile(path)
            except (zipfile.BadZipFile, OSError) as wrong:
                raise SourceDamaged(f"{path.name} is no zip file: {wrong}.") from wrong

    def has(self, name: str) -> bool:
        """Whether there is such a file."""
        if self._archive is not None:
            return name in self._archive.NameToInfo
        return (self.path / name).is_file()

    def read(self, name: str) -> bytes:
        """A whole, small file."""
        with self._open(name) as file:
            data = file.read(MAX_FILE_BYTES + 1)
        if len(data) > MAX_FILE_BYTES:
            raise SourceDamaged(f"{name} is too large.")
        return data

    def rows(self, name: str, shape: type[T], *, size: int) -> Iterator[Sequence[T]]:
        """The lines of a file in pages."""
        decode = msgspec.json.Decoder(shape).decode
        page: list[T] = []
        with self._open(name) as file:
            for number, line in enumerate(_lines(file, name), 1):
                try:
                    page.append(decode(line))
                except (msgspec.DecodeError, ValueError) as wrong:
                    raise SourceDamaged(f"Line {number} of {name} has another form: {wrong}.") from wrong
                if len(page) >= size:
                    yield page
                    page = []
        if page:
            yield page

    @contextmanager
    def _open(self, name: str) -> Iterator[BinaryIO]:
        try:
            with self._opened(name) as file:
                yield file
        except KeyError as missing:
            raise SourceDamaged(f"The file {name} is missing.") from missing
        except (OSError, zipfile.BadZipFile, EOFError) as wrong:
            raise SourceDamaged(f"The file {name} cannot be read: {wrong}.") from wrong

    def _opened(self, name: str) -> AbstractContextManager[BinaryIO]:
        if self._archive is not None:
            return cast(BinaryIO, io.BufferedReader(cast(io.RawIOBase, self._archive.open(name))))
        return (self.path / name).open("rb")


def _lines(file: BinaryIO, name: str) -> Iterator[bytes]:
    while line := file.readline(MAX_LINE_BYTES):
        if not line.endswith(b"\n"):
            raise SourceDamaged(f"{name} is cut off.")
        yield line

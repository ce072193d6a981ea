"""Compares a base with its manifest while it streams by: nothing has to be unpacked to be sure.

The tar is what ``pg_basebackup --pgdata=- --format=tar`` writes: ustar headers, one folder, the file
``backup_manifest`` last. The manifest is described in PostgreSQL's chapter "Backup Manifest Format".
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from amana.backup.errors import BaseFailed

BLOCK_BYTES = 512
MANIFEST = "backup_manifest"
# Some hundred bytes a file; a database of a million files has other troubles.
MAX_MANIFEST_BYTES = 256 << 20


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a base says about itself.

    Attributes:
        data: the manifest's own bytes.
        start_lsn: ``0/3000028``.
        files: how many were compared.
    """

    data: bytes
    timeline: int
    start_lsn: str
    end_lsn: str
    files: int


class TarCheck:
    """Hashes the files of one tar as its bytes pass."""

    def __init__(self) -> None:
        self._rest = b""
        self._file: str | None = None
        self._left = 0
        self._padding = 0
        self._hash = hashlib.sha256()
        self._found: dict[str, tuple[int, str]] = {}
        self._size = 0
        self._manifest = bytearray()
        self._ended = False
        self.size_bytes = 0

    def passing(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """Give every chunk on, and at the end raise if it was not the whole.

        Raises:
            BaseFailed: cut short, or a file is not what the manifest says.
        """
        for chunk in chunks:
            self.size_bytes += len(chunk)
            self._feed(chunk)
            yield chunk
        self.manifest()

    def manifest(self) -> Manifest:
        """The manifest, compared with every file that passed.

        Raises:
            BaseFailed: as for ``passing``.
        """
        if not self._ended or not self._manifest:
            raise BaseFailed("The copy of the database ended too early.")
        data = bytes(self._manifest)
        parsed = _parse(data)
        files = {_path_of(entry): entry for entry in parsed["Files"]}
        if missing := sorted(set(files) - set(self._found)):
            raise BaseFailed(f"The copy of the database lacks {missing[0]}.")
        for path, (size_bytes, sha256) in self._found.items():
            wanted = files.get(path)
            if wanted is None or (wanted["Size"], wanted["Checksum"]) != (size_bytes, sha256):
                raise BaseFailed(f"The copy of the database holds another {path} than its manifest says.")
        ranges = parsed["WAL-Ranges"]
        if len(ranges) != 1:
            raise BaseFailed("The copy of the database was taken over a change of the server.")
        one = ranges[0]
        return Manifest(data, int(one["Timeline"]), one["Start-LSN"], one["End-LSN"], len(files))

    def _feed(self, chunk: bytes) -> None:
        data = memoryview(self._rest + chunk if self._rest else chunk)
        self._rest = b""
        while data and not self._ended:
            if self._left:
                data = self._take_content(data)
            elif self._padding:
                skipped = min(self._padding, len(data))
                self._padding -= skipped
                data = data[skipped:]
            elif len(data) < BLOCK_BYTES:
                self._rest = bytes(data)
                return
            else:
                self._begin(bytes(data[:BLOCK_BYTES]))
                data = data[BLOCK_BYTES:]

    def _take_content(self, data: memoryview) -> memoryview:
        part, rest = data[: self._left], data[self._left :]
        self._left -= len(part)
        if self._file == MANIFEST:
            self._manifest += part
            if len(self._manifest) > MAX_MANIFEST_BYTES:
                raise BaseFailed("The manifest of the copy is too large to be one.")
        elif self._file is not None:
            self._hash.update(part)
        if not self._left:
            self._finish()
        return rest

    def _begin(self, header: bytes) -> None:
        if not any(header):
            self._ended = True
            return
        name = _text(header[0:100])
        prefix = _text(header[345:500])
        self._size = self._left = _number(header[124:136])
        self._padding = -self._size % BLOCK_BYTES
        self._file = f"{prefix}/{name}" if prefix else name
        if header[156:157] not in {b"0", b"\0"}:
            self._file = None  # folders and links have no content and no entry
        self._hash = hashlib.sha256()
        if not self._left:
            self._finish()

    def _finish(self) -> None:
        if self._file is not None and self._file != MANIFEST:
            self._found[self._file] = (self._size, self._hash.hexdigest())
        self._file = None


def _parse(data: bytes) -> dict[str, Any]:
    """The manifest, once its own checksum is right: it covers everything before its last line."""
    body, _, last = data.rstrip(b"\n").rpartition(b"\n")
    try:
        parsed: dict[str, Any] = json.loads(data)
        said = parsed["Manifest-Checksum"]
    except (ValueError, KeyError, TypeError) as error:
        raise BaseFailed("The manifest of the copy is damaged.") from error
    if not last.startswith(b'"Manifest-Checksum"') or hashlib.sha256(body + b"\n").hexdigest() != said:
        raise BaseFailed("The manifest of the copy is damaged.")
    return parsed


def _path_of(entry: dict[str, Any]) -> str:
    if "Encoded-Path" in entry:
        return bytes.fromhex(entry["Encoded-Path"]).decode("latin-1")
    return str(entry["Path"]).encode().decode("latin-1")


def _text(field: bytes) -> str:
    return field.split(b"\0", 1)[0].decode("latin-1")


def _number(field: bytes) -> int:
    """Octal digits, or base 256 for files of 8 GB and more."""
    if field[0] & 0x80:
        return int.from_bytes(bytes([field[0] & 0x7F]) + field[1:], "big")
    return int(field.strip(b" \0") or b"0", 8)

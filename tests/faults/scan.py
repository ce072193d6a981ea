"""Looks for words in raw bytes, also where they are encoded or cut by compression.

A canary is a long random word of lower-case letters and digits 2–7. PostgreSQL's compression puts
a control byte after every eight literal ones, so whole words are not looked for but every window
of seven characters: by chance such a window is not met in this universe's files.
"""

import base64
import binascii
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import asyncpg

WINDOW = 7
_WORD = re.compile(rb"[a-z2-7]{%d,}" % WINDOW)
_WIDE_WORD = re.compile(rb"(?:[a-z2-7]\x00){%d,}" % WINDOW)
_HEX = re.compile(rb"[0-9a-fA-F]{%d,}" % (2 * WINDOW))
_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{%d,}" % (4 * WINDOW // 3 + 3))


def canary(random_bytes: bytes) -> str:
    """A word that is nowhere else: 20 random bytes as 32 characters."""
    return base64.b32encode(random_bytes).decode().lower()


class Scanner:
    """Finds any of many canaries."""

    def __init__(self, canaries: Iterable[str]) -> None:
        self.owner: dict[bytes, str] = {}
        for word in canaries:
            encoded = word.encode()
            for start in range(len(encoded) - WINDOW + 1):
                self.owner[encoded[start : start + WINDOW]] = word

    def found(self, data: bytes) -> set[str]:
        """The canaries of which a window is in ``data``, plain or as UTF-16, hex or base64."""
        return {word for text in (data, *_decoded(data)) for word in self._plain(text)}

    def found_below(self, folder: Path) -> dict[Path, set[str]]:
        """File → canaries in it, for every file below ``folder`` (names of files included)."""
        hits: dict[Path, set[str]] = {}
        for path in sorted(folder.rglob("*")):
            data = path.read_bytes() if path.is_file() else b""
            if words := self.found(data) | self.found(str(path).encode()):
                hits[path] = words
        return hits

    def _plain(self, data: bytes) -> Iterator[str]:
        for run in _WORD.finditer(data):
            text = run[0]
            for start in range(len(text) - WINDOW + 1):
                if word := self.owner.get(text[start : start + WINDOW]):
                    yield word


def _decoded(data: bytes) -> Iterator[bytes]:
    for run in _WIDE_WORD.finditer(data):
        yield run[0][::2]
    for run in _HEX.finditer(data):
        for start in (0, 1):
            text = run[0][start:]
            yield binascii.unhexlify(text[: len(text) // 2 * 2])
    for run in _BASE64.finditer(data):
        text = run[0].replace(b"-", b"+").replace(b"_", b"/")
        for start in range(4):
            part = text[start : start + (len(text) - start) // 4 * 4]
            yield base64.b64decode(part)


async def dump_rows(dsn: str) -> bytes:
    """Every row of every table as text: what a dump holds, whatever versions of pg_dump are there."""
    connection = await asyncpg.connect(dsn)
    try:
        tables = await connection.fetch(
            "SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables"
            " WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
        )
        parts = []
        for table in tables:
            rows = await connection.fetch(f"SELECT t::text AS line FROM {table['name']} t")
            parts += [row["line"].encode() for row in rows]
    finally:
        await connection.close()
    return b"\n".join(parts)

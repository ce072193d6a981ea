r"""The keyring apart: every row of schema ``keyring`` in one snapshot.

Format, inside the usual envelope; numbers are big-endian::

    "amana/keyring/v1\n"
    line:   {"at": …, "lsn": …, "schema": …, "tables": […]} JSON, ends with a line feed
    then for each table, in the order of "tables":
      line:   {"table": "wrap", "columns": ["org_id", …]}
      pieces: u32 length ‖ that many bytes, together one stream of PostgreSQL's COPY in binary format
      u32 0
    line:   {"end": true}

A file without its last line is not a snapshot. ``lsn`` is a place in the log at which all of it was
there: rows that ended later are still in it, rows that were made later are not.
"""

import asyncio
import json
import queue
import threading
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from struct import Struct
from typing import BinaryIO

import asyncpg

from amana.backup import layout
from amana.backup.envelope import sealed
from amana.backup.errors import ObjectDamaged, TargetForeign
from amana.backup.keys import Recipient
from amana.backup.target import Target
from amana.kernel.ids import OrgId

SCHEMA = "keyring"
_MAGIC = b"amana/keyring/v1\n"
_LENGTH = Struct(">I")
_AHEAD = 8
MAX_LINE_BYTES = 65_536
MAX_PIECE_BYTES = 64 << 20

_TABLES = """
SELECT c.relname::text AS name,
       array(SELECT attname::text FROM pg_attribute
              WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
              ORDER BY attnum) AS columns
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE n.nspname = 'keyring' AND c.relkind IN ('r', 'p') AND NOT c.relispartition ORDER BY c.relname
"""
_WHERE = """
SELECT pg_current_wal_lsn()::text AS lsn,
       greatest((SELECT max(name) FROM amana.schema_migration),
                (SELECT max(name) FROM amana.schema_addition)) AS schema
"""
_ORGANISATION = "SELECT set_config('amana.org', $1, true)"


@dataclass(frozen=True, slots=True)
class Header:
    """The second line of a snapshot."""

    at: datetime
    lsn: str
    schema: str
    tables: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """One table of a snapshot.

    Attributes:
        pieces: a COPY stream in binary format; read it before you ask for the next table.
    """

    name: str
    columns: tuple[str, ...]
    pieces: Iterator[bytes]


async def put_snapshot(
    connection: asyncpg.Connection,
    target: Target,
    recipients: Sequence[Recipient],
    now: datetime,
    *,
    org_id: OrgId | None = None,
) -> int:
    """Store a snapshot of the keyring in ``target``; gives its size in bytes.

    Args:
        org_id: whose rows an account sees that row-level security binds; a superuser sees all.
        connection: nobody else's for the time; a superuser's, or its account owns the tables.

    Raises:
        TargetUnusable: nothing was stored.
    """
    pipe = _Pipe()
    path = layout.keyring_object(layout.stamp_of(now))
    storing = asyncio.ensure_future(asyncio.to_thread(target.put, path, sealed(pipe.taken(), recipients)))
    writing = asyncio.ensure_future(_write(connection, pipe, now, org_id))
    try:
        # Whoever fails first: the other one would wait for ever.
        await asyncio.wait({storing, writing}, return_when=asyncio.FIRST_EXCEPTION)
        if storing.done() and storing.exception() is not None:
            raise storing.exception() or RuntimeError
        await writing
        return await storing
    finally:
        pipe.break_off()
        writing.cancel()
        await asyncio.gather(writing, storing, return_exceptions=True)


async def _write(connection: asyncpg.Connection, pipe: "_Pipe", now: datetime, org_id: OrgId | None) -> None:
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        await connection.execute(_ORGANISATION, "" if org_id is None else str(org_id))
        tables = await connection.fetch(_TABLES)
        where = await connection.fetchrow(_WHERE)
        names = [row["name"] for row in tables]
        await pipe.put(_MAGIC + _line({"at": now.isoformat(), **dict(where), "tables": names}))
        for row in tables:
            await pipe.put(_line({"table": row["name"], "columns": row["columns"]}))
            columns = ", ".join(f'"{name}"' for name in row["columns"])
            await connection.copy_from_query(
                f'SELECT {columns} FROM {SCHEMA}."{row["name"]}"',  # noqa: S608  names of the catalogue
                output=pipe.put_piece,
                format="binary",
            )
            await pipe.put(_LENGTH.pack(0))
        await pipe.put(_line({"end": True}))
    await pipe.finish()


def read_header(stream: BinaryIO) -> Header:
    """The beginning of a snapshot; ``read_tables`` goes on from there.

    Raises:
        TargetForeign: another format.
        ObjectDamaged: no snapshot.
    """
    if stream.read(len(_MAGIC)) != _MAGIC:
        raise TargetForeign("The keyring has a format that this Amana does not know. Use a newer one.")
    fields = _parsed(stream)
    try:
        return Header(
            datetime.fromisoformat(str(fields["at"])),
            str(fields["lsn"]),
            str(fields["schema"]),
            tuple(str(name) for name in fields["tables"]),  # type: ignore[attr-defined]  # checked by use
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ObjectDamaged("The keyring is damaged.") from error


def read_tables(stream: BinaryIO) -> Iterator[Table]:
    """Every table of a snapshot, in order; returns only when the end was there.

    Raises:
        ObjectDamaged: cut short, or something else.
    """
    while True:
        fields = _parsed(stream)
        if fields.get("end") is True:
            if stream.read(1):
                raise ObjectDamaged("The keyring goes on after its end.")
            return
        columns = fields.get("columns")
        if not isinstance(columns, list):
            raise ObjectDamaged("The keyring is damaged.")
        pieces = _pieces(stream)
        yield Table(str(fields.get("table")), tuple(str(name) for name in columns), pieces)
        for _ in pieces:
            pass  # what nobody wanted


async def copy_in(connection: asyncpg.Connection, table: Table) -> None:
    """Add the rows of a table of a snapshot; the caller's transaction decides."""

    async def pieces() -> AsyncIterator[bytes]:
        while (piece := await asyncio.to_thread(next, table.pieces, None)) is not None:
            yield piece

    await connection.copy_to_table(
        table.name, source=pieces(), columns=list(table.columns), schema_name=SCHEMA, format="binary"
    )


def _pieces(stream: BinaryIO) -> Iterator[bytes]:
    while True:
        length = _exactly(stream, _LENGTH.size)
        (size_bytes,) = _LENGTH.unpack(length)
        if size_bytes == 0:
            return
        if size_bytes > MAX_PIECE_BYTES:
            raise ObjectDamaged("The keyring is damaged.")
        yield _exactly(stream, size_bytes)


def _exactly(stream: BinaryIO, size_bytes: int) -> bytes:
    data = stream.read(size_bytes)
    if len(data) != size_bytes:
        raise ObjectDamaged("The keyring is cut short.")
    return data


def _parsed(stream: BinaryIO) -> dict[str, object]:
    line = stream.readline(MAX_LINE_BYTES)
    try:
        fields = json.loads(line)
    except ValueError as error:
        raise ObjectDamaged("The keyring is cut short or damaged.") from error
    if not isinstance(fields, dict) or not line.endswith(b"\n"):
        raise ObjectDamaged("The keyring is damaged.")
    return fields


def _line(fields: dict[str, object]) -> bytes:
    return json.dumps(fields, separators=(",", ":")).encode() + b"\n"


class _Pipe:
    """From the loop, where the rows arrive, to the thread that seals them. Holds a few pieces."""

    def __init__(self) -> None:
        self._queue: queue.Queue[bytes | None] = queue.Queue(_AHEAD)
        self._broken = threading.Event()

    async def put(self, data: bytes) -> None:
        while True:
            if self._broken.is_set():
                raise ConnectionAbortedError("nobody takes the keyring any more")
            try:
                self._queue.put_nowait(data)
            except queue.Full:
                await asyncio.sleep(0.002)
            else:
                return

    async def put_piece(self, data: bytes) -> None:
        """One piece of a COPY stream, which is never empty."""
        if data:
            await self.put(_LENGTH.pack(len(data)) + data)

    async def finish(self) -> None:
        while not self._broken.is_set():
            try:
                self._queue.put_nowait(None)
            except queue.Full:
                await asyncio.sleep(0.002)
            else:
                return

    def break_off(self) -> None:
        self._broken.set()

    def taken(self) -> Iterator[bytes]:
        """In the thread. Raises when the writer gave up, so that no half snapshot is stored."""
        while True:
            try:
                data = self._queue.get(timeout=0.2)
            except queue.Empty:
                if self._broken.is_set():
                    raise ConnectionAbortedError("the snapshot was broken off") from None
                continue
            if data is None:
                return
            yield data

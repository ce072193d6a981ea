"""The newest keys that a target holds, and the root key that must open them."""

import asyncio
import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO

import asyncpg

from amana.backup import lsn
from amana.backup.envelope import as_file, opened
from amana.backup.errors import ObjectDamaged
from amana.backup.keyring import SCHEMA, Header, Table, copy_in, read_header, read_tables
from amana.backup.restore_errors import RootKeyNeeded
from amana.backup.restore_source import Source
from amana.vault.errors import RootKeyFailure
from amana.vault.opening import opens
from amana.vault.rootkey import RootKey

_ROOT_TABLE = "root_key"
# PostgreSQL's "Binary Format" of COPY: signature, flags, length of an extension; then tuples.
_HEAD = struct.Struct(">11sII")
_COUNT, _SIZE = struct.Struct(">h"), struct.Struct(">i")


@dataclass(frozen=True, slots=True)
class KeySnapshot:
    """The newest snapshot of the keyring in a target.

    Attributes:
        header: None when the target holds none: an installation that is some minutes old.
        root: what the row of ``keyring.root_key`` says: the check value, and where the key was last.
    """

    source: Source
    header: Header | None
    root: Mapping[str, bytes | None]

    def is_covered_by(self, end_lsn: str) -> bool:
        """Whether a restored log reaches to the snapshot, so that the keys in it are the newer ones.

        A base that was begun after the snapshot holds newer keys in any case. That is more than thrift: after
        a restore the log goes on in a timeline of its own, where places say nothing about those of before.
        """
        if self.header is None or self.header.at <= self.source.base.started_at:
            return True
        return lsn.parse(end_lsn) >= lsn.parse(self.header.lsn)

    async def require_root(self, root: RootKey) -> None:
        """Unlock the root key and try it, before anything takes long.

        Raises:
            RootKeyNeeded: it is missing, unsafe, locked, or the key of another installation.
        """
        try:
            await root.unlock(may_create=False)
        except RootKeyFailure as failure:
            raise RootKeyNeeded(f"{failure}\n\n{self._wanted()}") from failure
        check = self.root.get("check_value")
        if check is not None and not await opens(root, check):
            raise RootKeyNeeded(
                f"This root key does not belong to this backup: it opens nothing in it.\n\n{self._wanted()}"
            )

    def _wanted(self) -> str:
        place, key_id = (self.root.get(name) for name in ("place", "key_id"))
        where = "in the folder keys of the data folder, or where AMANA_ROOT_KEY_FILE said"
        if place is not None:
            where = f"at {place.decode(errors='replace')}"
        named = f" It has the name {key_id.decode(errors='replace')}." if key_id is not None else ""
        return (
            f"What is needed: the root key of the lost server. There it was {where}.{named}\n"
            "Look for the copy that was put away when the server was set up: a password safe, a sealed\n"
            "envelope, an older disk. Put the file at keys/root.key in the new data folder (mode 0600), and\n"
            "set AMANA_ROOT_PASSPHRASE if it is sealed with one. Without the root key nobody can read what\n"
            "is in the backup. Nothing has been changed yet: run the same command again once it is there."
        )

    async def put_back(self, connection: asyncpg.Connection) -> None:
        """Replace every row of the keyring by those of the snapshot, in the caller's transaction."""
        with _stream(self.source) as stream:
            read_header(stream)
            tables = read_tables(stream)
            while (table := await asyncio.to_thread(next, tables, None)) is not None:
                await connection.execute(f'TRUNCATE {SCHEMA}."{table.name}"')
                await copy_in(connection, table)


def newest_keys(source: Source) -> KeySnapshot:
    """Find the newest snapshot and read what tells the root key. Blocks.

    Raises:
        WrongIdentity: the identity opens nothing here.
    """
    if not source.keyrings:
        return KeySnapshot(source, None, {})
    with _stream(source) as stream:
        header = read_header(stream)
        found = next((_first_row(table) for table in read_tables(stream) if table.name == _ROOT_TABLE), {})
    return KeySnapshot(source, header, found)


@contextmanager
def _stream(source: Source) -> Iterator[BinaryIO]:
    path = source.keyrings[-1].path
    with as_file(opened(source.target.get(path), source.identities)) as stream:
        yield stream


def _first_row(table: Table) -> dict[str, bytes | None]:
    """Column → value as PostgreSQL sends it in binary; empty when there is no row."""
    row = next(_rows(b"".join(table.pieces)), None)
    return {} if row is None else dict(zip(table.columns, row, strict=True))


def _rows(data: bytes) -> Iterator[list[bytes | None]]:
    """The tuples of a whole COPY stream in binary format."""
    try:
        _, _, extension = _HEAD.unpack_from(data)
        place = _HEAD.size + extension
        while (fields := _COUNT.unpack_from(data, place)[0]) >= 0:
            place += _COUNT.size
            row: list[bytes | None] = []
            for _ in range(fields):
                size = _SIZE.unpack_from(data, place)[0]
                place += _SIZE.size
                row.append(None if size < 0 else data[place : place + size])
                place += max(0, size)
            yield row
    except struct.error as error:
        raise ObjectDamaged("The keyring is damaged.") from error

"""The rows of one conversation in every table that has some, beside those of a backup.

The tables are found in the catalogue: a table of group CONV or USER with a column ``conversation_id``
belongs to it, whichever domain made it. The backup's rows are copied, bit by bit in PostgreSQL's binary
format, into temporary tables of the live database, and all comparing is done there.
"""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import asyncpg

_TABLES = """
SELECT n.nspname AS schema, c.relname AS name,
       array(SELECT a.attname::text FROM pg_attribute a
              WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
              ORDER BY a.attnum) AS columns,
       array(SELECT a.attname::text FROM pg_index i JOIN pg_attribute a
                 ON a.attrelid = c.oid AND a.attnum = ANY (i.indkey)
              WHERE i.indrelid = c.oid AND i.indisprimary ORDER BY a.attnum) AS key
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE n.nspname IN ('amana', 'keyring') AND c.relkind IN ('r', 'p') AND NOT c.relispartition
   AND obj_description(c.oid, 'pg_class') ~ '^group: (CONV|USER)'
   AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'conversation_id')
   -- What is to be said later stays as it is now: its time may be over, and its job is no part of the room.
   -- And so do ways in: what was revoked or answered since must not come back.
   AND NOT (n.nspname, c.relname) IN (('amana', 'scheduled'), ('keyring', 'pending'), ('amana', 'room_link'),
                                      ('amana', 'join_pending'))
 ORDER BY 1, 2
"""
# What moves without an entry in the conversation, or is another database's business.
_UNCOMPARED = {
    "amana.member": frozenset({"read_seq", "read_no"}),
    "amana.thread_follow": frozenset({"following", "read_seq", "read_no"}),
    # A box without its key is nothing, and keys of boxes are never brought back.
    "amana.poll": frozenset({"box"}),
    "keyring.erasure": frozenset({"txid"}),
}


@dataclass(frozen=True, slots=True)
class Table:
    """One table with rows of the conversation.

    Attributes:
        name: with its schema: ``amana.event``.
        key: columns of the primary key.
        beside: the temporary table with the backup's rows.
    """

    name: str
    columns: Sequence[str]
    key: Sequence[str]
    beside: str

    @property
    def same_key(self) -> str:
        return " AND ".join(f'l."{column}" = r."{column}"' for column in self.key)

    @property
    def listed(self) -> str:
        return ", ".join(f'"{column}"' for column in self.columns)

    def differs(self) -> str:
        """The condition under which two rows with one key are not the same."""
        skipped = _UNCOMPARED.get(self.name, frozenset())
        compared = [column for column in self.columns if column not in skipped]
        left, right = (", ".join(f'{side}."{column}"' for column in compared) for side in "lr")
        return f"ROW({left}) IS DISTINCT FROM ROW({right})"


@dataclass(slots=True)
class Difference:
    """What is not the same in one table.

    Attributes:
        missing: rows of the backup that are not there.
        changed: rows that are there with another content.
        put_back: how many of both were put back.
    """

    missing: int = 0
    changed: int = 0
    put_back: int = 0


class Rows:
    """One conversation, live and in the backup. Everything happens in the live connection's transaction."""

    def __init__(self, live: asyncpg.Connection, conversation_id: UUID) -> None:
        self._live = live
        self._room = conversation_id
        self.tables: dict[str, Table] = {}

    async def lay_beside(self, copy: asyncpg.Connection) -> int:
        """Copy the backup's rows beside the live ones; gives how many there are."""
        count = 0
        for number, row in enumerate(await self._live.fetch(_TABLES)):
            name = f"{row['schema']}.{row['name']}"
            table = Table(name, row["columns"], row["key"], f"restored_{number}")
            self.tables[name] = table
            await self._live.execute(f"CREATE TEMP TABLE {table.beside} (LIKE {name}) ON COMMIT DROP")
            count += await self._copy(copy, table)
        return count

    async def compare(self, table: Table) -> Difference:
        """Count what is missing and what was changed."""
        missing = await self._live.fetchval(
            f"SELECT count(*) FROM {table.beside} r WHERE {self._absent(table)}"  # noqa: S608  catalogue names
        )
        changed = await self._live.fetchval(
            f"SELECT count(*) FROM {table.beside} r JOIN {table.name} l ON {table.same_key}"  # noqa: S608
            f" WHERE {table.differs()}"
        )
        return Difference(missing, changed)

    async def put_missing(self, table: Table, *, where: str = "true", values: Sequence[object] = ()) -> int:
        """Insert the backup's rows that are not there, as far as ``where`` (of ``r``) allows."""
        done = await self._live.execute(
            f"INSERT INTO {table.name} ({table.listed}) SELECT {table.listed} FROM {table.beside} r"  # noqa: S608
            f" WHERE {self._absent(table)} AND ({where})",
            *values,
        )
        return int(done.rpartition(" ")[2])

    async def put_changed(self, table: Table, *, where: str = "true") -> int:
        """Replace rows that were changed, as far as ``where`` (of ``l`` and ``r``) allows."""
        # All of them go before any comes: rows that were exchanged would meet in a unique index.
        done = await self._live.execute(
            f"DELETE FROM {table.name} l USING {table.beside} r"  # noqa: S608  catalogue names
            f" WHERE {table.same_key} AND {table.differs()} AND ({where})"
        )
        await self.put_missing(table)
        return int(done.rpartition(" ")[2])

    async def strangers(self, table: Table, *, upto: int) -> set[tuple[int, int]]:
        """(seq, bucket) of entries up to ``upto`` whose client id the backup does not know."""
        rows = await self._live.fetch(
            f"SELECT l.seq, l.bucket FROM {table.name} l WHERE l.conversation_id = $1 AND l.seq <= $2"  # noqa: S608
            f" AND NOT EXISTS (SELECT FROM {table.beside} r WHERE r.client_id = l.client_id)",
            self._room,
            upto,
        )
        return {(row["seq"], row["bucket"]) for row in rows}

    async def remove_surplus(self, table: Table, *, upto: int) -> int:
        """Delete entries up to ``upto`` at places where the backup has none; gives how many."""
        done = await self._live.execute(
            f"DELETE FROM {table.name} l WHERE l.conversation_id = $1 AND l.seq <= $2"  # noqa: S608
            f" AND NOT EXISTS (SELECT FROM {table.beside} r WHERE {table.same_key})",
            self._room,
            upto,
        )
        return int(done.rpartition(" ")[2])

    async def newest(self, table: Table) -> int:
        """The highest place that has an entry now; 0 for none."""
        found = await self._live.fetchval(
            f"SELECT max(l.seq) FROM {table.name} l WHERE l.conversation_id = $1",  # noqa: S608
            self._room,
        )
        return int(found or 0)

    def _absent(self, table: Table) -> str:
        return f"NOT EXISTS (SELECT FROM {table.name} l WHERE {table.same_key})"

    async def _copy(self, copy: asyncpg.Connection, table: Table) -> int:
        # Sealed rows; a large conversation is larger than the memory should be.
        with tempfile.SpooledTemporaryFile(max_size=16 << 20) as between:
            await copy.copy_from_query(
                f"SELECT {table.listed} FROM {table.name} WHERE conversation_id = $1",  # noqa: S608
                self._room,
                output=between,
                format="binary",
            )
            between.seek(0)
            done = await self._live.copy_to_table(
                table.beside, source=between, columns=list(table.columns), format="binary"
            )
        return int(done.rpartition(" ")[2])

"""A database server of a test's own, with targets and keys."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import asyncpg

from amana.backup import keys
from amana.backup.keys import Identity, Recipient
from amana.backup.target import LocalTarget, Stored
from tests.support.postgres import PostgresServer


@dataclass
class Cluster:
    """A migrated database on a server that belongs to one test module.

    Attributes:
        dsn: of the superuser.
    """

    server: PostgresServer
    dsn: str
    identity: Identity = field(default_factory=keys.new_identity)

    @property
    def recipients(self) -> list[Recipient]:
        return [keys.recipient_of(self.identity)]

    @property
    def wal_folder(self) -> Path:
        return self.server.folder / "postgres" / "pg_wal"

    async def run(self, sql: str, *values: object) -> None:
        connection = await asyncpg.connect(self.dsn)
        try:
            await connection.execute(sql, *values)
        finally:
            await connection.close()

    async def value(self, sql: str, *values: object) -> object:
        connection = await asyncpg.connect(self.dsn)
        try:
            found: object = await connection.fetchval(sql, *values)
            return found
        finally:
            await connection.close()


class Flaky(LocalTarget):
    """A folder that can be taken away, as a network share is.

    Attributes:
        down: while it is set, nothing works.
    """

    down = False

    def put(self, path: str, chunks: Iterable[bytes]) -> int:
        self._require()
        return super().put(path, chunks)

    def get(self, path: str) -> Iterator[bytes]:
        self._require()
        return super().get(path)

    def list(self, prefix: str = "") -> Iterator[Stored]:
        self._require()
        return super().list(prefix)

    def _require(self) -> None:
        from amana.backup.errors import TargetUnusable

        if self.down:
            raise TargetUnusable(f"{self.name} cannot be reached: Host is down.")


def id_of(number: int) -> UUID:
    return UUID(int=number)

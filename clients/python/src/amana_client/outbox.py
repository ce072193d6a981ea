"""What was said and is not acknowledged yet. It survives whatever its store survives."""

import os
import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

import msgspec


class Waiting(msgspec.Struct, frozen=True):
    """One frame for the socket; ``client_id`` makes repeating it harmless."""

    client_id: UUID
    frame: dict[str, Any]


class Store(Protocol):
    """Where an outbox is kept. Everything is called from one event loop and may block for a moment.

    What people wrote lies in the store in the clear until it is acknowledged: it belongs where only the
    program may read.
    """

    def add(self, item: Waiting) -> None:
        """Keep one; durable when it returns, as far as this store can be. Adding again changes nothing."""

    def remove(self, client_id: UUID) -> None:
        """Forget one, if it is there."""

    def waiting(self) -> Iterable[Waiting]:
        """All that are kept, in the order in which they were added."""

    def close(self) -> None:
        """Let go of files."""


class MemoryStore:
    """Survives lost connections and servers, not the program itself."""

    def __init__(self) -> None:
        self._items: dict[UUID, Waiting] = {}

    def add(self, item: Waiting) -> None:
        self._items.setdefault(item.client_id, item)

    def remove(self, client_id: UUID) -> None:
        self._items.pop(client_id, None)

    def waiting(self) -> list[Waiting]:
        return list(self._items.values())

    def close(self) -> None:
        """Nothing is open."""


class SqliteStore:
    """A file that only its owner may read; survives the end of the program and of the machine's power."""

    def __init__(self, path: Path | str) -> None:
        path = Path(path)
        # Made here first: SQLite would make it readable to everybody the umask allows.
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        self._database = sqlite3.connect(path, isolation_level=None)
        self._database.execute("PRAGMA journal_mode = TRUNCATE")
        self._database.execute("PRAGMA synchronous = FULL")
        self._database.execute("PRAGMA secure_delete = ON")
        self._database.execute(
            "CREATE TABLE IF NOT EXISTS outbox "
            "(place INTEGER PRIMARY KEY AUTOINCREMENT, client_id BLOB NOT NULL UNIQUE, frame BLOB NOT NULL)"
        )

    def add(self, item: Waiting) -> None:
        self._database.execute(
            "INSERT INTO outbox (client_id, frame) VALUES (?, ?) ON CONFLICT DO NOTHING",
            (item.client_id.bytes, msgspec.json.encode(item.frame)),
        )

    def remove(self, client_id: UUID) -> None:
        self._database.execute("DELETE FROM outbox WHERE client_id = ?", (client_id.bytes,))

    def waiting(self) -> list[Waiting]:
        rows = self._database.execute("SELECT client_id, frame FROM outbox ORDER BY place").fetchall()
        return [Waiting(UUID(bytes=client_id), msgspec.json.decode(frame)) for client_id, frame in rows]

    def close(self) -> None:
        self._database.close()

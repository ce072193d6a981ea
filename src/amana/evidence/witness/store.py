"""What a witness remembers, in one SQLite file: its key, the logs it follows, the newest tree of each.

Every change is on the disk before anything is answered: a rollback journal with ``synchronous=EXTRA``
syncs the file, then the folder in which the journal vanished. Two processes on one folder are
serialised by SQLite's own lock.
"""

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from amana.evidence.tlog.merkle import EMPTY_ROOT
from amana.evidence.tlog.notes import COSIGNATURE_V1, Checkpoint, Verifier
from amana.kernel.errors import StartFailure

FORMAT = "amana/witness/v1"
FILE = "witness.sqlite"
LOCK_WAIT_S = 10.0
# What a log's owner may be confronted with; a few show it as well as a million.
MAX_CONTRADICTIONS = 1000

_SCHEMA = """
CREATE TABLE identity (
    only INTEGER PRIMARY KEY CHECK (only = 1), format TEXT NOT NULL, name TEXT NOT NULL,
    public_key BLOB NOT NULL, wrapped_key BLOB NOT NULL
);
CREATE TABLE log (
    origin TEXT NOT NULL, vkey TEXT NOT NULL, PRIMARY KEY (origin, vkey)
);
CREATE TABLE latest (
    origin TEXT PRIMARY KEY, size INTEGER NOT NULL, root BLOB NOT NULL, note TEXT NOT NULL,
    cosigned_at INTEGER NOT NULL
);
CREATE TABLE contradiction (
    origin TEXT NOT NULL, size INTEGER NOT NULL, root BLOB NOT NULL, reason TEXT NOT NULL,
    note TEXT NOT NULL, known_note TEXT, seen_at INTEGER NOT NULL, PRIMARY KEY (origin, size, root)
);
-- The program decides before it writes; should it ever decide wrongly, the file refuses.
CREATE TRIGGER latest_only_grows BEFORE UPDATE ON latest
WHEN NEW.size < OLD.size OR (NEW.size = OLD.size AND NEW.root <> OLD.root)
BEGIN SELECT RAISE(ABORT, 'a witness never goes back'); END;
CREATE TRIGGER latest_stays BEFORE DELETE ON latest
BEGIN SELECT RAISE(ABORT, 'a witness never forgets'); END;
"""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the witness is; the private key only wrapped."""

    name: str
    public_key: bytes
    wrapped_key: bytes


@dataclass(frozen=True, slots=True)
class Latest:
    """The newest tree of one log that was cosigned.

    Attributes:
        cosigned_at: Unix time in seconds; 0 when nothing was cosigned yet.
    """

    size: int = 0
    root: bytes = EMPTY_ROOT
    cosigned_at: int = 0


@dataclass(frozen=True, slots=True)
class Contradiction:
    """A checkpoint that its log signed and that was not shown to continue what was seen before.

    Attributes:
        reason: ``other_root``, two trees of one size: this and ``known_note`` prove the fork to anybody;
            ``inconsistent``, the proof that came with it did not hold.
        known_note: the newest cosigned checkpoint at that time; None when there was none.
    """

    origin: str
    size: int
    reason: str
    note: str
    known_note: str | None
    seen_at: int


class Store:
    """One witness folder. Every method may block on the disk; safe for several threads."""

    def __init__(self, folder: Path) -> None:
        """Open an existing folder.

        Raises:
            StartFailure: there is no witness in it, or it is of another version.
        """
        path = folder / FILE
        if not path.exists():
            raise StartFailure(
                f"there is no witness in {folder.absolute()}. Make one with: amana witness init"
            )
        self._lock = threading.Lock()
        self._connection = _connect(path)
        try:
            row = self._connection.execute(
                "SELECT format, name, public_key, wrapped_key FROM identity"
            ).fetchone()
        except sqlite3.Error as error:
            raise StartFailure(f"{path} cannot be read as a witness's file: {error}.") from None
        if row is None or row[0] != FORMAT:
            raise StartFailure(f"{path} was made by another version of Amana.")
        self.identity = Identity(row[1], row[2], row[3])

    @staticmethod
    def require_none(folder: Path) -> None:
        """Raise StartFailure when there is a witness in ``folder``."""
        if (folder / FILE).exists():
            raise StartFailure(f"there is a witness in {folder.absolute()} already; it is never made anew.")

    @classmethod
    def create(cls, folder: Path, identity: Identity) -> "Store":
        """Make the file, whole or not at all.

        Raises:
            StartFailure: there is a witness already, or the folder cannot be written.
        """
        cls.require_none(folder)
        path = folder / FILE
        draft = path.with_suffix(".draft")
        try:
            draft.unlink(missing_ok=True)
            os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
            connection = _connect(draft)
            connection.executescript(f"BEGIN;{_SCHEMA}COMMIT;")
            connection.execute(
                "INSERT INTO identity VALUES (1, ?, ?, ?, ?)",
                (FORMAT, identity.name, identity.public_key, identity.wrapped_key),
            )
            connection.close()
            draft.rename(path)
            _sync_folder(folder)
        except OSError as error:
            raise StartFailure(f"{path} cannot be made: {error.strerror}.") from None
        return cls(folder)

    @property
    def vkey(self) -> str:
        """The witness's own verifier key."""
        return Verifier(self.identity.name, self.identity.public_key, COSIGNATURE_V1).vkey

    def close(self) -> None:
        self._connection.close()

    def add_log(self, origin: str, verifier: Verifier) -> bool:
        """Follow a log; False when it was followed with this key already."""
        with self._lock:
            cursor = self._connection.execute(
                "INSERT INTO log VALUES (?, ?) ON CONFLICT DO NOTHING", (origin, verifier.vkey)
            )
        return cursor.rowcount == 1

    def logs(self) -> list[tuple[str, Verifier, Latest]]:
        """Every log that is followed: origin, key, newest tree."""
        with self._lock:
            rows = self._connection.execute("SELECT origin, vkey FROM log ORDER BY origin, vkey").fetchall()
            return [
                (origin, Verifier.parse(vkey), _latest(self._connection, origin)) for origin, vkey in rows
            ]

    def notes(self) -> dict[str, str]:
        """Origin → the newest checkpoint that was cosigned, as its log sent it."""
        with self._lock:
            return dict(
                self._connection.execute("SELECT origin, note FROM latest ORDER BY origin").fetchall()
            )

    def verifiers(self, origin: str) -> list[Verifier]:
        """The keys trusted for an origin; none when it is not followed."""
        with self._lock:
            rows = self._connection.execute("SELECT vkey FROM log WHERE origin = ?", (origin,)).fetchall()
        return [Verifier.parse(vkey) for (vkey,) in rows]

    @contextmanager
    def deciding(self, origin: str) -> Iterator["Decision"]:
        """Hold the state of one log still while deciding. Left normally, the decision is on the disk."""
        with self._lock:
            # Takes SQLite's write lock at once: what is read here cannot change before the commit.
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield Decision(self._connection, origin)
                self._connection.execute("COMMIT")
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise

    def contradictions(self) -> list[Contradiction]:
        """What logs signed against what they had signed before, oldest first."""
        with self._lock:
            rows = self._connection.execute(
                "SELECT origin, size, reason, note, known_note, seen_at FROM contradiction"
                " ORDER BY seen_at, origin, size"
            ).fetchall()
        return [Contradiction(*row) for row in rows]


class Decision:
    """The state of one log inside one transaction."""

    def __init__(self, connection: sqlite3.Connection, origin: str) -> None:
        self._connection = connection
        self._origin = origin
        self.latest = _latest(connection, origin)

    def remember(self, checkpoint: Checkpoint, note: str, cosigned_at: int) -> None:
        """Make this the newest tree of the log."""
        self._connection.execute(
            "INSERT INTO latest VALUES (?, ?, ?, ?, ?) ON CONFLICT (origin) DO UPDATE"
            " SET size = excluded.size, root = excluded.root, note = excluded.note,"
            " cosigned_at = excluded.cosigned_at",
            (self._origin, checkpoint.size, checkpoint.root, note, cosigned_at),
        )

    def keep_contradiction(self, checkpoint: Checkpoint, note: str, reason: str, seen_at: int) -> None:
        """Keep a checkpoint that its log should not have signed."""
        self._connection.execute(
            "INSERT INTO contradiction"
            " SELECT ?1, ?2, ?3, ?4, ?5, (SELECT note FROM latest WHERE origin = ?1), ?6"
            " WHERE (SELECT count(*) FROM contradiction) < ?7 ON CONFLICT DO NOTHING",
            (self._origin, checkpoint.size, checkpoint.root, reason, note, seen_at, MAX_CONTRADICTIONS),
        )


def _latest(connection: sqlite3.Connection, origin: str) -> Latest:
    row = connection.execute(
        "SELECT size, root, cosigned_at FROM latest WHERE origin = ?", (origin,)
    ).fetchone()
    return Latest(*row) if row is not None else Latest()


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(
        path, timeout=LOCK_WAIT_S, isolation_level=None, check_same_thread=False, cached_statements=32
    )
    connection.execute("PRAGMA journal_mode = DELETE")
    connection.execute("PRAGMA synchronous = EXTRA")
    return connection


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

"""Where a verification reads from: rows as they are stored, in pages, in a fixed order. Nothing is trusted.

Every order matters: the checks walk several of these at once and keep one page of each in memory.
Ids are ordered by their bytes, as PostgreSQL orders ``uuid``.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar
from uuid import UUID

from amana.evidence.tlog import leaves

PAGE = 2_000
"""Rows that are fetched at once."""

T = TypeVar("T")
Pages = AsyncIterator[Sequence[T]]


class SourceDamaged(Exception):
    """The source itself cannot be read on: a file that is cut off, a row of another form."""


@dataclass(frozen=True, slots=True)
class LogRow:
    """One log of the organisation. ``prior`` is the final checkpoint of the one before it."""

    log_no: int
    origin: str
    public_key: bytes
    prior: str | None


@dataclass(frozen=True, slots=True)
class CheckpointRow:
    """One signed state of a log."""

    size: int
    root: bytes
    note: str


@dataclass(frozen=True, slots=True)
class CosignatureRow:
    """A witness's signature line for one checkpoint."""

    size: int
    witness: str
    line: str


@dataclass(frozen=True, slots=True)
class LeafRow:
    """One leaf; ``entry_id`` is the entry of the record that it stands for."""

    idx: int
    data: bytes
    entry_id: UUID | None


@dataclass(frozen=True, slots=True)
class TileRow:
    """One stored tile."""

    level: int
    n: int
    hashes: bytes


@dataclass(frozen=True, slots=True)
class RoomRow:
    """What a leaf says of one room: its chain value at ``seq``."""

    idx: int
    room: UUID
    pseudonym: bytes
    seq: int
    chain: bytes


@dataclass(frozen=True, slots=True)
class LoggedChain:
    """A chain value of a room that some leaf committed to."""

    room: UUID
    seq: int
    chain: bytes
    log_no: int
    idx: int


@dataclass(frozen=True, slots=True)
class RecordRow:
    """An entry of the administrative record and its leaf.

    Attributes:
        row: everything the commitment is made over.
        log_no: the log in which it has a leaf; None when it has none.
        idx: the index of that leaf.
        pending: whether it waits for its leaf.
    """

    row: leaves.RecordRow
    log_no: int | None
    idx: int | None
    pending: bool


@dataclass(frozen=True, slots=True)
class HeadRow:
    """The newest place and chain value of a room."""

    room: UUID
    seq: int
    chain: bytes


@dataclass(frozen=True, slots=True)
class EventRow:
    """What the chain covers of one event. ``minute`` counts from 1970."""

    room: UUID
    seq: int
    kind: int
    minute: int
    commitment: bytes


class Source(Protocol):
    """A server, a restored backup or an export."""

    @property
    def name(self) -> str:
        """For people: what this is."""

    async def logs(self) -> list[LogRow]:
        """By ``log_no``."""

    async def policy(self) -> str | None:
        """The witness policy that is in force, as text."""

    def checkpoints(self, log_no: int) -> Pages[CheckpointRow]:
        """By size."""

    def cosignatures(self, log_no: int) -> Pages[CosignatureRow]:
        """By size and witness."""

    def leaves(self, log_no: int) -> Pages[LeafRow]:
        """By index."""

    def tiles(self, log_no: int) -> Pages[TileRow]:
        """By level and place."""

    def rooms(self, log_no: int) -> Pages[RoomRow]:
        """By leaf, then pseudonym."""

    def records(self) -> Pages[RecordRow]:
        """By log and leaf; those without a leaf come last, by id."""

    def logged_chains(self) -> Pages[LoggedChain]:
        """By room and seq, of all logs."""

    def heads(self) -> Pages[HeadRow]:
        """By room."""

    def events(self) -> Pages[EventRow]:
        """By room and seq."""


class Walk(Generic[T]):
    """Rows one after the other with one look ahead: what walking several orders at once needs."""

    def __init__(self, pages: Pages[T]) -> None:
        self._pages = pages
        self._page: Sequence[T] = ()
        self._place = 0

    async def peek(self) -> T | None:
        """The row that ``take`` gives next; None at the end."""
        while self._place >= len(self._page):
            try:
                self._page = await anext(self._pages)
            except StopAsyncIteration:
                return None
            self._place = 0
        return self._page[self._place]

    async def take(self) -> T | None:
        """Go on by one row; None at the end."""
        row = await self.peek()
        self._place += row is not None
        return row

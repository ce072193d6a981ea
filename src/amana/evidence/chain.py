"""The hash chain of a conversation: recompute it and find where it was broken. Pure.

::

    leaf    50   kind u16 ‖ seq u64 ‖ minute u64 ‖ commitment 32     big-endian; minute = Unix ms // 60000
    chain_0      32 zero bytes
    chain_n      SHA-256(chain_{n−1} ‖ leaf_n)

``append_events`` computes the same in SQL, with ``chain_fold``, for every append. A leaf holds no
key, no text and no name: destroying the data key leaves a commitment that nobody can open, so
history stays provable after an erasure.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from hashlib import sha256
from struct import Struct

from amana.kernel.ids import Seq

CHAIN_START = bytes(32)
COMMITMENT_BYTES = 32
LEAF_BYTES = 50
MS_PER_MINUTE = 60_000

_LEAF = Struct(">HQQ32s")


@dataclass(frozen=True, slots=True)
class Leaf:
    """One event as the chain sees it. ``minute`` counts from 1970."""

    kind: int
    seq: Seq
    minute: int
    commitment: bytes


class Fault(Enum):
    """What is wrong with a history."""

    GAP = "gap"
    """The seq before this one is missing: an entry was deleted."""
    ORDER = "order"
    """This seq is not later than the one before: an entry was doubled, inserted or moved."""
    TIME = "time"
    """An entry is dated before its predecessor: one of the two was changed."""
    FORM = "form"
    """This entry has no valid leaf, for example a commitment of another length."""
    CONTENT = "content"
    """The entries up to here do not give the known chain value: one was changed or exchanged."""
    MISSING = "missing"
    """The history ends before an entry that a known chain value covers."""
    SURPLUS = "surplus"
    """There are entries after the last known chain value."""


@dataclass(frozen=True, slots=True)
class Broken:
    """The first bad place of a history.

    Attributes:
        first: the earliest seq that can be the bad one.
        last: the latest one; equal to ``first`` when the bad entry is known exactly. ``CONTENT``
            ranges from one known chain value to the next, ``TIME`` over two entries.
    """

    fault: Fault
    first: Seq
    last: Seq


def leaf_bytes(leaf: Leaf) -> bytes:
    """The fixed-width form of a leaf, 50 bytes. Raises ``ValueError`` when a field does not fit."""
    if len(leaf.commitment) != COMMITMENT_BYTES:
        raise ValueError("A commitment has 32 bytes.")
    if not (0 <= leaf.kind < 1 << 16 and 0 <= leaf.seq < 1 << 64 and 0 <= leaf.minute < 1 << 64):
        raise ValueError("A number of the leaf is out of range.")
    return _LEAF.pack(leaf.kind, leaf.seq, leaf.minute, leaf.commitment)


def fold(chain: bytes, leaf: Leaf) -> bytes:
    """The chain value after one more entry."""
    return sha256(chain + leaf_bytes(leaf)).digest()


class History:
    """A history that is checked entry by entry, as it comes out of a database page by page.

    Args:
        end: the newest place that is known from elsewhere; may be raised on the way.
        start_seq: where to begin; 0 for the whole conversation.
        start: the chain value at ``start_seq``, itself known from elsewhere.

    Attributes:
        seq: the newest place that was accepted.
        chain: the chain value there.
        held: the newest place at which a known chain value was met.
    """

    def __init__(self, *, end: Seq, start_seq: Seq = Seq(0), start: bytes = CHAIN_START) -> None:  # noqa: B008  immutable
        self.end = end
        self.seq = self.held = start_seq
        self.chain = start
        self._minute = 0

    def step(self, leaf: Leaf, known: bytes | None = None) -> Broken | None:
        """Take the next entry; ``known`` is its chain value where one is known from elsewhere.

        Never raises on a bad entry. After the first one the history is over: nothing later can be told apart.
        """
        expected = Seq(self.seq + 1)
        fault = _fault_of(leaf, expected=expected, minute=self._minute, end=self.end)
        if fault is not None:
            return _broken(fault, leaf.seq, expected=expected, held=self.held)
        self.seq, self._minute = expected, leaf.minute
        self.chain = fold(self.chain, leaf)
        if known is not None:
            if known != self.chain:
                return Broken(Fault.CONTENT, Seq(self.held + 1), self.seq)
            self.held = self.seq
        return None

    def finish(self) -> Broken | None:
        """Say whether entries are missing at the end."""
        missing = Seq(self.seq + 1)
        return Broken(Fault.MISSING, missing, missing) if self.seq < self.end else None


def verify_chain(
    leaves: Iterable[Leaf],
    *,
    known: Mapping[Seq, bytes],
    start_seq: Seq = Seq(0),  # noqa: B008  an immutable number
    start: bytes = CHAIN_START,
) -> Broken | None:
    """Check a history against chain values that are known from elsewhere; None when it is whole.

    Args:
        leaves: every entry after ``start_seq``, in the order they claim.
        known: seq → chain value there, at least the head's. The more there are (month ends,
            checkpoints, what clients saw), the narrower a changed entry is located.
        start_seq: where to begin; 0 for the whole conversation.
        start: the chain value at ``start_seq``, itself known from elsewhere.

    Never raises on bad entries.
    """
    if known.get(start_seq, start) != start:
        return Broken(Fault.CONTENT, start_seq, start_seq)
    history = History(end=max(known, default=start_seq), start_seq=start_seq, start=start)
    for leaf in leaves:
        broken = history.step(leaf, known.get(leaf.seq))
        if broken is not None:
            return broken
    return history.finish()


def _broken(fault: Fault, seq: Seq, *, expected: Seq, held: Seq) -> Broken:
    if fault is Fault.GAP:
        return Broken(fault, expected, expected)
    if fault is Fault.TIME:
        return Broken(fault, max(Seq(held + 1), Seq(seq - 1)), seq)
    return Broken(fault, seq, seq)


def _fault_of(leaf: Leaf, *, expected: Seq, minute: int, end: Seq) -> Fault | None:
    if leaf.seq > end:
        return Fault.SURPLUS if expected > end else Fault.GAP
    if leaf.seq != expected:
        return Fault.GAP if leaf.seq > expected else Fault.ORDER
    try:
        leaf_bytes(leaf)
    except ValueError:
        return Fault.FORM
    return Fault.TIME if leaf.minute < minute else None

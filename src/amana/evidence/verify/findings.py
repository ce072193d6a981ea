"""What a verification says: findings with a code, a place and a sentence, and their report. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from uuid import UUID

MAX_FINDINGS = 1_000
"""A database in which everything is wrong gives no endless report; the rest is counted."""


class Code(StrEnum):
    """What is wrong. Stable: programs read it."""

    # The log itself.
    LOG_MISSING = "log_missing"
    LOG_FORKED = "log_forked"
    LOG_ROLLED_BACK = "log_rolled_back"
    LOG_GAP = "log_gap"
    LEAF_MALFORMED = "leaf_malformed"
    LEAF_TIME = "leaf_time"
    TREE_CHANGED = "tree_changed"
    TILE_CHANGED = "tile_changed"
    CHECKPOINT_MALFORMED = "checkpoint_malformed"
    KEY_REPLACED = "key_replaced"
    SIGNATURE_WRONG = "signature_wrong"
    SUCCESSION_BROKEN = "succession_broken"
    COSIGNATURE_WRONG = "cosignature_wrong"
    QUORUM_MISSING = "quorum_missing"
    # The administrative record.
    RECORD_CHANGED = "record_changed"
    RECORD_MISSING = "record_missing"
    RECORD_UNLOGGED = "record_unlogged"
    RECORD_TWICE = "record_twice"
    # What the log says of rooms.
    ROOMS_CHANGED = "rooms_changed"
    PSEUDONYM_CHANGED = "pseudonym_changed"
    # The history of one room.
    ENTRY_MISSING = "entry_missing"
    ENTRY_MOVED = "entry_moved"
    ENTRY_TIME = "entry_time"
    ENTRY_MALFORMED = "entry_malformed"
    ENTRY_CHANGED = "entry_changed"
    ENTRY_INSERTED = "entry_inserted"
    ENTRY_UNLOGGED = "entry_unlogged"
    TAIL_MISSING = "tail_missing"
    HEAD_CHANGED = "head_changed"
    HEAD_MISSING = "head_missing"
    # Content, with the keys at hand.
    WRAP_CHANGED = "wrap_changed"
    BODY_CHANGED = "body_changed"
    COMMITMENT_CHANGED = "commitment_changed"
    KEY_CHANGED = "key_changed"
    TARGET_CHANGED = "target_changed"
    WRAP_MISSING = "wrap_missing"
    WRAP_SURPLUS = "wrap_surplus"
    # The source itself.
    SOURCE_DAMAGED = "source_damaged"


class Area(IntEnum):
    """Where a finding lies; also the order in which findings are told."""

    LOG = 1
    RECORD = 2
    ROOM = 3
    CONTENT = 4
    SOURCE = 5


@dataclass(frozen=True, slots=True)
class Place:
    """Where a bad entry is. What does not apply is None.

    Attributes:
        log_no: which log; 2 and later follow a recovery.
        leaf: index of the leaf.
        record: id of an entry of the administrative record.
        room: id of the conversation.
        first: the earliest seq that can be the bad one.
        last: the latest one.
    """

    area: Area
    log_no: int | None = None
    leaf: int | None = None
    record: UUID | None = None
    room: UUID | None = None
    first: int | None = None
    last: int | None = None

    @property
    def order(self) -> tuple[int, int, int, bytes, int, int]:
        """Sorts places so that the first bad entry comes first."""
        name = self.room or self.record
        numbers = [
            -1 if number is None else number for number in (self.log_no, self.leaf, self.first, self.last)
        ]
        log_no, leaf, first, last = numbers
        return (self.area, log_no, leaf, name.bytes if name else b"", first, last)

    def fields(self) -> dict[str, object]:
        """For JSON: what applies, ids as text."""
        found: dict[str, object] = {"area": self.area.name.lower()}
        for name in ("log_no", "leaf", "record", "room", "first", "last"):
            value = getattr(self, name)
            if value is not None:
                found[name] = str(value) if isinstance(value, UUID) else value
        return found


@dataclass(frozen=True, slots=True)
class Finding:
    """One bad entry, in words for somebody who does not know how it works inside."""

    code: Code
    where: Place
    sentence: str

    def fields(self) -> dict[str, object]:
        return {"code": self.code.value, "where": self.where.fields(), "sentence": self.sentence}


@dataclass(slots=True)
class Report:
    """What was checked, what was found, what could not be checked.

    Attributes:
        source: what was looked at, for people.
        counts: how much of what was looked at.
        notes: what is as it should be but worth saying: not yet in the log, whose key was believed.
        unchecked: what could not be checked, each with its reason.
        unlisted: findings over ``MAX_FINDINGS``.
    """

    source: str
    counts: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    unchecked: list[str] = field(default_factory=list)
    unlisted: int = 0
    _findings: list[Finding] = field(default_factory=list)

    def add(self, findings: Iterable[Finding]) -> None:
        """Take findings in."""
        for finding in findings:
            if len(self._findings) < MAX_FINDINGS:
                self._findings.append(finding)
            else:
                self.unlisted += 1

    def count(self, what: str, number: int = 1) -> None:
        self.counts[what] = self.counts.get(what, 0) + number

    @property
    def findings(self) -> list[Finding]:
        """The first bad entry first."""
        return sorted(self._findings, key=lambda finding: (finding.where.order, finding.code.value))

    @property
    def holds(self) -> bool:
        """Whether nothing was wrong."""
        return not self._findings

    def fields(self) -> dict[str, object]:
        """For JSON."""
        return {
            "source": self.source,
            "holds": self.holds,
            "findings": [finding.fields() for finding in self.findings],
            "findings_not_listed": self.unlisted,
            "checked": dict(self.counts),
            "notes": list(self.notes),
            "not_checked": list(self.unchecked),
        }

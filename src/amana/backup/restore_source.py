"""Which base, which log and which keys a restore takes from a target."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from amana.backup import layout
from amana.backup.envelope import opened
from amana.backup.keys import Identity
from amana.backup.layout import BaseInfo, Named
from amana.backup.lsn import segment_name, segment_place
from amana.backup.restore_errors import LogIncomplete, NoBaseInTime, OtherPostgres
from amana.backup.target import Target

_TIMELINE_DIGITS = 8


@dataclass(frozen=True, slots=True)
class Source:
    """What was chosen, fixed before anything is fetched.

    Attributes:
        segments: every WAL segment that the backup holds.
        hole: the first segment that is missing although later ones are there; what was written from
            there on cannot be restored.
        keyrings: snapshots of the keyring, oldest first.
    """

    target: Target
    identities: Sequence[Identity]
    base: BaseInfo
    segments: frozenset[str]
    hole: str | None
    keyrings: Sequence[Named]
    journal: Sequence[Named]

    @property
    def timelines(self) -> frozenset[int]:
        """Every timeline that the backup knows something of."""
        known = {int(name[:_TIMELINE_DIGITS], 16) for name in self.segments}
        return frozenset(known | {self.base.timeline})

    @property
    def log_written(self) -> int:
        """How many segments follow the start of the base: the length of the recovery, about."""
        prefix = self.base.first_wal[:_TIMELINE_DIGITS]
        return sum(name.startswith(prefix) and name >= self.base.first_wal for name in self.segments)

    def segment(self, name: str) -> bytes | None:
        """A piece of the log, full length; None when the backup does not hold it. Blocks."""
        if name not in self.segments:
            return None
        data = b"".join(opened(self.target.get(layout.wal_object(name)), self.identities))
        return data.ljust(self.base.wal_segment_bytes, b"\0")


def choose(target: Target, identities: Sequence[Identity], *, until: datetime | None, major: int) -> Source:
    """Choose the newest base that a database of PostgreSQL ``major`` can bring to ``until``. Blocks.

    Raises:
        NoBaseInTime: there is none, or none that old.
        OtherPostgres: only another major version can use them.
        LogIncomplete: every base lacks a piece of the log that it cannot do without.
        TargetForeign: no backups of Amana are there.
    """
    layout.require_description(target)
    bases = layout.list_bases(target)
    segments = frozenset(named.key for named in layout.list_wal(target))
    fitting = [base for base in bases if until is None or base.finished_at <= until]
    _require_some(target, bases, fitting, until)
    usable = [base for base in fitting if not missing_of(base, segments)]
    if not usable:
        newest = max(fitting, key=lambda base: base.finished_at)
        raise LogIncomplete(
            f"{target.name} lacks a piece of the log without which the base of {newest.stamp} is not usable: "
            f"{missing_of(newest, segments)[0]}. Look for it in a second target."
        )
    base = max(usable, key=lambda base: base.finished_at)
    if _major(base) != major:
        raise OtherPostgres(
            f"The base of {base.stamp} was written by PostgreSQL {base.postgres}; this Amana brings "
            f"PostgreSQL {major}. Install Amana {base.amana}, which wrote it, and restore with that."
        )
    return Source(
        target,
        identities,
        base,
        segments,
        first_hole(base, segments),
        layout.list_keyrings(target),
        layout.list_journal(target),
    )


def missing_of(base: BaseInfo, segments: frozenset[str]) -> list[str]:
    """Pieces of the log that the base itself needs and that are not there."""
    name, lacking = base.first_wal, []
    while name <= base.last_wal:
        if name not in segments:
            lacking.append(name)
        name = following(name, base.wal_segment_bytes)
    return lacking


def first_hole(base: BaseInfo, segments: frozenset[str]) -> str | None:
    """The first missing piece with others of the same timeline after it."""
    mine = [name for name in segments if name[:_TIMELINE_DIGITS] == base.first_wal[:_TIMELINE_DIGITS]]
    newest, name = max(mine, default=base.last_wal), base.first_wal
    while name < newest:
        if name not in segments:
            return name
        name = following(name, base.wal_segment_bytes)
    return None


def following(name: str, segment_bytes: int) -> str:
    """The name of the next segment."""
    timeline, number = segment_place(name, segment_bytes)
    return segment_name(timeline, number + 1, segment_bytes)


def _require_some(
    target: Target, bases: Sequence[BaseInfo], fitting: Sequence[BaseInfo], until: datetime | None
) -> None:
    if not bases:
        raise NoBaseInTime(
            f"{target.name} holds no complete base backup. Look into another target; if there is none, "
            "nothing can be restored."
        )
    if not fitting and until is not None:
        oldest = min(base.finished_at for base in bases)
        raise NoBaseInTime(
            f"The oldest backup in {target.name} reaches back to {oldest:%Y-%m-%d %H:%M:%S} UTC, not to "
            f"{until:%Y-%m-%d %H:%M:%S} UTC. Ask for a later time."
        )


def _major(base: BaseInfo) -> int:
    return int(base.postgres.partition(".")[0])

"""Which base, which log and which keys a restore takes from a target."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from amana.backup import layout
from amana.backup.keys import Identity
from amana.backup.layout import BaseInfo, Named, Segment
from amana.backup.restore_errors import LogIncomplete, NoBaseInTime, OtherPostgres
from amana.backup.segments import read_segment
from amana.backup.target import Target
from amana.backup.wal import holes

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
        return read_segment(self.target, name, self.identities, size_bytes=self.base.wal_segment_bytes)


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
    found = layout.list_wal(target)
    fitting = [base for base in bases if until is None or base.finished_at <= until]
    _require_some(target, bases, fitting, until)
    fitting.sort(key=lambda base: base.finished_at, reverse=True)
    base = next((base for base in fitting if _is_usable(base, found)), None)
    if base is None:
        raise LogIncomplete(
            f"{target.name} lacks a piece of the log without which the base of {fitting[0].stamp} is not "
            f"usable: {broken_at(fitting[0], found)}. Look for it in a second target."
        )
    if _major(base) != major:
        raise OtherPostgres(
            f"The base of {base.stamp} was written by PostgreSQL {base.postgres}; this Amana brings "
            f"PostgreSQL {major}. Install Amana {base.amana}, which wrote it, and restore with that."
        )
    return Source(
        target,
        identities,
        base,
        frozenset(one.key for one in found),
        broken_at(base, found),
        layout.list_keyrings(target),
    )


def broken_at(base: BaseInfo, found: Sequence[Segment]) -> str | None:
    """The first segment from the base on that is missing, or not whole although later ones are there."""
    prefix = base.first_wal[:_TIMELINE_DIGITS]
    mine = [one for one in found if one.key.startswith(prefix) and one.key >= base.first_wal]
    partial = [one.key for one in mine[:-1] if not one.whole]
    return min((*holes(base, found), *partial), default=None)


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


def _is_usable(base: BaseInfo, found: Sequence[Segment]) -> bool:
    """Whether the log is there that the base cannot do without."""
    broken = broken_at(base, found)
    return broken is None or broken > base.last_wal


def _major(base: BaseInfo) -> int:
    return int(base.postgres.partition(".")[0])

"""What goes from a target, and when: never the last good set, never the erasure journal.

A base of the database holds the keys of its day. Whatever is erased is therefore gone from all backups
``keep`` later at the latest, and that is why ``keep`` cannot be more than 14 days.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from amana.backup import layout, wal
from amana.backup.errors import BackupFailure
from amana.backup.layout import BaseInfo, Named, Segment
from amana.backup.target import LocalTarget, Target

# Only the newest keyring is ever restored; these few are for the day when that one is damaged.
ALL_KEYRINGS = timedelta(hours=1)
HOURLY_KEYRINGS = timedelta(days=1)
# Pruning runs this often; so that nothing is kept longer than promised, it looks that far ahead.
PERIOD = timedelta(hours=1)
# A base whose last part is still missing after this time belongs to a copy that died.
ABANDONED = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Pruned:
    """How many went."""

    bases: int = 0
    segments: int = 0
    keyrings: int = 0
    rest: int = 0

    @property
    def anything(self) -> bool:
        return bool(self.bases or self.segments or self.keyrings or self.rest)


def prune(target: Target, keep: timedelta, now: datetime) -> Pruned:
    """Remove what is too old; blocks.

    Raises:
        TargetUnusable: some of it may be gone.
    """
    bases, segments = readable_bases(target), layout.list_wal(target)
    keep -= PERIOD
    old = old_bases(bases, segments, now - keep)
    kept = [base for base in bases if base not in old]
    for base in old:
        # Without its description first: half a base must not look like one.
        target.delete(layout.base_info(base.stamp))
    rest = _abandoned(target, kept, old, now)
    for path in rest:
        target.delete(path)
    gone = old_segments(segments, kept) if any(is_good(base, segments) for base in kept) else []
    for segment in gone:
        _delete_segment(target, segment)
    keyrings = old_keyrings(layout.list_keyrings(target), now, keep)
    for named in keyrings:
        target.delete(named.path)
    swept = target.sweep(now) if isinstance(target, LocalTarget) else 0
    return Pruned(len(old), len(gone), len(keyrings), swept)


def readable_bases(target: Target) -> list[BaseInfo]:
    """Every complete base that says something, oldest first; a damaged one is not counted as good."""
    found = []
    for stamp in layout.list_stamps(target):
        try:
            found.append(layout.read_base(target, stamp))
        except BackupFailure:
            continue
    return found


def is_good(base: BaseInfo, segments: Sequence[Segment]) -> bool:
    """Whether the log that a base needs to be usable at all is there without a hole."""
    missing = wal.holes(base, segments)
    return not any(name <= base.last_wal for name in missing)


def old_bases(bases: Sequence[BaseInfo], segments: Sequence[Segment], before: datetime) -> list[BaseInfo]:
    """Bases from before ``before``, but never the newest good one."""
    newest_good = max((b.stamp for b in bases if is_good(b, segments)), default=None)
    if newest_good is None:
        return []
    return [base for base in bases if base.finished_at < before and base.stamp != newest_good]


def old_segments(segments: Sequence[Segment], kept: Sequence[BaseInfo]) -> list[Segment]:
    """Segments before the oldest base that stays."""
    first = min(kept, key=lambda base: base.started_at).first_wal
    # Across timelines the place in the log counts, and the number of the timeline does not.
    return [segment for segment in segments if segment.key[8:] < first[8:]]


def old_keyrings(keyrings: Sequence[Named], now: datetime, keep: timedelta) -> list[Named]:
    """All but the newest: every one of the last hour, one an hour of a day, one a day of ``keep``."""
    gone, seen = [], set()
    for named in sorted(keyrings, key=lambda one: one.key, reverse=True)[1:]:
        at = layout.time_of(named.key)
        age = now - at
        if age <= ALL_KEYRINGS:
            continue
        slot = f"{at:%Y%m%d%H}" if age <= HOURLY_KEYRINGS else f"{at:%Y%m%d}"
        if age > keep or slot in seen:
            gone.append(named)
        seen.add(slot)
    return gone


def _abandoned(target: Target, kept: Iterable[BaseInfo], old: Iterable[BaseInfo], now: datetime) -> list[str]:
    """Parts of bases that went, and of copies that died on the way."""
    good, went = {base.stamp for base in kept}, {base.stamp for base in old}
    return [
        part.path
        for part in layout.list_base_parts(target)
        if part.key in went or (part.key not in good and now - layout.time_of(part.key) > ABANDONED)
    ]


def _delete_segment(target: Target, segment: Segment) -> None:
    if segment.whole:
        target.delete(layout.wal_object(segment.key))
    for offset in segment.pieces:
        target.delete(layout.wal_piece(segment.key, offset))

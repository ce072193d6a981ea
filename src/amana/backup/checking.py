"""Reads everything in a target to its end: what was damaged on the way or on the disk shows."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence

from amana.backup import layout
from amana.backup.envelope import opened
from amana.backup.errors import BackupFailure, ObjectMissing
from amana.backup.keys import Identity
from amana.backup.target import Target


def damaged_objects(
    target: Target, identities: Sequence[Identity], *, moved: Callable[[int], None]
) -> list[str]:
    """A sentence for each object that cannot be opened to its end, and for each base that is another.

    Objects that go while this runs are passed over. Blocks.

    Args:
        moved: told the size of each block that was read.
    """
    found = []
    for stored in target.list():
        if not stored.path.endswith(".age"):
            continue
        try:
            for _ in opened(_counted(target.get(stored.path), moved), identities):
                pass
        except ObjectMissing:
            continue
        except BackupFailure as failure:
            found.append(f"{stored.path} in {target.name}: {failure}")
    for base in layout.list_bases(target):
        found += _other_base(target, base)
    return found


def _other_base(target: Target, base: layout.BaseInfo) -> Iterable[str]:
    """The object is genuine, but is it the one that was put there?"""
    seen = hashlib.sha256()
    try:
        for chunk in target.get(layout.base_tar(base.stamp)):
            seen.update(chunk)
    except ObjectMissing:
        yield f"The base {base.stamp} in {target.name} has lost its copy of the database."
        return
    if seen.hexdigest() != base.sealed_sha256:
        yield f"The base {base.stamp} in {target.name} is not the one that was put there."


def _counted(chunks: Iterable[bytes], moved: Callable[[int], None]) -> Iterator[bytes]:
    for chunk in chunks:
        moved(len(chunk))
        yield chunk

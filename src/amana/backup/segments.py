"""One WAL segment in a target: whole, or so far in pieces.

A segment has 16 MB and may take seconds or days to fill. Until it is full, what is new of it goes to
the target as a piece ``wal/<segment>.<offset>.gz.age``; pieces may overlap, because WAL that was
written never changes. When the segment is full it is put whole, and then its pieces go. So everything
is uploaded twice at most, and nothing has to be rewritten all the time.
"""

from collections.abc import Sequence

from amana.backup import layout
from amana.backup.envelope import open_whole, seal
from amana.backup.errors import ObjectDamaged, ObjectMissing
from amana.backup.keys import Identity, Recipient
from amana.backup.target import Target

# While one is read, the writer may replace its pieces by the whole.
_ATTEMPTS = 3


def put_whole(target: Target, segment: str, data: bytes, recipients: Sequence[Recipient]) -> None:
    """Store a full segment and remove its pieces."""
    target.put(layout.wal_object(segment), [seal(data, recipients)])
    _drop_pieces(target, segment, after=-1)


def put_piece(
    target: Target, segment: str, offset: int, data: bytes, recipients: Sequence[Recipient]
) -> None:
    """Store the bytes of a segment from ``offset`` on."""
    target.put(layout.wal_piece(segment, offset), [seal(data, recipients)])
    if offset == 0:
        # Everything so far in one piece: the small ones are superfluous.
        _drop_pieces(target, segment, after=0)


def read_segment(target: Target, segment: str, identities: Sequence[Identity], *, size_bytes: int) -> bytes:
    """A segment in full length; what is not written yet is zeros, at which recovery stops.

    Raises:
        ObjectMissing: the target holds nothing of it.
        ObjectDamaged: a piece is damaged, or one in the middle is missing.
        WrongIdentity: sealed for other keys.
    """
    for attempt in range(_ATTEMPTS):
        try:
            return open_whole(b"".join(target.get(layout.wal_object(segment))), identities)
        except ObjectMissing:
            found = layout.list_wal(target, name=segment)
            if not found or not found[0].pieces:
                if found and attempt + 1 < _ATTEMPTS:
                    continue  # whole by now
                raise
        try:
            return _joined(target, segment, found[0].pieces, identities).ljust(size_bytes, b"\0")
        except ObjectMissing:
            if attempt + 1 == _ATTEMPTS:
                raise
    raise ObjectMissing(f"{target.name} holds no {segment}.")


def _joined(target: Target, segment: str, offsets: Sequence[int], identities: Sequence[Identity]) -> bytes:
    joined = bytearray()
    for offset in offsets:
        if offset > len(joined):
            raise ObjectDamaged(f"The WAL segment {segment} in {target.name} lacks a piece at {len(joined)}.")
        piece = open_whole(b"".join(target.get(layout.wal_piece(segment, offset))), identities)
        joined[offset : offset + len(piece)] = piece
    return bytes(joined)


def _drop_pieces(target: Target, segment: str, *, after: int) -> None:
    for found in layout.list_wal(target, name=segment):
        for offset in found.pieces:
            if offset > after:
                target.delete(layout.wal_piece(segment, offset))

"""The ballot box of an anonymous poll: who has voted, and how often each choice was made. Pure.

There is one for each poll, written as a whole with every vote. The voters are sorted, so their order says
nothing; the length is that of a box for everybody in the room, so it says nothing either.

::

    cast u32 ‖ options u16 ‖ totals u32 … ‖ voters u32 ‖ ids 16 bytes … ‖ zeros up to a power of two
"""

from dataclasses import dataclass, replace
from struct import Struct, error
from uuid import UUID

from amana.conversations.polls.errors import AlreadyVoted, PollDamaged
from amana.conversations.polls.model import moved
from amana.kernel.ids import UserId

SMALLEST = 1_024
_U32 = Struct(">I")
_HEAD = Struct(">IH")
_ID_BYTES = 16


@dataclass(frozen=True, slots=True)
class Box:
    """What is in it.

    Attributes:
        cast: how many people voted; more than ``voters`` once one of them was erased.
    """

    totals: tuple[int, ...]
    cast: int = 0
    voters: frozenset[UserId] = frozenset()

    def with_vote(self, voter: UserId, choices: list[int]) -> "Box":
        """One vote more; raises AlreadyVoted."""
        if voter in self.voters:
            raise AlreadyVoted
        totals = tuple(moved(self.totals, (), choices))
        return Box(totals, self.cast + 1, self.voters | {voter})

    def without(self, voter: UserId) -> "Box":
        """The same without the name: what they chose stays, as nobody knows what it was."""
        return replace(self, voters=self.voters - {voter})

    def packed(self, members: int) -> bytes:
        """The bytes that are sealed.

        Args:
            members: how many people the room has: the box has a place for each of them.
        """
        size = SMALLEST
        while size < _HEAD.size + _U32.size * (len(self.totals) + 1) + _ID_BYTES * max(
            members, len(self.voters)
        ):
            size *= 2
        parts = [_HEAD.pack(self.cast, len(self.totals))]
        parts += [_U32.pack(total) for total in self.totals]
        parts.append(_U32.pack(len(self.voters)))
        parts += sorted(voter.bytes for voter in self.voters)
        return b"".join(parts).ljust(size, b"\0")


def unpacked(data: bytes) -> Box:
    """The inverse of ``packed``; raises PollDamaged."""
    try:
        cast, options = _HEAD.unpack_from(data)
        totals = tuple(_U32.unpack_from(data, _HEAD.size + _U32.size * place)[0] for place in range(options))
        start = _HEAD.size + _U32.size * options
        (count,) = _U32.unpack_from(data, start)
        start += _U32.size
        ids = [data[at : at + _ID_BYTES] for at in range(start, start + count * _ID_BYTES, _ID_BYTES)]
        return Box(totals, cast, frozenset(UserId(UUID(bytes=one)) for one in ids))
    except (error, ValueError):
        raise PollDamaged from None

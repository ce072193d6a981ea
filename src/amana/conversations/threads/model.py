"""A thread as it stands under its message."""

from dataclasses import dataclass
from uuid import UUID

import msgspec

from amana.kernel.ids import Seq

# Faces beside "12 replies".
MAX_PARTICIPANTS = 3


class ThreadInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What stands under a message that has answers, as one reader sees it. Unread: ``replies - read_no``.

    Attributes:
        replies: how many were ever written, also those that were removed since: they keep their place.
        last_seq: the newest of them; 0 while there is none.
        last_ts: its time in Unix milliseconds.
        participants: who wrote last, the newest first, at most three.
        following: whether new answers concern the reader.
        read_no: how many of them a follower has read; 0 for those who never followed.
    """

    replies: int
    last_seq: int
    last_ts: int
    participants: list[UUID]
    following: bool
    read_no: int


@dataclass(frozen=True, slots=True)
class Thread:
    """A thread as stored."""

    root: Seq
    replies: int
    last_seq: Seq
    last_ts: int


@dataclass(frozen=True, slots=True)
class Follow:
    """How somebody stands to a thread.

    Attributes:
        read_seq: everything up to this event is read.
        read_no: as many answers lie before it.
    """

    following: bool
    read_seq: Seq
    read_no: int

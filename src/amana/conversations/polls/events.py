"""What polls write into the log. Each event says how the poll stands as a whole.

Nothing is written for a vote in an anonymous poll.
"""

from uuid import UUID

import msgspec


class PollVoted(msgspec.Struct, frozen=True, kw_only=True):
    """In the named poll ``target``, ``user_id`` chose ``choices``; empty: their vote is taken back.

    Said by the server itself, the id of 32 zeros, where that person was erased.
    """

    target: int
    user_id: UUID
    choices: list[int]
    voters: int
    totals: list[int]


class PollEnded(msgspec.Struct, frozen=True, kw_only=True):
    """Nobody votes in poll ``target`` any more; of an anonymous one this is the first that is heard of votes.

    ``by`` is null where its time had come. ``voters`` and ``totals`` are null where the votes of an
    anonymous poll could not be read any more.
    """

    target: int
    by: UUID | None
    voters: int | None
    totals: list[int] | None

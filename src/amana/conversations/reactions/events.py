"""What reactions write into the log.

Each event says the state of one emoji at one message as a whole, so that a client which could not read an
earlier one (it was taken back) still arrives at the right number.
"""

from uuid import UUID

import msgspec


class ReactionAdded(msgspec.Struct, frozen=True, kw_only=True):
    """The sender put ``emoji`` to message ``target``, where ``count`` people chose it now.

    ``since`` names the emoji among those of the message: the event with which it came. Once the reaction is
    taken back, or its message ended, this content cannot be read any more.
    """

    target: int
    emoji: str
    count: int
    since: int


class ReactionRemoved(msgspec.Struct, frozen=True, kw_only=True):
    """``user_id`` took back the emoji named by ``since``; ``count`` people are left, 0: it is gone.

    Said by the server itself, the id of 32 zeros, where that person was erased.
    """

    target: int
    since: int
    count: int
    user_id: UUID

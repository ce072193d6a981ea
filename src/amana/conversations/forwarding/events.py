"""What a forwarded message says beside its text."""

from uuid import UUID

import msgspec


class Forwarded(msgspec.Struct, frozen=True, kw_only=True):
    """Whose words these are, and when they were first said (Unix milliseconds).

    Not where: the id of a conversation between two people would tell that they talk. ``hops`` counts how
    often it was forwarded.
    """

    author_id: UUID
    at: int
    hops: int

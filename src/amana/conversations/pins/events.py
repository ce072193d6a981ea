"""What pins write into the log."""

import msgspec


class MessagePinned(msgspec.Struct, frozen=True, kw_only=True):
    """The sender pinned message ``target`` for everybody."""

    target: int


class MessageUnpinned(msgspec.Struct, frozen=True, kw_only=True):
    """The sender took message ``target`` off. A message that is removed or erased goes without this."""

    target: int

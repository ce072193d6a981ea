"""Refusals around forwarding."""

from amana.kernel.errors import Conflict, Forbidden, Invalid


class ForwardingOff(Forbidden):
    """The room keeps to itself what is said in it."""

    code = "forwarding_off"

    def __init__(self) -> None:
        super().__init__("Messages of this room may not be forwarded.")


class ForwardingImpossible(Conflict):
    """It is more than words, and means something only where it was said."""

    code = "forwarding_impossible"

    def __init__(self) -> None:
        super().__init__("This message cannot be forwarded.")


class TooManyTargets(Invalid):
    """None, or more places than one request may have."""

    code = "too_many_targets"

    def __init__(self, *, limit: int) -> None:
        super().__init__(f"Forward to at most {limit} chats at once.", field="targets", limit=limit)


class ForwardedIsFixed(Conflict):
    """They are somebody else's words: an edit would put others into that person's mouth."""

    code = "forwarded_is_fixed"

    def __init__(self) -> None:
        super().__init__("A forwarded message cannot be edited.")


ALL: tuple[type[Exception], ...] = (ForwardingOff, ForwardingImpossible, TooManyTargets, ForwardedIsFixed)

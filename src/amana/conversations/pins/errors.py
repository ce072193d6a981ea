"""Refusals around pins."""

from amana.kernel.errors import Conflict, Forbidden


class PinningRestricted(Forbidden):
    """Where only some people write, and in channels, not everybody pins."""

    code = "pinning_restricted"

    def __init__(self) -> None:
        super().__init__("Only owners pin messages here.")


class TooManyPins(Conflict):
    code = "too_many_pins"

    def __init__(self, *, limit: int) -> None:
        super().__init__(f"Unpin something first: the limit is {limit}.", limit=limit)


ALL: tuple[type[Exception], ...] = (PinningRestricted, TooManyPins)

"""Refusals of the compliance domain."""

from amana.kernel.errors import NotFound


class ErasureNotFound(NotFound):
    """Nobody asked for this person to be erased."""

    code = "erasure_not_found"

    def __init__(self) -> None:
        super().__init__("Nobody asked to erase this person.")


ALL: tuple[type[Exception], ...] = (ErasureNotFound,)

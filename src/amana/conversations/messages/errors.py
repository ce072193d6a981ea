"""Refusals by the rules of a room about what was said in it."""

from amana.kernel.errors import Forbidden


class EditWindowOver(Forbidden):
    """The room lets authors edit for some time only, or never."""

    code = "edit_window_over"

    def __init__(self, *, limit_s: int) -> None:
        super().__init__("In this room this message can no longer be edited.", limit_s=limit_s)


class RemovalRestricted(Forbidden):
    """The room leaves it to authors alone to remove what they wrote, or to its owners alone."""

    code = "removal_restricted"

    def __init__(self, *, rule: str) -> None:
        super().__init__("The rules of this room do not let you remove this message.", rule=rule)


ALL: tuple[type[Exception], ...] = (EditWindowOver, RemovalRestricted)

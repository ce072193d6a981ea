"""Refusals around polls."""

from amana.kernel.errors import Conflict, Invalid, NotFound


class PollOptionsInvalid(Invalid):
    """Too few or too many choices, one without words, one that is too long, or two that are the same."""

    code = "poll_options_invalid"

    def __init__(self, *, least: int, limit: int, length: int) -> None:
        super().__init__(
            f"Give {least} to {limit} different choices of at most {length} characters.",
            field="poll",
            least=least,
            limit=limit,
            length=length,
        )


class PollTimeInvalid(Invalid):
    """The time at which it closes is past, or too far ahead."""

    code = "poll_time_invalid"

    def __init__(self, *, days: int) -> None:
        super().__init__(f"Choose a time within the next {days} days.", field="closes_at", days=days)


class PollNotFound(NotFound):
    """There is no poll at this message, or it is not of the kind that was asked for."""

    code = "poll_not_found"

    def __init__(self) -> None:
        super().__init__("There is no such poll.")


class PollClosed(Conflict):
    """Nobody votes any more."""

    code = "poll_closed"

    def __init__(self) -> None:
        super().__init__("This poll is closed.")


class ChoiceInvalid(Invalid):
    """Not one of the choices, or more than may be chosen; in an anonymous poll also: none."""

    code = "poll_choice_invalid"

    def __init__(self) -> None:
        super().__init__("Choose from what the poll offers.", field="choices")


class AlreadyVoted(Conflict):
    """An anonymous vote is final: nobody can find it any more."""

    code = "already_voted"

    def __init__(self) -> None:
        super().__init__("You have voted already. An anonymous vote cannot be changed.")


class PollDamaged(Conflict):
    """What is stored of the votes does not open."""

    code = "poll_damaged"

    def __init__(self) -> None:
        super().__init__("The stored votes are damaged.")


class MessageIsFixed(Conflict):
    """Polls are not edited: people answered to what stood there."""

    code = "message_is_fixed"

    def __init__(self) -> None:
        super().__init__("A poll cannot be edited. Remove it and post a new one.")


ALL: tuple[type[Exception], ...] = (
    PollOptionsInvalid,
    PollTimeInvalid,
    PollNotFound,
    PollClosed,
    ChoiceInvalid,
    AlreadyVoted,
    PollDamaged,
    MessageIsFixed,
)

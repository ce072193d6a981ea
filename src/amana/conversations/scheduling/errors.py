"""Refusals about what is to be said later."""

from amana.kernel.errors import Conflict, Invalid, NotFound


class ScheduleNotFound(NotFound):
    """There is none of this id, or it is somebody else's: the same answer on purpose."""

    code = "schedule_not_found"

    def __init__(self) -> None:
        super().__init__("There is no such scheduled message.")


class ScheduleEnded(Conflict):
    """It was sent or taken back already."""

    code = "schedule_ended"

    def __init__(self) -> None:
        super().__init__("This message is not waiting any more.")


class UndoTooLate(Conflict):
    """It is said: everybody may have read it."""

    code = "undo_too_late"

    def __init__(self, *, seq: int) -> None:
        super().__init__("The message was sent already.", seq=seq)


class MessageUndone(Conflict):
    """A retry of what its author took back."""

    code = "message_undone"

    def __init__(self) -> None:
        super().__init__("You took this message back.")


class UndoTimeInvalid(Invalid):
    code = "undo_time_invalid"

    def __init__(self, *, limit: int) -> None:
        super().__init__(f"A message is held back for 1 to {limit} seconds.", field="undo_s", limit=limit)


class TimeInvalid(Invalid):
    """In the past, or further ahead than anybody plans."""

    code = "schedule_time_invalid"

    def __init__(self, *, days: int) -> None:
        super().__init__(f"Choose a time within the next {days} days.", field="at", days=days)


class RepeatInvalid(Invalid):
    """``field`` says which part: ``starts``, ``zone`` or ``rule``; ``when`` when it is not said once."""

    code = "repeat_invalid"

    def __init__(self, field: str) -> None:
        super().__init__("This repetition is not understood.", field=field)


class TooManyScheduled(Conflict):
    code = "too_many_scheduled"

    def __init__(self, *, limit: int) -> None:
        super().__init__(f"At most {limit} messages can wait at a time.", limit=limit)


class ContentUnreadable(Conflict):
    """What was to be said cannot be opened any more, after a restore perhaps. Nobody is asked: it fails."""

    code = "content_unreadable"

    def __init__(self) -> None:
        super().__init__("The text of this message cannot be read any more.")


class OwnerGone(Conflict):
    """Whoever it would be said for is erased, and nobody took it over."""

    code = "schedule_owner_gone"

    def __init__(self) -> None:
        super().__init__("Nobody is left to say this message.")


ALL: tuple[type[Exception], ...] = (
    ScheduleNotFound,
    ScheduleEnded,
    UndoTooLate,
    MessageUndone,
    UndoTimeInvalid,
    TimeInvalid,
    RepeatInvalid,
    TooManyScheduled,
    ContentUnreadable,
    OwnerGone,
)

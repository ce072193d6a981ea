"""Refusals: what a caller may meet, with a stable code and fields. Statuses live at the edge.

A refusal is an answer and not a fault. A bug is no refusal: it crashes the request, is logged
and answers ``internal_error``.
"""

import traceback
from typing import ClassVar

Field = str | int | float | bool | list[str] | None


class Refusal(Exception):
    """Base of everything the product says no with.

    Attributes:
        code: stable, snake_case, part of the public API; the sentence for people is looked up
            by it in the catalogue (``error-<code>`` with dashes), in the reader's language.
        fields: facts for the sentence and for programs. Never content, tokens or keys.
    """

    code: ClassVar[str] = "refused"

    def __init__(self, message: str, **fields: Field) -> None:
        super().__init__(message)
        self.message = message
        self.fields: dict[str, Field] = fields


class Invalid(Refusal):
    """The request itself is wrong; repeating it changes nothing."""

    code = "invalid"


class Unauthenticated(Refusal):
    """Nobody is signed in, or the proof of who is asking did not hold."""

    code = "unauthenticated"


class Forbidden(Refusal):
    """The caller is known and may see the thing, but may not do this."""

    code = "forbidden"


class NotFound(Refusal):
    """There is no such thing, or the caller may not know that it exists."""

    code = "not_found"


class Gone(Refusal):
    """It existed and is used up, expired or revoked; the holder of its secret may know that."""

    code = "gone"


class Conflict(Refusal):
    """The request is right but the state of things does not allow it now."""

    code = "conflict"


class TooLarge(Refusal):
    """More bytes than a limit allows."""

    code = "too_large"


class Busy(Refusal):
    """Too much to do or asked too often: nothing was done, try again after ``retry_after_s``."""

    code = "busy"

    def __init__(self, message: str, *, retry_after_s: float, **fields: Field) -> None:
        super().__init__(message, retry_after_s=retry_after_s, **fields)
        self.retry_after_s = retry_after_s


class StartFailure(Exception):
    """Why a process could not start, in a sentence for the person at the terminal.

    Printed without a stack trace; the process ends with exit code 1.
    """


def places(fault: BaseException) -> list[str]:
    """Where a fault came through, innermost last: what a log may hold of it."""
    frames = traceback.extract_tb(fault.__traceback__)
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames[-12:]]

"""Refusals of the evidence domain."""

from amana.kernel.errors import NotFound


class NotInLog(NotFound):
    """The log, or the part of it that was asked for, does not exist."""

    code = "not_in_log"

"""Refusals of the evidence domain."""

from amana.kernel.errors import Invalid, NotFound


class NotInLog(NotFound):
    """The log, or the part of it that was asked for, does not exist."""

    code = "not_in_log"


class PolicyWrong(Invalid):
    """The text is no policy, or names an address where no witness may be asked."""

    code = "policy_wrong"

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(f"Line {line} of the policy is wrong: {reason}.", line=line, reason=reason)

"""What the vault says no with."""

from amana.kernel.errors import Busy, Conflict, StartFailure


class RootKeyFailure(StartFailure):
    """The server cannot start with this root key: missing, unsafe, locked, damaged or another one's."""

    code = "root_key"


class RootKeyLost(RootKeyFailure):
    """The root key of a database that needs one cannot be had. Becomes an explanation at the terminal.

    Attributes:
        look_for: what would end it, a sentence.
    """

    def __init__(self, reason: str, *, look_for: str) -> None:
        super().__init__(f"{reason} {look_for}")
        self.reason = reason
        self.look_for = look_for


class KeyUnavailable(Conflict):
    """There is no usable key: it was never made, was destroyed, or its stored form was changed."""

    code = "key_unavailable"


class RootKeyUnreachable(Busy):
    """The key service does not answer now. Nothing was done; what has its keys in memory goes on."""

    code = "root_key_unreachable"

    def __init__(
        self, message: str = "The key service does not answer.", *, retry_after_s: float = 5
    ) -> None:
        super().__init__(message, retry_after_s=retry_after_s)


class CannotUnwrap(Exception):
    """A stored key failed its authentication. Becomes ``KeyUnavailable`` or a damage report."""

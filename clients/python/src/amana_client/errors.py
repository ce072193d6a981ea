"""What can go wrong, in the server's words and in ours."""

from typing import Any


class AmanaError(Exception):
    """Base of everything this library raises."""


class Refused(AmanaError):
    """The server said no.

    Attributes:
        status: of HTTP; 0 when it was said on the socket.
        code: stable, see docs/api/errors.md.
        message: for people, in the language of whoever the token belongs to.
        fields: facts for programs; ``retry_after_s`` when waiting helps.
    """

    def __init__(self, status: int, code: str, message: str, fields: dict[str, Any]) -> None:
        super().__init__(f"{status} {code} {fields}" if status else f"{code} {fields}")
        self.status = status
        self.code = code
        self.message = message
        self.fields = fields


class NotSignedIn(AmanaError):
    """The token is nobody's, was revoked or has expired: nothing helps but a new one."""


class NotAllowed(AmanaError):
    """This token may not open the socket: it needs the scope ``messages:read``."""


class ProtocolBroken(AmanaError):
    """The server closed the socket because of what this library sent, or sent what makes no sense."""

"""Refusals of the edge itself."""

from amana.kernel.errors import Busy, Forbidden, Invalid, NotFound, Refusal, TooLarge


class InvalidRequest(Invalid):
    """The body or a parameter does not have the documented shape."""

    code = "invalid_request"


class InvalidUtf8(Invalid):
    """The body is not UTF-8 text."""

    code = "invalid_utf8"


class JsonOnly(Invalid):
    """The body is something else than JSON: no HTML form may reach this API."""

    code = "json_only"


class UnknownRoute(NotFound):
    """There is nothing at this path."""

    code = "not_found"


class MethodNotAllowed(Refusal):
    """The path exists, the method does not."""

    code = "method_not_allowed"


class BodyTooLarge(TooLarge):
    """The body is larger than the edge reads."""

    code = "body_too_large"


class WrongOrigin(Forbidden):
    """Another website tried to act with this person's cookie."""

    code = "wrong_origin"


class ScopeMissing(Forbidden):
    """The API token was not made for this; ``scope`` names what it would need."""

    code = "token_scope_missing"

    def __init__(self, *, scope: str) -> None:
        super().__init__("This token may not do this.", scope=scope)


class NotForTokens(Forbidden):
    """No API token may do this, whatever its scopes: it needs a person who signed in."""

    code = "not_for_tokens"

    def __init__(self) -> None:
        super().__init__("Sign in to do this; an API token is not enough.")


class TooManyRequests(Busy):
    """A network or a session asked more often than the limit."""

    code = "too_many_requests"


class RequestTimeout(Busy):
    """The answer was not begun in time; the change may still have been made."""

    code = "request_timeout"


REFUSALS = (
    InvalidRequest,
    InvalidUtf8,
    JsonOnly,
    UnknownRoute,
    MethodNotAllowed,
    BodyTooLarge,
    WrongOrigin,
    ScopeMissing,
    NotForTokens,
    TooManyRequests,
    RequestTimeout,
)

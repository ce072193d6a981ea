"""The only place where a refusal becomes a status and a body."""

from collections.abc import Mapping
from http import HTTPStatus
from math import ceil

import msgspec
import structlog

from amana.http import errors
from amana.kernel import i18n
from amana.kernel.errors import (
    Busy,
    Conflict,
    Forbidden,
    Gone,
    Invalid,
    NotFound,
    Refusal,
    TooLarge,
    Unauthenticated,
    places,
)
from amana.kernel.tally import TALLY
from amana.storage.errors import StorageFull

log = structlog.get_logger("amana.http")

# First match wins: special refusals stand before their base.
STATUSES: tuple[tuple[type[Refusal], HTTPStatus], ...] = (
    (errors.JsonOnly, HTTPStatus.UNSUPPORTED_MEDIA_TYPE),
    (errors.MethodNotAllowed, HTTPStatus.METHOD_NOT_ALLOWED),
    (errors.RequestTimeout, HTTPStatus.SERVICE_UNAVAILABLE),
    (Invalid, HTTPStatus.BAD_REQUEST),
    (Unauthenticated, HTTPStatus.UNAUTHORIZED),
    (Forbidden, HTTPStatus.FORBIDDEN),
    (NotFound, HTTPStatus.NOT_FOUND),
    (Conflict, HTTPStatus.CONFLICT),
    (Gone, HTTPStatus.GONE),
    (TooLarge, HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
    (Busy, HTTPStatus.TOO_MANY_REQUESTS),
)
# Not the caller's doing: the server itself cannot just now.
UNAVAILABLE_CODES = frozenset({"request_timeout", "draining"})


class ErrorBody(msgspec.Struct, frozen=True):
    """What went wrong: ``code`` for programs, ``message`` for people, ``fields`` for both."""

    code: str
    message: str
    fields: dict[str, str | int | float | bool | list[str] | None]


class ErrorAnswer(msgspec.Struct, frozen=True):
    """The one shape of every refusal."""

    error: ErrorBody


class Answer(msgspec.Struct, frozen=True):
    """A finished HTTP answer: status, extra headers, JSON bytes."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes


def status_of(refusal: Refusal) -> HTTPStatus:
    """The HTTP status a refusal is answered with."""
    return status_of_kind(type(refusal))


def status_of_kind(kind: type[Refusal]) -> HTTPStatus:
    """The same for a class of refusals."""
    if issubclass(kind, StorageFull):
        return HTTPStatus.INSUFFICIENT_STORAGE
    if kind.code in UNAVAILABLE_CODES or kind.code.startswith("storage_"):
        return HTTPStatus.SERVICE_UNAVAILABLE
    return next((status for base, status in STATUSES if issubclass(kind, base)), HTTPStatus.BAD_REQUEST)


def error_body(code: str, sentence: str, language: str, fields: Mapping[str, object]) -> ErrorBody:
    """Put a refusal into the caller's language; ``sentence`` is used when the catalogue has none."""
    key = f"error-{code.replace('_', '-')}"
    has_text = i18n.has_text(key, language) or i18n.has_text(key, i18n.DEFAULT_LANGUAGE)
    message = i18n.refusal_text(code, language, fields) if has_text else sentence
    return msgspec.convert({"code": code, "message": message, "fields": dict(fields)}, ErrorBody)


def answer_refusal(refusal: Refusal, language: str) -> Answer:
    """The answer for a refusal, with ``Retry-After`` when waiting helps."""
    TALLY.refusals[refusal.code] += 1
    headers: list[tuple[bytes, bytes]] = []
    if isinstance(refusal, Busy):
        headers.append((b"retry-after", str(max(1, ceil(refusal.retry_after_s))).encode()))
    allow = refusal.fields.get("allow")
    if isinstance(refusal, errors.MethodNotAllowed) and isinstance(allow, list):
        headers.append((b"allow", ", ".join(allow).encode()))
    if isinstance(refusal, Unauthenticated):
        headers.append((b"www-authenticate", b"Bearer"))
    body = error_body(refusal.code, refusal.message, language, refusal.fields)
    return _answer(status_of(refusal), headers, body)


def answer_fault(fault: BaseException, language: str, *, route: str, reference: str) -> Answer:
    """The answer for a bug: a reference that finds the log entry, nothing of what was inside.

    The log gets the exception's type and where it happened, never its text: that may quote content.
    """
    log.error(
        "http.internal_error",
        reference=reference,
        kind=type(fault).__name__,
        route=route,
        where=places(fault),
    )
    body = error_body("internal_error", "Something broke on our side.", language, {"reference": reference})
    return _answer(HTTPStatus.INTERNAL_SERVER_ERROR, [], body)


def _answer(status: HTTPStatus, headers: list[tuple[bytes, bytes]], error: ErrorBody) -> Answer:
    body = msgspec.json.encode(ErrorAnswer(error))
    kind = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    return Answer(int(status), [*kind, *headers], body)

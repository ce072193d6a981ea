"""What the description of the API says beyond the shapes: refusals, statuses, scopes."""

from collections.abc import Iterator, Mapping, Sequence

from amana.app.operation_refusals import OPERATIONS as REFUSALS
from amana.app.scopes import OPERATIONS as SCOPES
from amana.http.answers import status_of_kind
from amana.http.openapi import Described
from amana.kernel.errors import Refusal
from amana.people.api_tokens.model import SCOPES as SCOPE_TEXTS


def described(refusals: Mapping[str, Sequence[str]] = REFUSALS) -> Described:
    """Put together from the tables; the statuses are those of every refusal that is loaded."""
    statuses = {kind.code: int(status_of_kind(kind)) for kind in _kinds(Refusal)}
    return Described(refusals, statuses, SCOPES, SCOPE_TEXTS)


def _kinds(base: type[Refusal]) -> Iterator[type[Refusal]]:
    for kind in base.__subclasses__():
        yield kind
        yield from _kinds(kind)

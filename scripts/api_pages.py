"""The pages and tables that describe the API: which refusals, which scope, what the routes are."""

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, cast

from amana.kernel.errors import Refusal
from amana.kernel.feature import Feature
from scripts import asyncapi
from scripts.reachable_refusals import reachable

Json = dict[str, Any]
Codes = dict[str, tuple[str, ...]]
# What every request may meet stands once on the page and not with each route.
EVERYWHERE = frozenset(
    {
        "invalid_request", "method_not_allowed", "too_many_requests", "request_timeout", "body_too_large",
        "token_scope_missing", "not_for_tokens", "json_only", "invalid_utf8", "wrong_origin", "not_found",
        "unauthenticated", "internal_error",
    }
)  # fmt: skip
HTTP_PAGE = """# The HTTP API

Every route of `/v1/openapi.json` (OpenAPI 3.1), which has the shapes, an example of each body and answer,
and every refusal by status. What people do with them: [people](people.md),
[conversations](conversations.md), [tokens](tokens.md), [the log](log.md).

The scope is what a [personal API token](tokens.md) needs: `any` token, or `–` none at all. Any request may
also be answered with {everywhere}; 429 and 503 carry `Retry-After`.

"""


def refusal_codes(kinds: list[type[Refusal]]) -> tuple[Codes, Codes]:
    """Codes by operation and by frame type."""
    from amana.app.features import FEATURES

    names = {f"{kind.__module__}.{kind.__qualname__}": kind.code for kind in kinds}

    # What a bug is answered with is in every answer anyway.
    def codes(entry: str) -> tuple[str, ...]:
        return tuple(sorted(reachable([entry], names) - {"internal_error"}))

    operations = {name: codes(entry) for name, entry in sorted(_routes(FEATURES))}
    return operations, {name: codes(entry) for name, entry in asyncapi.socket_entries().items()}


def _routes(features: tuple[Feature, ...]) -> Iterator[tuple[str, str]]:
    for feature in features:
        for route in feature.routes:
            function = cast(Any, route).fn
            function = getattr(function, "value", function)
            yield str(cast(Any, route).operation_id), f"{function.__module__}.{function.__name__}"


def refusal_table(operations: Codes, frames: Codes) -> str:
    """The JSON of both tables, a line for each operation."""
    parts = [f'"{name}": {_lines(codes)}' for name, codes in (("operations", operations), ("frames", frames))]
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _lines(codes: Codes) -> str:
    return "{\n" + ",\n".join(f' "{name}": {json.dumps(found)}' for name, found in codes.items()) + "\n}"


@cache
def _application() -> Any:  # the whole router without anything behind it
    from amana.app.features import FEATURES
    from amana.http import EdgeSettings, build_app

    nothing = cast(Any, asyncapi.Nothing())
    return build_app(FEATURES, nothing, EdgeSettings("https://chat.example"), authenticate=nothing)


def openapi(operations: Mapping[str, Sequence[str]]) -> Json:
    """The document that servers give at ``/v1/openapi.json``."""
    from amana.app.description import described
    from amana.http.openapi import document

    return document(_application().litestar, described(operations))


def http_rows(document: Json, operations: Codes) -> Iterator[tuple[str, str, str, str, str]]:
    """Request, operation, scope, what it does, its own refusals; sorted by path."""
    from amana.app.scopes import OPERATIONS
    from amana.http.scopes import ANY_TOKEN

    for path, methods in sorted(document["paths"].items()):
        for method, operation in methods.items():
            name = operation["operationId"]
            scope = OPERATIONS.get(name)
            own = [code for code in operations.get(name, ()) if code not in EVERYWHERE]
            own = [code for code in own if not code.startswith("storage_")]
            yield (
                f"`{method.upper()} {path}`",
                f"`{name}`",
                "any" if scope == ANY_TOKEN else f"`{scope}`" if scope else "–",
                operation.get("description", "").partition("\n")[0].replace("``", "`"),
                ", ".join(f"`{code}`" for code in own),
            )

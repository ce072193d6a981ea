"""The OpenAPI 3.1 document: Litestar's, with what only the product knows.

For each operation: which refusals it may answer with, which scope an API token needs, and an example
of its body and of its answer.
"""

import inspect
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, get_args

import msgspec
from litestar import Litestar, Request
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme

from amana.http import errors
from amana.http.asgi import SAFE_METHODS
from amana.http.authentication import SESSION_COOKIE
from amana.http.examples import Examples
from amana.http.routing import Access
from amana.http.scopes import ANY_TOKEN, Scopes
from amana.kernel.errors import Refusal

# Every status ``answers.py`` can give, with what it means for the caller.
ERROR_STATUSES = {
    400: "The request is wrong; repeating it changes nothing.",
    401: "Nobody is signed in, or the proof of who asks did not hold.",
    403: "Known, but not allowed.",
    404: "There is no such thing, or you may not know of it.",
    405: "This path has no such method.",
    409: "The state of things does not allow it now.",
    410: "It is used up, expired or revoked.",
    413: "Too large.",
    415: "Only application/json is accepted.",
    429: "Too often; see Retry-After.",
    500: "A fault on the server; the reference finds it in the log.",
    503: "The server cannot answer now; see Retry-After.",
    507: "The server's disk is full; reading goes on.",
}
WAITING = frozenset({429, 503})
INTERNAL = "internal_error"
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Described:
    """What the composition root adds to the description.

    Attributes:
        refusals: operation → codes that it may answer with, besides those of the edge.
        statuses: code → HTTP status, of every refusal there is.
        scopes: operation → what an API token needs for it.
        scope_texts: scope → what it allows.
    """

    refusals: Mapping[str, Sequence[str]] = field(default_factory=dict)
    statuses: Mapping[str, int] = field(default_factory=dict)
    scopes: Scopes = field(default_factory=dict)
    scope_texts: Mapping[str, str] = field(default_factory=dict)


def openapi_config(*, version: str, described: Described) -> OpenAPIConfig:
    """What Litestar needs to describe the routes."""
    scopes = "\n".join(f"* `{name}`: {text}" for name, text in described.scope_texts.items())
    return OpenAPIConfig(
        title="Amana",
        version=version,
        path="/v1/openapi.json",
        use_handler_docstrings=True,
        render_plugins=[_DocumentPlugin(described)],
        security=[{"cookie": []}, {"bearer": []}],
        components=Components(
            security_schemes={
                "cookie": SecurityScheme(
                    type="apiKey",
                    name=SESSION_COOKIE,
                    security_scheme_in="cookie",
                    description="The session of a browser; may do everything its person may.",
                ),
                "bearer": SecurityScheme(
                    type="http",
                    scheme="bearer",
                    description=(
                        "A personal API token, or the value of the session cookie. A token may do what its "
                        f"scopes say; each operation names the one it needs.\n\n{scopes}"
                    ),
                ),
            }
        ),
    )


def document(app: Litestar, described: Described | None = None) -> Json:
    """The finished document for ``app``."""
    described = described or Described()
    schema = msgspec.json.decode(msgspec.json.encode(app.openapi_schema.to_schema()))
    schemas = schema.setdefault("components", {}).setdefault("schemas", {})
    schemas.update(_error_schemas())
    for struct in _structs(app):
        described_as = schemas.get(struct.__name__)
        if described_as is not None:
            if struct.__struct_config__.forbid_unknown_fields:
                described_as["additionalProperties"] = False
            described_as.setdefault("description", inspect.cleandoc(struct.__doc__ or ""))
    examples = Examples(schemas)
    handlers = {str(handler.operation_id): handler for handler in _handlers(app)}
    for path, operations in schema.get("paths", {}).items():
        for method, operation in operations.items():
            handler = handlers.get(str(operation.get("operationId"))) if isinstance(operation, dict) else None
            if handler is not None:
                _describe(operation, handler, described, path=path, method=method.upper())
                examples.add_to(operation)
    return dict(schema)


class _DocumentPlugin(JsonRenderPlugin):
    def __init__(self, described: Described) -> None:
        super().__init__(path="/")
        self._described = described
        self._made: bytes | None = None

    def render(self, request: Request[Any, Any, Any], openapi_schema: Json) -> bytes:
        if self._made is None:
            self._made = msgspec.json.encode(document(request.app, self._described))
        return self._made


def _describe(
    operation: Json, handler: HTTPRouteHandler, described: Described, *, path: str, method: str
) -> None:
    name = str(handler.operation_id)
    access: Access | None = handler.opt.get("access")
    is_public = access is None or access.kind == "public"
    scope = described.scopes.get(name)
    operation["security"] = _security(scope, is_public=is_public)
    operation["description"] = _description(operation.get("description", ""), access, scope)
    # Litestar describes only its own idea of a wrong request.
    operation["responses"] = {
        status: answer for status, answer in operation["responses"].items() if int(status) < 400
    }
    codes = {*described.refusals.get(name, ()), *_edge_codes(method, path, is_public=is_public)}
    by_status: dict[int, list[str]] = {int(HTTPStatus.INTERNAL_SERVER_ERROR): [INTERNAL]}
    for code in sorted(codes):
        by_status.setdefault(described.statuses.get(code, 400), []).append(code)
    for status, found in sorted(by_status.items()):
        operation["responses"][str(status)] = _refusal_answer(status, found)


def _security(scope: str | None, *, is_public: bool) -> list[Json]:
    if is_public:
        return [{}]
    return [{"cookie": []}, {"bearer": [] if scope in (None, ANY_TOKEN) else [scope]}]


def _description(text: str, access: Access | None, scope: str | None) -> str:
    """The handler's own words, and below them who may."""
    said = [text.strip()] if text else []
    if access is not None and access.kind == "capability":
        said.append(f"Needs the capability `{access.name}`.")
    if scope is None:
        said.append("Not for API tokens.")
    elif scope != ANY_TOKEN:
        said.append(f"API tokens need the scope `{scope}`.")
    return "\n\n".join(said)


def _edge_codes(method: str, path: str, *, is_public: bool) -> Iterator[str]:
    """What may be answered before the operation itself is asked."""
    edge: list[type[Refusal]] = [
        errors.InvalidRequest,
        errors.MethodNotAllowed,
        errors.TooManyRequests,
        errors.RequestTimeout,
    ]
    edge += [errors.BodyTooLarge, errors.ScopeMissing, errors.NotForTokens]
    if method not in SAFE_METHODS:
        edge += [errors.JsonOnly, errors.InvalidUtf8, errors.WrongOrigin]
    if "{" in path:
        edge.append(errors.UnknownRoute)
    yield from (kind.code for kind in edge)
    yield "storage_unavailable"
    if not is_public:
        yield "unauthenticated"


def _refusal_answer(status: int, codes: Iterable[str]) -> Json:
    listed = list(codes)
    schema: Json = {
        "allOf": [{"$ref": "#/components/schemas/ErrorAnswer"}],
        "properties": {"error": {"properties": {"code": {"enum": listed}}}},
    }
    meaning = ERROR_STATUSES.get(status, HTTPStatus(status).phrase)
    sample = {"error": {"code": listed[0], "message": "…", "fields": {}}}
    answer: Json = {
        "description": f"{meaning} Codes: {', '.join(f'`{code}`' for code in listed)}.",
        "content": {"application/json": {"schema": schema, "example": sample}},
    }
    if status in WAITING:
        answer["headers"] = {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds."}}
    return answer


def _error_schemas() -> Json:
    value = {"type": ["string", "number", "boolean", "array", "null"], "items": {"type": "string"}}
    body = {
        "type": "object",
        "required": ["code", "message", "fields"],
        "properties": {
            "code": {"type": "string", "description": "Stable; for programs."},
            "message": {"type": "string", "description": "A sentence in the caller's language."},
            "fields": {"type": "object", "additionalProperties": value},
        },
    }
    answer = {
        "type": "object",
        "required": ["error"],
        "properties": {"error": {"$ref": "#/components/schemas/ErrorBody"}},
    }
    return {"ErrorBody": body, "ErrorAnswer": answer}


def _handlers(app: Litestar) -> Iterator[HTTPRouteHandler]:
    for route in app.routes:
        for handler in getattr(route, "route_handlers", ()):
            if isinstance(handler, HTTPRouteHandler):
                yield handler


def _structs(app: Litestar) -> Iterator[type[msgspec.Struct]]:
    """The structs of all bodies and answers: Litestar tells neither their words nor if they are closed."""
    for handler in _handlers(app):
        if handler.parsed_data_field is not None:
            yield from _structs_in(handler.parsed_data_field.annotation, set())
        yield from _structs_in(handler.parsed_return_field.annotation, set())


def _structs_in(kind: object, seen: set[object]) -> Iterator[type[msgspec.Struct]]:
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct) and kind not in seen:
        seen.add(kind)
        yield kind
        for one in msgspec.structs.fields(kind):
            yield from _structs_in(one.type, seen)
    for part in get_args(kind):
        yield from _structs_in(part, seen)

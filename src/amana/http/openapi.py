"""The OpenAPI 3.1 document: Litestar's, with the one error shape on every route."""

from collections.abc import Iterator
from typing import Any, get_args

import msgspec
from litestar import Litestar, Request
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme

from amana.http.authentication import SESSION_COOKIE

# Every status ``answers.py`` can give, with what it means for the caller.
ERROR_STATUSES = {
    400: "The request is wrong; repeating it changes nothing.",
    401: "Nobody is signed in.",
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
}
Json = dict[str, Any]


def openapi_config(*, version: str) -> OpenAPIConfig:
    """What Litestar needs to describe the routes."""
    return OpenAPIConfig(
        title="Amana",
        version=version,
        path="/v1/openapi.json",
        use_handler_docstrings=True,
        render_plugins=[_DocumentPlugin(path="/")],
        security=[{"cookie": []}, {"bearer": []}],
        components=Components(
            security_schemes={
                "cookie": SecurityScheme(type="apiKey", name=SESSION_COOKIE, security_scheme_in="cookie"),
                "bearer": SecurityScheme(type="http", scheme="bearer"),
            }
        ),
    )


def document(app: Litestar) -> Json:
    """The finished document for ``app``."""
    described = app.openapi_schema.to_schema()
    schemas = described.setdefault("components", {}).setdefault("schemas", {})
    schemas.update(_error_schemas())
    for operations in described.get("paths", {}).values():
        for operation in operations.values():
            if isinstance(operation, dict) and "responses" in operation:
                _add_errors(operation["responses"])
    for name in _closed_structs(app):
        if name in schemas:
            schemas[name]["additionalProperties"] = False
    return described


class _DocumentPlugin(JsonRenderPlugin):
    def render(self, request: Request[Any, Any, Any], openapi_schema: Json) -> bytes:
        return msgspec.json.encode(document(request.app))


def _add_errors(responses: Json) -> None:
    for status, description in ERROR_STATUSES.items():
        schema = {"$ref": "#/components/schemas/ErrorAnswer"}
        answer: Json = {"description": description, "content": {"application/json": {"schema": schema}}}
        if status in (429, 503):
            answer["headers"] = {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds."}}
        responses[str(status)] = answer


def _error_schemas() -> Json:
    field = {"type": ["string", "number", "boolean", "array", "null"], "items": {"type": "string"}}
    body = {
        "type": "object",
        "required": ["code", "message", "fields"],
        "properties": {
            "code": {"type": "string", "description": "Stable; for programs."},
            "message": {"type": "string", "description": "A sentence in the caller's language."},
            "fields": {"type": "object", "additionalProperties": field},
        },
    }
    answer = {
        "type": "object",
        "required": ["error"],
        "properties": {"error": {"$ref": "#/components/schemas/ErrorBody"}},
    }
    return {"ErrorBody": body, "ErrorAnswer": answer}


def _closed_structs(app: Litestar) -> Iterator[str]:
    """Names of the request structs that refuse unknown fields (Litestar does not say it)."""
    for route in app.routes:
        for handler in getattr(route, "route_handlers", ()):
            if isinstance(handler, HTTPRouteHandler) and handler.parsed_data_field is not None:
                yield from _struct_names(handler.parsed_data_field.annotation)


def _struct_names(kind: object) -> Iterator[str]:
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        if kind.__struct_config__.forbid_unknown_fields:
            yield kind.__name__
        for field in msgspec.structs.fields(kind):
            yield from _struct_names(field.type)
    for part in get_args(kind):
        yield from _struct_names(part)

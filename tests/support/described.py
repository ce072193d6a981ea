"""Holds what servers really say against the descriptions of the API: every frame, every refusal.

Used where the suite's clients read answers, so a kind, an element or a refusal that nobody described
fails the test that met it first.
"""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any

import jsonschema_rs

from scripts import api_pages, write_docs

Json = dict[str, Any]
REFUSED_BY_ALL = api_pages.EVERYWHERE
# Whether the servers that answer are of another release.
_others: list[bool] = []


@contextmanager
def another_release() -> Iterator[None]:
    """Servers of another release answer inside the block: our description is not of them."""
    _others.append(True)
    try:
        yield
    finally:
        _others.pop()


def strict(schema: Any) -> Any:
    """The same schema, but without room for fields that it does not name."""
    if isinstance(schema, list):
        return [strict(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    found = {name: strict(one) for name, one in schema.items()}
    if found.get("type") == "object" and "properties" in found:
        found.setdefault("additionalProperties", False)
    return found


@cache
def socket_document() -> Json:
    """The committed AsyncAPI document; a contract test says that it is current."""
    return dict(json.loads((write_docs.DOCS / "api/asyncapi.json").read_text(encoding="utf-8")))


@cache
def _schemas() -> Json:
    return dict(strict(socket_document()["components"]["schemas"]))


@cache
def _elements() -> Mapping[tuple[str, str | None], str]:
    """Element type, and for events their kind → name of the schema."""
    found: dict[tuple[str, str | None], str] = {}
    for one in _schemas()["ServerFrame"]["items"]["oneOf"]:
        name = one["$ref"].rpartition("/")[2]
        fields = _schemas()[name]["properties"]
        kind = fields.get("kind", {}).get("const")
        tag = fields["t"].get("const") or fields["t"]["enum"][0]
        found[tag, kind] = name
    return found


@cache
def _validator(name: str) -> jsonschema_rs.Validator:
    schema = {"$ref": f"#/components/schemas/{name}", "components": {"schemas": _schemas()}}
    return jsonschema_rs.validator_for({"$schema": "https://json-schema.org/draft/2020-12/schema", **schema})


def wrong_element(element: Json) -> str | None:
    """What the description does not know of an element from a server; None when it is as described."""
    tag = element.get("t")
    kind = element.get("kind") if tag in {"event", "user"} else None
    name = _elements().get((str(tag), kind))
    if name is None:
        return f"{tag} {kind or ''} is not in docs/api/asyncapi.json"
    for error in _validator(name).iter_errors(element):
        # The path and the rule, never the content of somebody's message.
        place, rule = "/".join(map(str, error.instance_path)), "/".join(map(str, error.schema_path))
        return f"{name}: {place} breaks {rule}"
    return None


def check_element(element: Json) -> None:
    """Fail when a server sent something that is not described."""
    wrong = None if _others else wrong_element(element)
    assert wrong is None, wrong


@cache
def _routes() -> list[tuple[str, re.Pattern[str], str]]:
    from amana.app.operation_refusals import OPERATIONS

    found = []
    for path, methods in api_pages.openapi(OPERATIONS)["paths"].items():
        pattern = re.compile(re.sub(r"\\?\{\w+\\?\}", "[^/?]+", re.escape(path)))
        found += [
            (method.upper(), pattern, operation["operationId"]) for method, operation in methods.items()
        ]
    # A path without a parameter goes before one that has one in its place.
    return sorted(found, key=lambda one: one[1].pattern.count("[^"))


def operation_of(method: str, path: str) -> str | None:
    """The operation behind a request; None when there is none."""
    bare = path.partition("?")[0]
    return next(
        (name for verb, pattern, name in _routes() if verb == method and pattern.fullmatch(bare)), None
    )


def wrong_refusal(method: str, path: str, code: str) -> str | None:
    """What the description does not know of a refusal; None when it is as described."""
    from amana.app.operation_refusals import OPERATIONS

    name = operation_of(method, path)
    if name is None or code in REFUSED_BY_ALL or code in OPERATIONS.get(name, ()):
        return None
    return f"{name} answered {code}, which is not among its refusals"


def check_refusal(method: str, path: str, code: str) -> None:
    """Fail when a refusal came that the operation does not declare."""
    wrong = None if _others else wrong_refusal(method, path, code)
    assert wrong is None, wrong

"""An example for every body and answer of the description, made from its schema."""

from collections.abc import Mapping
from typing import Any, Final

Json = dict[str, Any]

_ID: Final = "019ab3c4-5d6e-7f80-9123-456789abcdef"
# What a reader expects to see in a field of this name.
_BY_NAME: Final[Mapping[str, object]] = {
    "title": "Trams",
    "purpose": "What drives on rails.",
    "text": "The 4 is late.",
    "name": "Nightly export",
    "organisation": "Tamm & Söhne",
    "display_name": "Ana Tamm",
    "handle": "ana.tamm",
    "inviter": "Ana Tamm",
    "label": "Firefox on Linux",
    "role": "member",
    "language": "en",
    "secret": "Zk9…",
    "password": "seven green kettles",
    "current_password": "seven green kettles",
    "new": "eleven blue trams",
    "emoji": "👍",
    "url": "https://chat.example/join#Zk9…",
    "kind": "group",
    "seq": 18,
    "head_seq": 20,
    "ts": 1770000000000,
    "limit": 50,
    "policy": "quorum none\n",
    "qr_svg": "<svg/>",
}
_BY_FORMAT: Final[Mapping[str, str]] = {
    "uuid": _ID,
    "date-time": "2026-11-22T12:00:00Z",
    "date": "2026-11-22",
    "binary": "…",
    "byte": "Zk9",
}
_DEEPEST: Final = 6


class Examples:
    """Makes examples that fit the schemas of one document."""

    def __init__(self, schemas: Mapping[str, Json]) -> None:
        self._schemas = schemas

    def add_to(self, operation: Json) -> None:
        """Put an example beside the schema of the body and of each successful answer."""
        bodies = [operation.get("requestBody", {})]
        bodies += [answer for status, answer in operation["responses"].items() if int(status) < 400]
        for body in bodies:
            for kind, content in body.get("content", {}).items():
                if kind == "application/json" and content.get("schema") and "example" not in content:
                    content["example"] = self.of(content["schema"])

    def of(self, schema: Json, name: str = "", depth: int = 0) -> object:
        """One value that fits ``schema``; ``name`` is the field it stands in."""
        if "$ref" in schema:
            schema = self._schemas[schema["$ref"].rpartition("/")[2]]
        for several in ("oneOf", "anyOf", "allOf"):
            if several in schema:
                return self.of(self._first_real(schema[several]), name, depth)
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            wanted = _BY_NAME.get(name)
            return wanted if wanted in schema["enum"] else schema["enum"][0]
        if isinstance(schema.get("default"), int | str | bool):
            return schema["default"]
        return self._of_type(schema, name, depth)

    def _first_real(self, schemas: list[Json]) -> Json:
        return next((one for one in schemas if one.get("type") != "null"), schemas[0])

    def _of_type(self, schema: Json, name: str, depth: int) -> object:
        kind = schema.get("type")
        if isinstance(kind, list):
            kind = next((one for one in kind if one != "null"), "null")
        match kind:
            case "object":
                return self._object(schema, depth)
            case "array":
                return self._array(schema, name, depth)
            case "string":
                return self._string(schema, name)
            case "integer" | "number":
                return self._number(schema, name)
            case "boolean":
                return False
        return None

    def _object(self, schema: Json, depth: int) -> Json:
        if depth > _DEEPEST:
            return {}
        fields = schema.get("properties", {})
        required = schema.get("required", list(fields))
        return {name: self.of(one, name, depth + 1) for name, one in fields.items() if name in required}

    def _array(self, schema: Json, name: str, depth: int) -> list[object]:
        if "prefixItems" in schema:
            return [self.of(one, name, depth + 1) for one in schema["prefixItems"]]
        if depth > _DEEPEST or not schema.get("items"):
            return []
        return [self.of(schema["items"], name, depth + 1)]

    def _string(self, schema: Json, name: str) -> str:
        if schema.get("format") in _BY_FORMAT:
            return _BY_FORMAT[schema["format"]]
        known = _BY_NAME.get(name)
        return known if isinstance(known, str) else "…"

    def _number(self, schema: Json, name: str) -> int:
        known = _BY_NAME.get(name)
        least, most = int(schema.get("minimum", 0)), int(schema.get("maximum", 2**53))
        wanted = known if isinstance(known, int) else max(1, least)
        return max(least, min(most, wanted))

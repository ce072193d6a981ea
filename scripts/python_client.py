"""Writes the typed operations of clients/python from the OpenAPI document."""

import keyword
import re
import subprocess
import sys
import textwrap
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

Json = dict[str, Any]
HEAD = '''"""Every endpoint of the HTTP API, typed.

Written by `make docs` from the server's code; edit that.
"""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from amana_client.transport import Transport

'''
CLASS = '''
class Operations:
    """The endpoints, by the names of their operations; docs/api/http.md has the list.

    Every method raises ``Refused`` when the server says no.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
'''
FORMATS = {"uuid": "UUID", "date-time": "datetime"}
PLAIN = {
    "object": "dict[str, Any]",
    "integer": "int",
    "number": "float",
    "boolean": "bool",
    "null": "None",
    "string": "str",
}
# What a struct of answers may leave out has this when it does.
LEFT_OUT = "UNSET"


class Module:
    """The text of one module."""

    def __init__(self, document: Json) -> None:
        self.document = document
        self.schemas: Json = document["components"]["schemas"]

    def text(self) -> str:
        operations = [
            (path, method, operation)
            for path, methods in sorted(self.document["paths"].items())
            for method, operation in methods.items()
        ]
        wanted = self._answers(operation for _, _, operation in operations)
        parts = [HEAD, *(self._struct(name) for name in self._in_order(wanted)), CLASS]
        parts += [self._method(*one) for one in sorted(operations, key=lambda one: one[2]["operationId"])]
        return "\n".join(parts)

    # -- structs -----------------------------------------------------------------------------

    def _answers(self, operations: Iterable[Json]) -> set[str]:
        """Schemas of everything that is answered, or given as part of a body."""
        wanted: set[str] = set()
        for operation in operations:
            for status, answer in operation["responses"].items():
                if int(status) < 400:
                    wanted |= self._below(_content(answer))
            body = self._resolved(_content(operation.get("requestBody", {})) or {})
            for schema in body.get("properties", {}).values():
                wanted |= self._below(schema)
        return wanted

    def _below(self, schema: Any) -> set[str]:
        """Names of all structs that a schema leads to."""
        found: set[str] = set()
        waiting = [schema]
        while waiting:
            one = waiting.pop()
            if isinstance(one, list):
                waiting += one
            elif isinstance(one, dict):
                name = one.get("$ref", "").rpartition("/")[2]
                if name and name not in found:
                    found.add(name)
                    waiting.append(self.schemas[name])
                waiting += [part for key, part in one.items() if key not in {"example", "enum", "const"}]
        return found

    def _in_order(self, names: set[str]) -> list[str]:
        """What others are made of stands first; what refers to itself is written as text."""
        ordered: list[str] = []

        def put(name: str, above: tuple[str, ...]) -> None:
            if name in ordered or name in above:
                return
            for part in sorted(self._below(self.schemas[name].get("properties", {})) - {name}):
                put(part, (*above, name))
            ordered.append(name)

        for name in sorted(names):
            put(name, ())
        return ordered

    def _struct(self, name: str) -> str:
        schema = self.schemas[name]
        if "properties" not in schema and schema.get("type") != "object":
            return f"{name} = {self.type_of(schema)}\n"
        lines = [f"class {name}(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):"]
        lines.append(_docstring(schema.get("description") or schema.get("title") or name, 4))
        required = schema.get("required", [])
        for field, one in schema.get("properties", {}).items():
            kind = self.type_of(one)
            if field not in required:
                kind = _may_be_left_out(kind)
            default = "" if field in required else LEFT_OUT
            if keyword.iskeyword(field):
                default = f'msgspec.field(name="{field}"{", default=" + default if default else ""})'
            lines.append(f"    {_safe(field)}: {kind}{' = ' + default if default else ''}")
        return "\n".join(lines) + "\n"

    def type_of(self, schema: Json) -> str:
        """The Python type of what a schema describes."""
        if "$ref" in schema:
            return str(schema["$ref"].rpartition("/")[2])
        if "const" in schema or "enum" in schema:
            values = schema.get("enum", [schema.get("const")])
            return f"Literal[{', '.join(repr(one) for one in values)}]"
        for several in ("oneOf", "anyOf"):
            if several in schema:
                return _union(self.type_of(one) for one in schema[several])
        kind = schema.get("type")
        if isinstance(kind, list):
            return _union(self.type_of({**schema, "type": one}) for one in kind)
        if kind == "array":
            return self._array(schema)
        if kind == "string":
            return FORMATS.get(schema.get("format", ""), "str")
        return PLAIN.get(str(kind), "Any")

    def _array(self, schema: Json) -> str:
        if "prefixItems" in schema:
            return f"tuple[{', '.join(self.type_of(one) for one in schema['prefixItems'])}]"
        return f"list[{self.type_of(schema.get('items') or {})}]"

    def _resolved(self, schema: Json) -> Json:
        return dict(self.schemas[schema["$ref"].rpartition("/")[2]]) if "$ref" in schema else schema

    # -- methods -----------------------------------------------------------------------------

    def _method(self, path: str, method: str, operation: Json) -> str:
        parameters = operation.get("parameters", [])
        in_path = [one for one in parameters if one["in"] == "path"]
        query = [one for one in parameters if one["in"] == "query"]
        taken = {one["name"] for one in in_path}
        body = {
            name: (f"{name}_" if name in taken else _safe(name), kind) for name, kind in self._body(operation)
        }
        named = [f"{name}: {kind}" for name, kind in body.values()]
        for one in query:
            kind = _without_none(self.type_of(one["schema"]))
            named.append(f"{_safe(one['name'])}: {kind} | None = None")
        signature = ["self", *(f"{one['name']}: {self.type_of(one['schema'])}" for one in in_path)]
        # What must be said first: a default may not stand before it.
        named.sort(key=lambda one: "=" in one)
        signature += ["*", *named] if named else []
        answer = self._answer(operation)
        call = [answer, f'"{method.upper()}"', _path_text(path)]
        if body:
            call.append("{" + ", ".join(f'"{name}": {said}' for name, (said, _) in body.items()) + "}")
        if query:
            call.append(
                "query={" + ", ".join(f'"{one["name"]}": {_safe(one["name"])}' for one in query) + "}"
            )
        asked_for = "type(None)" if answer == "None" else answer
        call[0] = asked_for
        verb = "" if answer == "None" else "return "
        return (
            f"    async def {_snake(operation['operationId'])}({', '.join(signature)}) -> {answer}:\n"
            f"{_docstring(_sentences(operation), 8)}\n"
            f"        {verb}await self._transport.ask({', '.join(call)})\n"
        )

    def _body(self, operation: Json) -> list[tuple[str, str]]:
        """Name and type, with a default where it may be left out, of every field of the body."""
        schema = self._resolved(_content(operation.get("requestBody", {})) or {})
        required = schema.get("required", [])
        return [
            (
                name,
                self.type_of(one)
                if name in required
                else f"{_may_be_left_out(self.type_of(one))} = {LEFT_OUT}",
            )
            for name, one in schema.get("properties", {}).items()
        ]

    def _answer(self, operation: Json) -> str:
        for status, answer in operation["responses"].items():
            if int(status) < 400:
                content = answer.get("content", {})
                if not content or status == "204":
                    return "None"
                if "application/json" not in content:
                    return "str"
                return self.type_of(content["application/json"].get("schema", {}))
        return "None"


def _content(part: Json) -> Json:
    return dict(part.get("content", {}).get("application/json", {}).get("schema", {}))


def _union(kinds: Iterable[str]) -> str:
    """One type of several, each once, None last."""
    found = list(dict.fromkeys(kinds))
    found.sort(key=lambda kind: kind == "None")
    return " | ".join(found)


def _may_be_left_out(kind: str) -> str:
    return _union([*kind.split(" | "), "UnsetType"])


def _without_none(kind: str) -> str:
    return " | ".join(part for part in kind.split(" | ") if part != "None")


def _safe(name: str) -> str:
    return f"{name}_" if keyword.iskeyword(name) else name


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])([A-Z])", lambda found: f"_{found[1].lower()}", name)


def _path_text(path: str) -> str:
    return f'f"{path}"' if "{" in path else f'"{path}"'


def _sentences(operation: Mapping[str, Any]) -> str:
    return str(operation.get("description") or operation["operationId"])


def _docstring(text: str, indent: int) -> str:
    lines: list[str] = []
    for paragraph in text.strip().replace("``", "`").replace("\\", "").split("\n\n"):
        wrapped = textwrap.wrap(" ".join(paragraph.split()), 100 - indent)
        lines += ["", *wrapped] if lines else wrapped
    space = " " * indent
    if len(lines) == 1:
        return f'{space}"""{lines[0]}"""'
    body = "\n".join(f"{space}{line}" if line else "" for line in lines[1:])
    return f'{space}"""{lines[0]}\n{body}\n{space}"""'


def laid_out(source: str, name: str) -> str:
    """The same as ``ruff format`` leaves it."""
    ruff = Path(sys.executable).with_name("ruff")
    return subprocess.run(
        [ruff, "format", "--stdin-filename", name, "-"],
        input=source,
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def operations_module(document: Json) -> str:
    """The module ``amana_client.operations``."""
    return laid_out(Module(document).text(), "operations.py")

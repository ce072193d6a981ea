"""The descriptions of the API are whole, right, and hold what they promise."""

from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

import jsonschema_rs
import pytest

from amana.app.operation_refusals import FRAMES, OPERATIONS
from amana.app.scopes import FRAMES as FRAME_SCOPES
from amana.app.scopes import OPERATIONS as SCOPES
from amana.http.scopes import ANY_TOKEN
from scripts import api_pages, asyncapi, write_docs
from scripts.reachable_refusals import Product, reachable
from tests.contracts.repository import expect_none
from tests.support.described import socket_document, wrong_element, wrong_refusal

CONVERSATION = "019ab3c4-5d6e-7f80-9123-456789abcdef"


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return dict(api_pages.openapi(OPERATIONS))


def operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for methods in document["paths"].values():
        yield from methods.values()


def refused(operation: dict[str, Any]) -> dict[str, str]:
    """Code → status, as an operation declares them."""
    found = {}
    for status, answer in operation["responses"].items():
        if int(status) >= 400:
            schema = answer["content"]["application/json"]["schema"]
            codes = schema["properties"]["error"]["properties"]["code"]["enum"]
            found.update(dict.fromkeys(codes, status))
    return found


def test_every_endpoint_is_described_with_who_may_and_what_it_may_refuse(document: dict[str, Any]) -> None:
    known = {kind.code: str(write_docs.status_of(kind)) for kind in write_docs.refusals()}
    found = []
    for operation in operations(document):
        name = operation["operationId"]
        codes = refused(operation)
        if not operation.get("description", "").strip().partition("\n")[0].endswith((".", ")")):
            found.append(f"{name}: its description is no sentence")
        if "security" not in operation:
            found.append(f"{name}: does not say who may")
        found += [f"{name}: {code} is no refusal" for code in codes.keys() - known.keys()]
        found += [f"{name}: {code} at {at}" for code, at in codes.items() if at != known.get(code, at)]
        missing = {*OPERATIONS[name], "too_many_requests", "internal_error"} - codes.keys()
        found += [f"{name}: {code} is missing" for code in missing]

    expect_none(found)


def test_the_scope_of_every_operation_is_in_its_description(document: dict[str, Any]) -> None:
    found = []
    for operation in operations(document):
        scope = SCOPES.get(operation["operationId"])
        told = [one["bearer"] for one in operation["security"] if "bearer" in one]
        if told and told[0] != ([] if scope in (None, ANY_TOKEN) else [scope]):
            found.append(operation["operationId"])

    expect_none(found)


def test_every_example_fits_its_schema(document: dict[str, Any]) -> None:
    found, counted = [], 0
    for operation in operations(document):
        parts = [operation.get("requestBody", {}), *operation["responses"].values()]
        for part in parts:
            content = part.get("content", {}).get("application/json", {})
            if "example" in content:
                counted += 1
                schema = {**content["schema"], "components": document["components"]}
                errors = jsonschema_rs.validator_for(
                    {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
                ).iter_errors(content["example"])
                found += [f"{operation['operationId']}: {error.message[:200]}" for error in errors]

    assert counted > 300
    expect_none(found)


def test_every_body_and_every_answer_has_an_example(document: dict[str, Any]) -> None:
    found = []
    for operation in operations(document):
        for part in (operation.get("requestBody", {}), *operation["responses"].values()):
            content = part.get("content", {}).get("application/json")
            if content is not None and content.get("schema") and "example" not in content:
                found.append(operation["operationId"])

    expect_none(found)


def test_every_frame_of_the_socket_is_described_with_its_scope_and_refusals() -> None:
    operations = socket_document()["operations"]

    for name in asyncapi.socket_operations():
        assert operations[name]["x-scope"] == FRAME_SCOPES[name]
        assert operations[name]["x-refusals"] == list(FRAMES[name])
    assert {"hello", "open", "close", "ping", "frame"} <= operations.keys()


def test_the_document_of_the_socket_leads_nowhere_into_the_void() -> None:
    document = socket_document()

    def references(part: Any) -> Iterator[str]:
        if isinstance(part, dict):
            if isinstance(part.get("$ref"), str):
                yield part["$ref"]
            for one in part.values():
                yield from references(one)
        elif isinstance(part, list):
            for one in part:
                yield from references(one)

    for reference in set(references(document)):
        place: Any = document
        for step in reference.removeprefix("#/").split("/"):
            assert step in place, reference
            place = place[step]
    assert document["asyncapi"].startswith("3.0.")


def event(**more: Any) -> dict[str, Any]:
    place = {"seq": 2, "no": 1, "ts": 1, "target": None, "rev": 0}
    ids = {"c": CONVERSATION, "sender": CONVERSATION, "client_id": CONVERSATION}
    return {"t": "event", "kind": "message.created", "content": {"text": "x"}, **place, **ids, **more}


@pytest.mark.parametrize(
    "element",
    [
        event(kind="message.unheard_of"),
        event(content={"text": "x", "colour": "red"}),
        event(content={}),
        event(seq=0),
        {**event(), "extra": 1},
        {"t": "unheard_of"},
        {"t": "gap", "c": None, "from": 1},
    ],
)
def test_a_frame_that_is_not_described_is_caught(element: dict[str, Any]) -> None:
    assert wrong_element(event()) is None
    assert wrong_element(element) is not None


def test_a_refusal_that_is_not_described_is_caught() -> None:
    assert wrong_refusal("POST", f"/v1/conversations/{CONVERSATION}/messages", "text_empty") is None
    assert wrong_refusal("POST", f"/v1/conversations/{CONVERSATION}/messages", "last_owner") is not None


SEEDED = """
from typing import Protocol

from amana.seeded.errors import Deep, Shallow, Unused

class Shelf(Protocol):
    def take(self) -> None: ...

class Wood:
    def take(self) -> None:
        raise Deep

class Service:
    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    def fetch_from_it(self, wanted: int) -> None:
        if isinstance(wanted, Unused):
            raise Shallow(wanted=wanted)
        try:
            self._shelf.take()
        except Unused:
            pass

def handler(ctx, data) -> None:
    service = ctx.services.get(Service)
    service.fetch_from_it(3)
"""


def test_a_refusal_deep_below_a_handler_is_found_and_one_that_is_caught_is_not(tmp_path: Path) -> None:
    folder = tmp_path / "seeded"
    folder.mkdir()
    (folder / "errors.py").write_text("class Deep: ...\nclass Shallow: ...\nclass Unused: ...\n")
    (folder / "things.py").write_text(dedent(SEEDED))
    codes = {f"amana.seeded.errors.{name}": name.lower() for name in ("Deep", "Shallow", "Unused")}

    found = reachable(["amana.seeded.things.handler"], codes, here=Product(tmp_path))

    assert found == {"deep", "shallow"}

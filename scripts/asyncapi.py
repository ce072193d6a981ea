"""The AsyncAPI 3 document of the socket, made from the operations, the elements and the kinds of events."""

import json
from collections.abc import Iterable, Mapping
from typing import Any, cast

import msgspec

from amana.kernel.feature import EventKind

Json = dict[str, Any]
REF = "#/components/schemas/{name}"
ANYTHING = {"description": "JSON of any kind."}
INTRODUCTION = (
    "One socket per device. Clients send one object per frame; the server sends one array per frame. "
    "The rule that makes it exact stands in docs/api/realtime.md."
)


class Nothing:
    """Stands where a service needs another one that is never asked: only shapes are wanted."""

    def __getattr__(self, _name: str) -> "Nothing":
        return self

    def __call__(self, *_: object, **__: object) -> "Nothing":
        return self


def socket_operations() -> dict[str, type[msgspec.Struct]]:
    """Frame type → its struct, of everything a client may send to a domain."""
    return {name: operation.frame for name, operation in sorted(_table().items())}


def socket_entries() -> dict[str, str]:
    """Frame type → the full name of the method that is run for it."""
    runs = {name: operation.run for name, operation in sorted(_table().items())}
    return {name: f"{run.__module__}.{run.__qualname__}" for name, run in runs.items()}


def _table() -> Mapping[str, Any]:
    from amana.conversations.domain import assemble

    nothing = cast(Any, Nothing())
    return assemble(nothing, nothing, kinds={}, flood=nothing).operations.table()


def document(refusals: Mapping[str, Iterable[str]]) -> Json:
    """The whole document.

    Args:
        refusals: frame type → codes that may answer it.
    """
    from amana import __version__
    from amana.conversations.events import KINDS, USER_KINDS
    from amana.realtime import wire
    from amana.realtime.elements import ELEMENTS

    own = {tag_of(frame): frame for frame in (wire.Hello, wire.Open, wire.Close, wire.Ping)}
    frames = {**own, **socket_operations()}
    payloads = [kind.payload for kind in (*KINDS, *USER_KINDS)]
    _, schemas = msgspec.json.schema_components(
        [*frames.values(), *ELEMENTS, *payloads], ref_template=REF, schema_hook=lambda _: dict(ANYTHING)
    )
    names = {one: _name_of(one, schemas) for one in (*frames.values(), *ELEMENTS, *payloads)}
    events = {f"event.{kind.name}": event_schema(kind, names[kind.payload]) for kind in sorted_kinds(KINDS)}
    private = {
        f"user.{kind.name}": user_schema(kind, names[kind.payload]) for kind in sorted_kinds(USER_KINDS)
    }
    elements = [*(names[one] for one in ELEMENTS), *events, *private]
    frame = {
        "type": "array",
        "minItems": 1,
        "items": {"oneOf": [{"$ref": REF.format(name=name)} for name in elements]},
    }
    components = {
        **{name: schemas[name] for name in sorted(schemas)},
        **events,
        **private,
        "ServerFrame": frame,
    }
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Amana: the socket", "version": __version__, "description": INTRODUCTION},
        "defaultContentType": "application/json",
        "channels": {"socket": _channel(frames)},
        "operations": _operations(frames, refusals),
        "components": {
            "schemas": components,
            "messages": _messages(frames, names),
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
        },
    }


def tag_of(frame: type[msgspec.Struct]) -> str:
    return str(frame.__struct_config__.tag)


def sorted_kinds(kinds: Iterable[EventKind]) -> list[EventKind]:
    return sorted(kinds, key=lambda kind: kind.name)


def event_schema(kind: EventKind, payload: str) -> Json:
    """One event of a conversation with what this kind has in it."""
    place = {"type": "integer", "minimum": 1}
    return {
        "title": kind.name,
        "description": _summary(kind.payload),
        "type": "object",
        "required": ["t", "c", "seq", "no", "kind", "sender", "ts", "client_id", "target", "rev", "content"],
        "properties": {
            "t": {"const": "event"},
            "c": {"type": "string", "format": "uuid"},
            "seq": place,
            "no": {
                "type": "integer",
                "minimum": 0,
                "description": "Messages up to here, for unread numbers.",
            },
            "kind": {"const": kind.name},
            "sender": {"type": "string", "format": "uuid"},
            "ts": {"type": "integer", "description": "Unix milliseconds."},
            "client_id": {"type": "string", "format": "uuid"},
            "target": {"anyOf": [place, {"type": "null"}]},
            "rev": {"type": "integer", "minimum": 0},
            "content": {"anyOf": [{"$ref": REF.format(name=payload)}, {"type": "null"}]},
            "why": {"enum": ["superseded", "erased", "damaged"], "description": "Why content is null."},
        },
    }


def user_schema(kind: EventKind, payload: str) -> Json:
    """One private event of a person."""
    return {
        "title": kind.name,
        "description": _summary(kind.payload),
        "type": "object",
        "required": ["t", "pos", "kind", "c", "seq", "detail"],
        "properties": {
            "t": {"const": "user"},
            "pos": {"type": "integer", "minimum": 1},
            "kind": {"const": kind.name},
            "c": {"anyOf": [{"type": "string", "format": "uuid"}, {"type": "null"}]},
            "seq": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
            "detail": {"$ref": REF.format(name=payload)},
        },
    }


def _channel(frames: Iterable[str]) -> Json:
    messages = {name: {"$ref": f"#/components/messages/{name}"} for name in frames}
    return {
        "address": "/v1/socket",
        "messages": {**messages, "frame": {"$ref": "#/components/messages/frame"}},
        "bindings": {"ws": {"method": "GET"}},
    }


def _operations(frames: Iterable[str], refusals: Mapping[str, Iterable[str]]) -> Json:
    """As the server sees it: it receives what clients send."""
    from amana.app.scopes import FRAMES, SOCKET

    channel = {"$ref": "#/channels/socket"}
    found: Json = {
        name: {
            "action": "receive",
            "channel": channel,
            "messages": [{"$ref": f"#/channels/socket/messages/{name}"}],
            "security": [{"$ref": "#/components/securitySchemes/bearer"}],
            "x-scope": FRAMES.get(name, SOCKET),
            "x-refusals": list(refusals.get(name, ())),
        }
        for name in frames
    }
    found["frame"] = {
        "action": "send",
        "channel": channel,
        "messages": [{"$ref": "#/channels/socket/messages/frame"}],
    }
    return found


def _messages(frames: Mapping[str, type[msgspec.Struct]], names: Mapping[type, str]) -> Json:
    found: Json = {
        name: {"name": name, "summary": _summary(one), "payload": {"$ref": REF.format(name=names[one])}}
        for name, one in frames.items()
    }
    found["frame"] = {
        "name": "frame",
        "summary": "Everything that one commit, or one answer, means for this device.",
        "payload": {"$ref": REF.format(name="ServerFrame")},
    }
    return found


def _summary(one: type) -> str:
    return (one.__doc__ or "").strip().partition("\n")[0].replace("``", "`")


def _name_of(one: type, schemas: Mapping[str, Json]) -> str:
    """The name msgspec gave it: its own, or the whole path where two have the same."""
    if one.__name__ in schemas:
        return one.__name__
    return f"{one.__module__}.{one.__qualname__}".replace(".", "_")


def text(refusals: Mapping[str, Iterable[str]]) -> str:
    return json.dumps(document(refusals), ensure_ascii=False, indent=1) + "\n"

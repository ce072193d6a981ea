"""Delivered and read, as a device keeps them for the list: a fresh answer, then elements and events.

Between two people they follow exactly. In a group the list's two numbers are those of the last fresh
answer: elements name people one by one and the list does not hold them.
"""

from typing import Any

Json = dict[str, Any]
FIELDS = ("delivered_to", "read_by")


def without(line: Json) -> Json:
    """The line but for what only a fresh answer or ephemeral elements tell."""
    return {**line, **dict.fromkeys(FIELDS)}


def apply(line: Json, element: Json, me: str) -> None:
    """Apply one element to the line of a direct conversation."""
    match element["t"]:
        case "receipt" if element["user"] != me:
            _move(line, element["seq"], *FIELDS)
        case "delivered" if element["user"] != me:
            _move(line, element["seq"], "delivered_to")
        case "event" if element["kind"] == "message.created" and element["sender"] != me:
            _move(line, element["seq"], *FIELDS)  # who writes has read what stands above


def _move(line: Json, seq: int, *fields: str) -> None:
    for field in fields:
        if line[field] is not None:
            line[field] = max(line[field], seq)

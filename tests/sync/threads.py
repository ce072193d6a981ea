"""What a client does with threads and names.

``follows`` of a room keeps of each thread how far it is read and when the person last said whether they
follow it: private events and those of the room come on different ways.
"""

from collections.abc import Callable
from typing import Any

Json = dict[str, Any]
NO_ANSWERS: Json = {
    "replies": 0,
    "last_seq": 0,
    "last_ts": 0,
    "participants": [],
    "following": False,
    "read_no": 0,
}


def is_answer(event: Json) -> bool:
    """Whether a message stands in a thread and not in the stream."""
    return event["kind"] == "message.created" and event["target"] is not None


def answer(room: Any, event: Json, me: str) -> None:
    """Count an answer under its message. Who writes one follows and has read it."""
    root, own = event["target"], event["sender"] == me
    if own:
        state = _state(room, root)
        state["since"] = state["read_seq"] = event["seq"]
        drop(room, lambda one: one["thread"] == root and one["at"] <= event["seq"])
    entry = room.entries.get(root)
    if entry is None:
        return
    info = entry.get("thread", NO_ANSWERS)
    replies = info["replies"] + 1
    others = [one for one in info["participants"] if one != event["sender"]]
    room.entries[root] = {
        **entry,
        "thread": {
            "replies": replies,
            "last_seq": event["seq"],
            "last_ts": event["ts"],
            "participants": [event["sender"], *others][:3],
            "following": own or info["following"],
            "read_no": replies if own else info["read_no"],
        },
    }


def moved(room: Any, event: Json) -> None:
    """``thread.moved``: how the person stands to a thread. An own answer after it says otherwise."""
    root, detail = event["seq"], event["detail"]
    state = _state(room, root)
    state["read_seq"] = max(state["read_seq"], detail["read_seq"])
    drop(room, lambda one: one["thread"] == root and one["at"] <= state["read_seq"])
    entry = room.entries.get(root)
    if entry is None:
        return
    info = dict(entry.get("thread", NO_ANSWERS))
    info["read_no"] = max(info["read_no"], detail["read_no"])
    if detail["after"] >= state["since"]:
        state["since"], info["following"] = detail["after"], detail["following"]
    if info["replies"] or info["following"]:
        room.entries[root] = {**entry, "thread": info}
    else:
        room.entries[root] = {name: value for name, value in entry.items() if name != "thread"}


def mentioned(room: Any, event: Json) -> None:
    """``mentioned``: somebody names the person, or does so no longer."""
    detail = event["detail"]
    drop(room, lambda one: one["seq"] == event["seq"])
    if not detail.get("gone"):
        everyone = detail.get("everyone", False)
        _add(room, event["seq"], detail["at"], detail.get("thread"), everyone=everyone)


def called(room: Any, event: Json, me: str) -> None:
    """A message of the room that calls everybody: in large rooms nobody is told one by one."""
    content = event["content"]
    held = any(one["seq"] == event["seq"] for one in room.line["mentions"])
    if content and content.get("everyone") and event["sender"] != me and not held:
        _add(room, event["seq"], event["seq"], None, everyone=True)


def changed(room: Any, event: Json) -> None:
    """An edit that calls nobody any more, or a removal: nobody waits for it."""
    content, target = event["content"], event["target"]
    if event["kind"] == "message.removed":
        drop(room, lambda one: one["seq"] == target)
    elif content and not content.get("everyone"):
        drop(room, lambda one: one["seq"] == target and one["everyone"])


def without_private(entry: Json) -> Json:
    """The entry but for what only private events tell."""
    if "thread" not in entry:
        return entry
    info = {**entry["thread"], "following": False, "read_no": 0}
    rest = {name: value for name, value in entry.items() if name != "thread"}
    return {**rest, "thread": info} if info["replies"] else rest


def drop(room: Any, which: Callable[[Json], bool]) -> None:
    room.line["mentions"] = [one for one in room.line["mentions"] if not which(one)]


def read(line: Json) -> None:
    """What was read in the room waits no more."""
    line["mentions"] = [
        one for one in line["mentions"] if one["thread"] is not None or one["at"] > line["read_seq"]
    ]


def _add(room: Any, seq: int, at: int, thread: int | None, *, everyone: bool) -> None:
    known = room.line["read_seq"] if thread is None else _state(room, thread)["read_seq"]
    if at <= known:
        return
    one = {"seq": seq, "at": at, "thread": thread, "everyone": everyone}
    room.line["mentions"] = sorted([*room.line["mentions"], one], key=lambda one: (one["at"], one["seq"]))


def _state(room: Any, root: int) -> Json:
    state: Json = room.follows.setdefault(root, {"read_seq": 0, "since": 0})
    return state

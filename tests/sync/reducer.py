"""What a client does with events, in its simplest form. The web client's reducer mirrors this one.

A device holds, of each conversation, the line of its list and the entries it has loaded. Both change only by
events and private events; a fresh answer of the server must never differ from them.
"""

from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from tests.sync import joining_acts, marks, private, schedules, threads

Json = dict[str, Any]


@dataclass
class Room:
    """One conversation on one device: the list's line, the entries by ``seq``, the last event applied.

    ``follows`` keeps what was said of threads, see ``threads``.
    """

    line: Json
    entries: dict[int, Json]
    seq: int
    follows: dict[int, Json] = field(default_factory=dict)


@dataclass
class Device:
    """What one person's device holds.

    Attributes:
        missing: conversations that appeared and must be fetched before events of them count.
        own: what belongs to no single conversation, see ``private``.
        scheduled: what is to be said later, see ``schedules``.
        joining: what waits between the person and rooms, see ``joining_acts``.
    """

    me: str
    rooms: dict[str, Room] = field(default_factory=dict)
    missing: set[str] = field(default_factory=set)
    own: Json = field(default_factory=private.own)
    scheduled: dict[str, Json] = field(default_factory=dict)
    joining: dict[str, Json] = field(default_factory=dict)

    def load(self, line: Json, entries: list[Json]) -> None:
        """Take a fresh answer: the line and all entries, read in one snapshot."""
        room = line["conversation_id"]
        self.rooms[room] = Room(deepcopy(line), {entry["seq"]: entry for entry in entries}, line["head_seq"])
        self.missing.discard(room)

    def apply_user(self, event: Json) -> None:
        """Apply one private event."""
        room = self.rooms.get(event["c"])
        private.apply(self, event)
        schedules.apply(self.scheduled, event)
        joining_acts.apply(self.joining, self.me, event)
        match event["kind"]:
            case "conversation.joined" if room is None:
                self.missing.add(event["c"])
            case "conversation.left":
                # Met again after a reconnect it may be older than a stay that began since.
                if room is not None and room.seq <= event["seq"]:
                    del self.rooms[event["c"]]
                self.missing.discard(event["c"])
            case "read.moved" if room is not None:
                _read(room.line, event["seq"], event["detail"]["read_no"])
            case "mentioned" if room is not None:
                threads.mentioned(room, event)
            case "thread.moved" if room is not None:
                threads.moved(room, event)

    def apply(self, event: Json) -> str:
        """Apply one event by the rule of the protocol; say what it was: applied, known or a hole."""
        room = self.rooms.get(event["c"])
        if room is None or event["seq"] <= room.seq:
            return "known"
        if event["seq"] > room.seq + 1:
            return "hole"
        room.seq = event["seq"]
        room.line["head_seq"] = event["seq"]
        room.line["msg_no"] = event["no"]
        _change(room, event, self.me)
        return "applied"


def _change(room: Room, event: Json, me: str) -> None:
    line, content = room.line, event["content"]
    match event["kind"]:
        case "message.created" if threads.is_answer(event):
            threads.answer(room, event, me)
            return
        case "message.created":
            threads.called(room, event, me)
            room.entries[event["seq"]] = line["last"] = _entry(event)
            if event["sender"] == me:
                _read(line, event["seq"], event["no"])
            return
        case "message.edited":
            _touch(room, event, lambda entry: _edited(entry, event))
            threads.changed(room, event)
            return
        case "message.removed":
            _touch(room, event, lambda entry: _removed(entry, event))
            threads.changed(room, event)
            return
        case "messages.erased":
            for first, last in content["ranges"]:
                _erase(room, first, last)
            return
        case kind if kind in marks.KINDS:
            marks.mark(room.entries, event, me)
            return
    _change_line(line, event, content, me)
    room.entries[event["seq"]] = _entry(event)


def _change_line(line: Json, event: Json, content: Json, me: str) -> None:
    match event["kind"]:
        case "conversation.changed":
            line["retention_days"] = content["retention_days"]
            line["title"], line["purpose"] = content["title"], content["purpose"]
            line["history"] = content.get("history") or line["history"]
            line["rules"] = content.get("rules") or line["rules"]
        case "conversation.closed":
            line["closed"] = {"at": event["ts"], "by": content["by"], "reason": content["reason"]}
        case "conversation.reopened":
            line["closed"] = None
            line["rules"] = {**line["rules"], "ends_at": content["ends_at"]}
        case "member.changed" if content["user_id"] == me:
            line["my_role"] = content["role"]
        case "member.added":
            line["members_count"] += 1
        case "member.removed":
            line["members_count"] -= 1
        case "owner.changed":
            line["owner_id"] = content["owner_id"]
            if content["owner_id"] == me:
                line["my_role"] = "owner"
            elif content["previous_id"] == me:
                line["my_role"] = "member"


def _entry(event: Json) -> Json:
    entry = {
        "seq": event["seq"],
        "msg_no": event["no"],
        "kind": event["kind"],
        "sender_id": event["sender"],
        "ts": event["ts"],
        "client_id": event["client_id"],
        "revision": 0,
        "edited_at": None,
        "removed": None,
        "content": event["content"],
    }
    if event.get("why") in ("erased", "damaged"):
        entry["unreadable"] = event["why"]
    return entry


def _touch(room: Room, event: Json, change: Any) -> None:
    """Change the target where it is held: among the entries and as the list's newest message."""
    target = room.entries.get(event["target"])
    if target is not None:
        room.entries[event["target"]] = change(target)
    last = room.line["last"]
    if last is not None and last["seq"] == event["target"]:
        room.line["last"] = change(last)


def _edited(entry: Json, event: Json) -> Json:
    # A superseded text comes without content; the edit that replaced it follows.
    return {
        **entry,
        "revision": event["rev"],
        "edited_at": event["ts"],
        "content": event["content"] or entry["content"],
    }


def _removed(entry: Json, event: Json) -> Json:
    gone = {"by": event["sender"], "at": event["ts"]}
    return {**private.without(marks.without(entry)), "content": None, "removed": gone}


def _erase(room: Room, first: int, last: int) -> None:
    """Drop the content of the messages in a range; what else happened there stays."""
    threads.drop(room, lambda one: first <= one["seq"] <= last)
    for seq, entry in room.entries.items():
        if first <= seq <= last:
            room.entries[seq] = _erased(entry)
    newest = room.line["last"]
    if newest is not None and first <= newest["seq"] <= last:
        room.line["last"] = _erased(newest)


def _erased(entry: Json) -> Json:
    if entry["kind"] != "message.created" or entry["removed"]:
        return entry
    return {**marks.without(entry), "content": None, "unreadable": "erased"}


def _read(line: Json, seq: int, msg_no: int) -> None:
    line["read_seq"] = max(line["read_seq"], seq)
    line["read_no"] = max(line["read_no"], msg_no)
    threads.read(line)

"""What a client does with what only its person sees.

``device.own`` holds what belongs to no single conversation, in the shape in which a fresh answer gives it, as
far as events say it: words are fetched.
"""

from typing import Any

Json = dict[str, Any]
# What only private events tell of a line and of an entry.
OF_A_LINE, OF_AN_ENTRY = "mine", "starred"


def own() -> Json:
    """Nothing yet."""
    return {
        "drafts": {},
        "reminders": {},
        "preferences": {"receipts": True, "typing": True, "presence": True},
        "sections_at": 0,
    }


def apply(device: Any, event: Json) -> None:
    """Apply one private event of this package; every other one is passed over."""
    room, detail = device.rooms.get(event["c"]), event["detail"]
    match event["kind"]:
        case "conversation.left":
            _forget(device.own, event["c"])
        case "draft.changed":
            _draft(device.own["drafts"], room, event["c"], detail)
        case "place.changed" if room is not None:
            kept = {name: value for name, value in room.line["mine"].items() if name == "draft"}
            room.line["mine"] = {**detail, **kept}
        case "star.changed" if room is not None:
            _star(room.entries, event["seq"], starred=detail["starred"])
        case "sections.changed":
            device.own["sections_at"] = event["pos"]
            for other in device.rooms.values():
                if detail["removed"] and other.line["mine"].get("section_id") == detail["removed"]:
                    del other.line["mine"]["section_id"]
        case "preferences.changed":
            device.own["preferences"] = detail
        case "reminder.changed":
            _reminder(device.own["reminders"], event)


def without(entry: Json) -> Json:
    """The entry but for what only private events tell."""
    return {name: value for name, value in entry.items() if name != OF_AN_ENTRY}


def _draft(drafts: Json, room: Any, c: str, detail: Json) -> None:
    mark = {"revision": detail["revision"], "at": detail["at"]}
    place = f"{c}/{detail['thread']}"
    drafts.pop(place, None)
    if not detail["empty"]:
        drafts[place] = detail["revision"]
    if room is not None and detail["thread"] == 0:
        room.line["mine"].pop("draft", None)
        if not detail["empty"]:
            room.line["mine"]["draft"] = mark


def _star(entries: dict[int, Json], seq: int, *, starred: bool) -> None:
    entry = entries.get(seq)
    if entry is None or entry["removed"]:
        return
    entries[seq] = {**entry, "starred": True} if starred else without(entry)


def _reminder(reminders: Json, event: Json) -> None:
    detail = event["detail"]
    if detail["state"] == "removed":
        reminders.pop(detail["reminder_id"], None)
    else:
        reminders[detail["reminder_id"]] = {
            "c": event["c"],
            "seq": event["seq"],
            "due_at": detail["due_at"],
            "fired": detail["state"] == "fired",
        }


def _forget(own_state: Json, c: str) -> None:
    for key in [key for key in own_state["drafts"] if key.startswith(c)]:
        del own_state["drafts"][key]
    for key in [key for key, one in own_state["reminders"].items() if one["c"] == c]:
        del own_state["reminders"][key]

"""What a client does with reactions, pins and polls."""

from typing import Any

Json = dict[str, Any]
KINDS = (
    "reaction.added",
    "reaction.removed",
    "message.pinned",
    "message.unpinned",
    "poll.voted",
    "poll.closed",
)
# What goes with a message that is removed or erased.
BESIDE = ("reactions", "pinned", "poll")
NO_VOTES: Json = {"closed": None, "voters": 0, "totals": [], "mine": []}


def mark(entries: dict[int, Json], event: Json, me: str) -> None:
    """Apply one such event to the message it stands beside, where that is held.

    Without content it was taken back since: the event that says so follows.
    """
    content = event["content"]
    entry = entries.get(content["target"]) if content else None
    if entry is None or entry["removed"] or entry.get("unreadable") == "erased":
        return
    match event["kind"]:
        case "message.pinned":
            new = {**entry, "pinned": {"by": event["sender"], "at": event["ts"]}}
        case "message.unpinned":
            new = {name: value for name, value in entry.items() if name != "pinned"}
        case "poll.voted" | "poll.closed":
            new = {**entry, "poll": _poll(entry.get("poll", NO_VOTES), event, me)}
        case kind:
            added = kind == "reaction.added"
            who = event["sender"] if added else content["user_id"]
            chips = _chips(entry.get("reactions", []), content, added=added, mine=who == me)
            new = {**entry, "reactions": chips} if chips else without(entry, ("reactions",))
    entries[content["target"]] = new


def _poll(poll: Json, event: Json, me: str) -> Json:
    """Each event says how the poll stands as a whole; only what was chosen belongs to one person."""
    content = event["content"]
    new = {**poll, "voters": content["voters"], "totals": content["totals"]}
    if event["kind"] == "poll.closed":
        return {**new, "closed": event["ts"]}
    return {**new, "mine": content["choices"]} if content["user_id"] == me else new


def without(entry: Json, names: tuple[str, ...] = BESIDE) -> Json:
    """The entry without what stands beside it."""
    return {name: value for name, value in entry.items() if name not in names}


def _chips(chips: list[Json], content: Json, *, added: bool, mine: bool) -> list[Json]:
    """Each event says the whole state of one emoji; one that is not held and not said is gone later on."""
    held = {chip["since"]: chip for chip in chips}
    chip = held.get(content["since"])
    if chip is None and not added:
        return chips
    emoji = content["emoji"] if added else chip["emoji"] if chip else ""
    was_mine = chip is not None and chip["mine"]
    held[content["since"]] = {
        "emoji": emoji,
        "since": content["since"],
        "count": content["count"],
        "mine": added if mine else was_mine,
    }
    return [held[since] for since in sorted(held) if held[since]["count"]]

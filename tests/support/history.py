"""Judges a run: what clients were told, against what is in the database afterwards.

The numbers are dense, so no search is needed: seven rules, each O(n log n).
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

Key = tuple[UUID, UUID]  # (conversation, client id)
Place = tuple[UUID, str]  # (conversation, reader)


@dataclass(slots=True)
class Operation:
    """One message as its sender saw it.

    Attributes:
        invoked_s, acked_s: on one monotonic clock for all senders.
        seq: as acknowledged; None = unknown, the sender never heard back.
    """

    conversation: UUID
    client_id: UUID
    invoked_s: float
    acked_s: float | None = None
    seq: int | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One event as the database holds it. ``message`` is False for membership and settings."""

    conversation: UUID
    seq: int
    client_id: UUID
    message: bool = True


@dataclass(slots=True)
class History:
    """Everything the rules look at.

    Attributes:
        screens: what each reader shows in the end, ``(seq, client id)`` in the order shown.
        unread: what the server says each reader has not read.
        read_up_to: the ``seq`` each reader has read.
    """

    operations: list[Operation] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    screens: dict[Place, list[tuple[int, UUID]]] = field(default_factory=dict)
    unread: dict[Place, int] = field(default_factory=dict)
    read_up_to: dict[Place, int] = field(default_factory=dict)


def faults(history: History) -> list[str]:
    """Every broken rule in plain words; empty when the history is right."""
    logs = _logs(history.rows)
    stored = Counter((row.conversation, row.client_id) for row in history.rows)
    return [
        *_acknowledged_once(history.operations, history.rows, stored),
        *_dense(logs),
        *_real_time_order(history.operations),
        *_screens(history.screens, logs),
        *_never_sent(history),
        *_unread(history, logs),
        *_unknown_at_most_once(history.operations, stored),
    ]


def _logs(rows: Iterable[Row]) -> dict[UUID, list[Row]]:
    logs: dict[UUID, list[Row]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: row.seq):
        logs[row.conversation].append(row)
    return logs


def _acknowledged_once(
    operations: Sequence[Operation], rows: Sequence[Row], stored: Mapping[Key, int]
) -> list[str]:
    """Rule 1: every acknowledged message is there once, where the acknowledgement said."""
    places = {(row.conversation, row.client_id): row.seq for row in rows}
    found = []
    for operation in operations:
        key = (operation.conversation, operation.client_id)
        if operation.seq is None:
            continue
        if stored.get(key, 0) != 1:
            found.append(f"acknowledged {operation.client_id} is stored {stored.get(key, 0)} times")
        elif places[key] != operation.seq:
            found.append(f"{operation.client_id} acknowledged at {operation.seq}, stored at {places[key]}")
    return found


def _dense(logs: Mapping[UUID, Sequence[Row]]) -> list[str]:
    """Rule 2: numbers are 1..n."""
    return [
        f"numbers of {conversation} are not 1..{len(log)}"
        for conversation, log in logs.items()
        if [row.seq for row in log] != list(range(1, len(log) + 1))
    ]


def _real_time_order(operations: Sequence[Operation]) -> list[str]:
    """Rule 3: acknowledged before another was sent means a smaller number."""
    found = []
    by_conversation: dict[UUID, list[Operation]] = defaultdict(list)
    for operation in operations:
        if operation.seq is not None:
            by_conversation[operation.conversation].append(operation)
    for members in by_conversation.values():
        done = sorted(members, key=lambda operation: operation.acked_s or 0.0)
        highest, place = 0, 0
        for operation in sorted(members, key=lambda operation: operation.invoked_s):
            while place < len(done) and (done[place].acked_s or 0.0) < operation.invoked_s:
                highest = max(highest, done[place].seq or 0)
                place += 1
            if (operation.seq or 0) < highest:
                found.append(f"{operation.client_id} at {operation.seq} was sent after {highest} was known")
    return found


def _screens(
    screens: Mapping[Place, list[tuple[int, UUID]]], logs: Mapping[UUID, Sequence[Row]]
) -> list[str]:
    """Rule 4: every screen shows the log."""
    return [
        f"{reader} shows something else than the log of {conversation}"
        for (conversation, reader), shown in screens.items()
        if shown != [(row.seq, row.client_id) for row in logs.get(conversation, ())]
    ]


def _never_sent(history: History) -> list[str]:
    """Rule 5: nothing is stored that nobody sent."""
    sent = {(operation.conversation, operation.client_id) for operation in history.operations}
    return [
        f"{row.client_id} at {row.seq} was never sent"
        for row in history.rows
        if row.message and (row.conversation, row.client_id) not in sent
    ]


def _unread(history: History, logs: Mapping[UUID, Sequence[Row]]) -> list[str]:
    """Rule 6: the unread number is what counting gives."""
    found = []
    for place, unread in history.unread.items():
        read_up_to = history.read_up_to.get(place, 0)
        counted = sum(row.message and row.seq > read_up_to for row in logs.get(place[0], ()))
        if counted != unread:
            found.append(f"{place[1]} is told {unread} unread, counting gives {counted}")
    return found


def _unknown_at_most_once(operations: Sequence[Operation], stored: Mapping[Key, int]) -> list[str]:
    """Rule 7: a message whose sender never heard back is there once or not at all."""
    return [
        f"unacknowledged {operation.client_id} is stored more than once"
        for operation in operations
        if operation.seq is None and stored.get((operation.conversation, operation.client_id), 0) > 1
    ]

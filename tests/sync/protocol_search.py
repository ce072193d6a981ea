"""Breadth-first search over every state of a protocol model."""

from collections import deque
from dataclasses import dataclass

from .protocol_model import Protocol, State, broken_promise, is_finished


@dataclass(frozen=True, slots=True)
class Finding:
    """The first broken promise, with the shortest way to it."""

    promise: str
    path: list[str]


@dataclass(frozen=True, slots=True)
class Result:
    states: int
    moves: int
    finding: Finding | None


def explore(protocol: Protocol, start: State | None = None) -> Result:
    """Visit every reachable state.

    Two kinds of promise are checked: what no state may show, and that from every state the end
    (all sent, acknowledged, shown) can still be reached without another fault.
    """
    start = start or State()
    came_from: dict[State, tuple[State, str] | None] = {start: None}
    helpful_into: dict[State, list[State]] = {}
    waiting = deque([start])
    moves = 0
    while waiting:
        state = waiting.popleft()
        promise = broken_promise(state)
        if promise is not None:
            return Result(len(came_from), moves, Finding(promise, _path(came_from, state)))
        for step in protocol.steps(state):
            moves += 1
            if not step.fault:
                helpful_into.setdefault(step.after, []).append(state)
            if step.after not in came_from:
                came_from[step.after] = (state, step.name)
                waiting.append(step.after)
    stuck = _first_stuck(came_from, helpful_into)
    finding = None if stuck is None else Finding("no way to the end is left", _path(came_from, stuck))
    return Result(len(came_from), moves, finding)


def _first_stuck(
    came_from: dict[State, tuple[State, str] | None], helpful_into: dict[State, list[State]]
) -> State | None:
    hopeful = {state for state in came_from if is_finished(state)}
    waiting = list(hopeful)
    while waiting:
        for before in helpful_into.get(waiting.pop(), ()):
            if before not in hopeful:
                hopeful.add(before)
                waiting.append(before)
    return next((state for state in came_from if state not in hopeful), None)


def _path(came_from: dict[State, tuple[State, str] | None], state: State) -> list[str]:
    names: list[str] = []
    while (origin := came_from[state]) is not None:
        state, name = origin
        names.append(name)
    return names[::-1]

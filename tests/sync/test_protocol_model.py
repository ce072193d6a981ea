"""The design of sync, searched exhaustively, and the search itself, tried on seeded bugs."""

import pytest

from .protocol_model import Bug, Protocol, State
from .protocol_search import explore

HARMLESS_ALONE = (Bug.GATEWAY_IGNORES_GAPS, Bug.CLIENT_IGNORES_GAPS)


def test_every_state_of_the_protocol_keeps_its_promises() -> None:
    result = explore(Protocol())

    print(f"\nprotocol model: {result.states} states, {result.moves} moves")
    assert result.finding is None
    assert result.states > 10_000, "the model has lost its faults"


@pytest.mark.parametrize("bug", [bug for bug in Bug if bug not in HARMLESS_ALONE])
def test_each_seeded_bug_is_found(bug: Bug) -> None:
    result = explore(Protocol(bug))

    assert result.finding is not None, f"not noticed: {bug.value}"
    print(f"\n{bug.name} after {result.states} states: {result.finding.promise}: {result.finding.path}")


@pytest.mark.parametrize("bug", HARMLESS_ALONE)
def test_one_of_the_two_gap_checks_alone_is_enough(bug: Bug) -> None:
    assert explore(Protocol(bug), State(breaks_left=0)).finding is None

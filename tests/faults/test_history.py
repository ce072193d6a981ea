"""The checker of the fault tests sees every kind of fault it is there for."""

from collections.abc import Callable
from uuid import UUID

import pytest

from tests.support.history import History, Operation, Row, faults

ROOM = UUID(int=1)


def right_history() -> History:
    """Ten messages, the last not acknowledged; ana has read up to 4."""
    history = History()
    for number in range(1, 11):
        client_id = UUID(int=100 + number)
        acked = number < 10
        history.operations.append(
            Operation(ROOM, client_id, number, number + 0.5 if acked else None, number if acked else None)
        )
        history.rows.append(Row(ROOM, number, client_id))
    history.screens[(ROOM, "ana")] = [(row.seq, row.client_id) for row in history.rows]
    history.read_up_to[(ROOM, "ana")] = 4
    history.unread[(ROOM, "ana")] = 6
    return history


def lose_an_acknowledged_message(history: History) -> None:
    history.rows[8] = Row(ROOM, 9, UUID(int=999), message=False)


def acknowledge_another_place(history: History) -> None:
    history.operations[8].seq = 10


def leave_a_hole(history: History) -> None:
    history.rows[9] = Row(ROOM, 11, history.rows[9].client_id)


def swap_two_messages(history: History) -> None:
    first, second = history.operations[2:4]
    first.seq, second.seq = second.seq, first.seq
    history.rows[2:4] = [Row(ROOM, 3, second.client_id), Row(ROOM, 4, first.client_id)]
    history.screens.clear()


def show_one_twice(history: History) -> None:
    history.screens[(ROOM, "ana")].append((10, UUID(int=110)))


def show_one_less(history: History) -> None:
    history.screens[(ROOM, "ana")].pop()


def invent_a_message(history: History) -> None:
    history.rows.append(Row(ROOM, 11, UUID(int=999)))
    history.screens.clear()
    history.unread.clear()


def count_wrongly(history: History) -> None:
    history.unread[(ROOM, "ana")] = 5


def double_an_unknown_message(history: History) -> None:
    history.rows.append(Row(ROOM, 11, UUID(int=110)))
    history.screens.clear()
    history.unread.clear()


SEEDED: dict[Callable[[History], None], str] = {
    lose_an_acknowledged_message: "is stored 0 times",
    acknowledge_another_place: "acknowledged at 10, stored at 9",
    leave_a_hole: "are not 1..10",
    swap_two_messages: "was sent after 4 was known",
    show_one_twice: "ana shows something else",
    show_one_less: "ana shows something else",
    invent_a_message: "was never sent",
    count_wrongly: "is told 5 unread, counting gives 6",
    double_an_unknown_message: "unacknowledged 00000000-0000-0000-0000-00000000006e is stored more than once",
}


def test_a_right_history_is_accepted() -> None:
    assert faults(right_history()) == []


@pytest.mark.parametrize("seed", SEEDED, ids=lambda seed: seed.__name__)
def test_a_seeded_fault_is_seen(seed: Callable[[History], None]) -> None:
    history = right_history()
    seed(history)

    found = faults(history)

    assert any(SEEDED[seed] in fault for fault in found), found

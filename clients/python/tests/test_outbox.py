"""What waits is kept in order, once, and for its owner only."""

import stat
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import pytest

from amana_client import MemoryStore, SqliteStore, Store, Waiting

ITEMS = [Waiting(UUID(int=n), {"t": "send", "text": f"Nr. {n} ß ق"}) for n in (3, 1, 2)]


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    make: dict[str, Callable[[], Store]] = {
        "memory": MemoryStore,
        "sqlite": lambda: SqliteStore(tmp_path / "outbox.db"),
    }
    return make[request.param]()


def test_what_was_added_waits_in_its_order_and_only_once(store: Store) -> None:
    for item in (*ITEMS, ITEMS[0]):
        store.add(item)

    store.remove(ITEMS[1].client_id)
    store.remove(UUID(int=99))

    assert list(store.waiting()) == [ITEMS[0], ITEMS[2]]
    store.close()


def test_a_file_holds_over_the_end_of_the_program_and_is_its_owners(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    first = SqliteStore(path)
    for item in ITEMS:
        first.add(item)
    # Not closed: a program that is killed closes nothing.

    second = SqliteStore(path)

    assert second.waiting() == ITEMS
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    second.close()
    first.close()


def test_what_was_acknowledged_has_left_the_file(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    store = SqliteStore(path)
    store.add(Waiting(UUID(int=1), {"text": "carved in stone"}))

    store.remove(UUID(int=1))
    store.close()

    assert not [one for one in tmp_path.iterdir() if b"carved in stone" in one.read_bytes()]

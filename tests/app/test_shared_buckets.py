"""Somebody who comes through two workers gets what one would give, and not twice as much."""

from uuid import UUID

import pytest

from amana.app.shared_buckets import SharedBuckets
from amana.conversations.errors import SendingTooFast
from amana.conversations.messages.flood import Flood
from amana.events.doorbell import Doorbell, Notice
from amana.http.buckets import Buckets
from amana.kernel.ids import UserId
from tests.support.clock import FakeClock

ANA = UserId(UUID(int=1))
NETWORK = "192.0.2.7"


class Wire:
    """A bridge that carries at once."""

    def __init__(self) -> None:
        self.other: Doorbell | None = None

    def conversation_moved(self, *_: object) -> None: ...

    def user_moved(self, *_: object) -> None: ...

    def notice(self, notice: Notice) -> None:
        if self.other is not None:
            self.other.hear_notice(notice)

    hint = notice


class Worker:
    def __init__(self, clock: FakeClock) -> None:
        self.flood = Flood(clock, burst=100, per_s=1)
        self.networks = Buckets(clock, burst=100, rate_per_s=1)
        self.doorbell = Doorbell()
        self.wire = Wire()
        self.doorbell.connect(self.wire)
        self.shared = SharedBuckets(self.doorbell, {"networks": self.networks.share(), **self.flood.share()})

    def send(self, count: int) -> int:
        """Send so many; give how many passed."""
        passed = 0
        for _ in range(count):
            try:
                self.flood.take(ANA)
                passed += 1
            except SendingTooFast:
                break
        return passed

    def ask(self, count: int) -> int:
        return sum(self.networks.take(NETWORK) == 0.0 for _ in range(count))


@pytest.fixture
def workers(clock: FakeClock) -> tuple[Worker, Worker]:
    first, second = Worker(clock), Worker(clock)
    first.wire.other, second.wire.other = second.doorbell, first.doorbell
    return first, second


def test_what_one_gave_the_other_has_no_more(workers: tuple[Worker, Worker]) -> None:
    first, second = workers

    assert (first.send(80), first.ask(70)) == (80, 70)
    first.shared.tell()

    assert (second.send(100), second.ask(100)) == (20, 30)


def test_telling_costs_nothing_here(workers: tuple[Worker, Worker]) -> None:
    first, _ = workers

    first.send(30)
    first.shared.tell()
    first.shared.tell()

    assert first.send(100) == 70


def test_workers_that_hear_nothing_count_for_themselves(workers: tuple[Worker, Worker]) -> None:
    first, second = workers
    first.wire.other = None

    first.send(100)
    first.shared.tell()

    assert second.send(100) == 100

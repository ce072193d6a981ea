"""Time never runs backwards and never leaps, whatever the machine's clock does."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from amana.kernel.clock import SystemClock, from_unix_ms, unix_ms

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC).timestamp()


class Machine:
    """A machine whose wall clock and elapsed time a test moves."""

    def __init__(self) -> None:
        self.wall = NOON
        self.elapsed = 100.0
        self.alarms: list[timedelta] = []
        self.clock = SystemClock(
            wall_s=lambda: self.wall, elapsed_s=lambda: self.elapsed, on_jump=self.alarms.append
        )

    def passes(self, seconds: float, *, wall: float | None = None) -> datetime:
        self.elapsed += seconds
        self.wall += seconds if wall is None else wall
        return self.clock.now()


def test_a_steady_machine_gives_its_own_time() -> None:
    machine = Machine()

    later = machine.passes(30)

    assert later == datetime(2026, 11, 22, 12, 0, 30, tzinfo=UTC)
    assert machine.alarms == []


def test_a_clock_set_back_a_day_raises_one_alarm_and_time_goes_on() -> None:
    machine = Machine()
    before = machine.passes(1)

    after = machine.passes(1, wall=-86_400)
    machine.passes(1)

    assert before < after
    assert after - before < timedelta(seconds=1.01)
    assert len(machine.alarms) == 1
    assert machine.alarms[0] < timedelta(hours=-23)


def test_a_clock_set_forward_is_followed_slowly() -> None:
    machine = Machine()

    machine.passes(0, wall=3600)
    after = machine.passes(1000)

    drawn = after.timestamp() - NOON - 1000
    assert 0 < drawn <= 0.5001
    assert machine.alarms == [timedelta(seconds=3600)]


def test_a_small_offset_is_mended_without_an_alarm() -> None:
    machine = Machine()

    machine.passes(0, wall=0.2)
    after = machine.passes(1000)

    assert abs(after.timestamp() - machine.wall) < 0.001
    assert machine.alarms == []


@given(st.lists(st.tuples(st.floats(0, 100), st.floats(-1e6, 1e6)), max_size=30))
def test_no_sequence_of_jumps_makes_time_run_backwards(steps: list[tuple[float, float]]) -> None:
    machine = Machine()
    last = machine.clock.now()

    for elapsed, wall in steps:
        now = machine.passes(elapsed, wall=wall)
        assert now >= last
        last = now


def test_milliseconds_survive_the_round_trip() -> None:
    assert unix_ms(from_unix_ms(1_770_000_000_123)) == 1_770_000_000_123

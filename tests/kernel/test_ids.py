"""UUIDv7 as RFC 9562 writes it, and the month inside it."""

from datetime import UTC, datetime
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from amana.kernel.clock import unix_ms
from amana.kernel.entropy import SeededEntropy
from amana.kernel.ids import Bucket, Ids, bucket_at, is_uuid7, next_bucket, time_ms_of, uuid7


class Stopped:
    """A clock that stands still."""

    def now(self) -> datetime:
        return datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC)

    def monotonic_s(self) -> float:
        return 0.0


def test_the_example_of_the_standard_is_reproduced() -> None:
    # RFC 9562, appendix A.6: 0x017F22E279B0, rand_a 0xCC3, rand_b 0x18C4DC0C0C07398F.
    rand = (0xCC3 << 62) | 0x18C4DC0C0C07398F
    made = uuid7(0x017F22E279B0, rand.to_bytes(10, "big"))

    assert made == UUID("017F22E2-79B0-7CC3-98C4-DC0C0C07398F")


@given(st.integers(0, 2**48 - 1), st.binary(min_size=10, max_size=10))
def test_version_variant_and_time_are_kept_for_any_input(time_ms: int, noise: bytes) -> None:
    made = uuid7(time_ms, noise)

    assert is_uuid7(made)
    assert made.version == 7
    assert time_ms_of(made) == time_ms


def test_other_versions_are_not_taken_for_version_seven() -> None:
    assert not is_uuid7(UUID("f47ac10b-58cc-4372-a567-0e02b2c3d479"))
    assert not is_uuid7(UUID(int=0))


def test_a_seed_gives_the_same_ids_again() -> None:
    first, second = Ids(Stopped(), SeededEntropy(7)), Ids(Stopped(), SeededEntropy(7))

    assert [first.new() for _ in range(5)] == [second.new() for _ in range(5)]


def test_the_month_changes_at_midnight_utc() -> None:
    end = unix_ms(datetime(2026, 12, 31, 23, 59, 59, 999000, tzinfo=UTC))

    assert bucket_at(end) == 202612
    assert bucket_at(end + 1) == 202701
    assert next_bucket(Bucket(202612)) == 202701
    assert next_bucket(Bucket(202701)) == 202702

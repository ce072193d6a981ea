"""Free space: where the gate closes and opens, and when the ballast goes and comes back."""

from pathlib import Path

import pytest

from amana.storage.errors import StorageFull
from amana.storage.space import MIB, Gate, Space, Volume, essential

RESERVE = 100 * MIB
BALLAST = RESERVE // 4


class Disk:
    """A volume of which tests say how much is free."""

    def __init__(self, tmp_path: Path, *, free_mb: int) -> None:
        self.free = free_mb * MIB
        self.ballast = tmp_path / "ballast"
        self.gate = Gate()
        self.space = Space(
            [tmp_path], self.gate, ballast=self.ballast, reserve_bytes=RESERVE, measure=lambda _: self.volume
        )

    @property
    def volume(self) -> Volume:
        return Volume(10_000 * MIB, self.free)

    def look(self, *, free_mb: int) -> None:
        self.free = free_mb * MIB
        self.space.look()


def test_the_gate_closes_below_the_reserve_and_opens_with_some_comfort(tmp_path: Path) -> None:
    disk = Disk(tmp_path, free_mb=100)
    seen = []
    for free_mb in (100, 99, 105, 109, 110, 100, 99):
        disk.look(free_mb=free_mb)
        seen.append(disk.space.is_short)

    assert seen == [False, True, True, True, False, False, True]


def test_what_is_essential_passes_the_closed_gate(tmp_path: Path) -> None:
    disk = Disk(tmp_path, free_mb=1)
    disk.space.look()

    with pytest.raises(StorageFull):
        disk.gate.require_open()
    with essential():
        disk.gate.require_open()
    with pytest.raises(StorageFull):
        disk.gate.require_open()


def test_the_ballast_is_real_goes_in_need_and_comes_back(tmp_path: Path) -> None:
    disk = Disk(tmp_path, free_mb=200)

    disk.look(free_mb=200)
    assert disk.ballast.stat().st_blocks * 512 >= BALLAST, "a hole would give nothing back"
    assert disk.ballast.stat().st_mode & 0o777 == 0o600
    disk.look(free_mb=30)
    assert disk.ballast.exists(), "a nearly full disk is no need yet"
    disk.look(free_mb=24)
    assert not disk.ballast.exists()
    disk.look(free_mb=149)
    assert not disk.ballast.exists()
    disk.look(free_mb=150)
    assert disk.ballast.exists()


def test_without_a_choice_the_reserve_is_a_share_of_the_disk_but_a_gigabyte_at_least(tmp_path: Path) -> None:
    reserves = []
    for total_mb in (10_000, 100_000):
        volume = Volume(total_mb * MIB, total_mb * MIB)
        space = Space([tmp_path], Gate(), ballast=tmp_path / "b", measure=lambda _, volume=volume: volume)  # type: ignore[misc]
        space.measure_now()
        reserves.append(space.reserve // MIB)

    assert reserves == [1_024, 5_000]


def test_the_fuller_of_two_volumes_decides(tmp_path: Path) -> None:
    volumes = {
        tmp_path / "data": Volume(10_000 * MIB, 5_000 * MIB),
        tmp_path / "wal": Volume(200 * MIB, 50 * MIB),
    }
    gate = Gate()
    space = Space(
        list(volumes), gate, ballast=tmp_path / "b", reserve_bytes=RESERVE, measure=volumes.__getitem__
    )

    space.look()

    assert gate.is_closed
    assert space.free == 50 * MIB

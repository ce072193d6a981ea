"""Free disk space: nothing new is taken while it is short, so that the database never meets a full disk.

A PostgreSQL that cannot write its log panics, even for a reader. So the server refuses what people
write before it comes to that, and reading goes on. Two lines of defence:

* the **reserve**: below it every change is refused (``storage_full``) but what ``essential`` marks;
* the **ballast**, a file of that name in the data folder: when somebody else eats the reserve, it is
  deleted to give the database air, and made again when there is room.
"""

import asyncio
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path

import structlog

from amana.storage.errors import StorageFull

log = structlog.get_logger("amana.disk")

MIB = 1024 * 1024
RESERVE_BYTES = 1024 * MIB
RESERVE_SHARE = 0.05
BALLAST_BYTES = 256 * MIB
# So many percent of the reserve before changes are taken again: no flapping around the line.
COMFORT_PERCENT = 110
LOOK_S = 0.5

_essential: ContextVar[bool] = ContextVar("essential", default=False)


@contextmanager
def essential() -> Iterator[None]:
    """Let the changes in this block happen even while the disk is nearly full.

    For what is small and must go on: signing in and out, read markers, erasing, the leader's work.
    """
    token = _essential.set(True)
    try:
        yield
    finally:
        _essential.reset(token)


class Gate:
    """Whether changes are taken now. One attribute, so that asking costs nothing."""

    __slots__ = ("is_closed",)

    def __init__(self) -> None:
        self.is_closed = False

    def require_open(self) -> None:
        """Raise StorageFull while the disk is nearly full, except inside ``essential``."""
        if self.is_closed and not _essential.get():
            raise StorageFull


@dataclass(frozen=True, slots=True)
class Volume:
    """One file system, in bytes; ``free`` is what an ordinary account may still use."""

    total: int
    free: int


def measure(folder: Path) -> Volume:
    """Ask the system about the file system that ``folder`` is on."""
    found = os.statvfs(folder)
    return Volume(found.f_blocks * found.f_frsize, found.f_bavail * found.f_frsize)


class Space:
    """Watches the volumes of the database and opens or closes the gate.

    Attributes:
        free: bytes free on the fuller volume, as of the last look.
        reserve: bytes that must stay free there.
    """

    def __init__(
        self,
        folders: Sequence[Path],
        gate: Gate,
        *,
        ballast: Path | None,
        reserve_bytes: int | None = None,
        measure: Callable[[Path], Volume] = measure,
    ) -> None:
        """Prepare; ``look`` takes the first measure.

        Args:
            folders: one on every volume the database writes to.
            ballast: the file to give back in need; None = another process looks after it.
            reserve_bytes: None = 5 % of the volume, at least 1 GiB.
        """
        self._folders = folders
        self._gate = gate
        self._ballast = ballast
        self._wanted = reserve_bytes
        self._measure = measure
        self.free = 0
        self.reserve = 0

    @property
    def is_short(self) -> bool:
        """Whether changes are refused now."""
        return self._gate.is_closed

    @property
    def ballast_bytes(self) -> int:
        """How large the ballast is to be: a quarter of the reserve, at most 256 MiB."""
        return min(BALLAST_BYTES, self.reserve // 4)

    @property
    def has_ballast(self) -> bool:
        """Whether there is something left to give back."""
        return self._ballast is not None and self._ballast.exists()

    def measure_now(self) -> Volume:
        """Measure once and give the fuller volume; changes nothing but ``free`` and ``reserve``."""
        volumes = [self._measure(folder) for folder in self._folders]
        fuller = min(volumes, key=lambda volume: volume.free - self._reserve_of(volume))
        self.free, self.reserve = fuller.free, self._reserve_of(fuller)
        return fuller

    def look(self) -> None:
        """Measure once; open or close the gate, give the ballast back or make it."""
        self.measure_now()
        if self._ballast is not None:
            self._look_after(self._ballast)
        self._decide()

    def _look_after(self, ballast: Path) -> None:
        if self.free < self.ballast_bytes and ballast.exists():
            ballast.unlink()
            log.error("disk.ballast_released", free_mb=self.free // MIB)
        elif self.free >= self.reserve + 2 * self.ballast_bytes and not ballast.exists():
            self._make(ballast)

    async def watch(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            await asyncio.sleep(LOOK_S)
            try:
                # Not on the loop: a network file system may take its time.
                await asyncio.to_thread(self.look)
            except OSError as error:
                log.warning("disk.not_measured", reason=type(error).__name__)

    def _reserve_of(self, volume: Volume) -> int:
        if self._wanted is not None:
            return self._wanted
        return max(RESERVE_BYTES, int(volume.total * RESERVE_SHARE))

    def _decide(self) -> None:
        if not self._gate.is_closed and self.free < self.reserve:
            self._gate.is_closed = True
            log.error("disk.nearly_full", free_mb=self.free // MIB, reserve_mb=self.reserve // MIB)
        elif self._gate.is_closed and self.free * 100 >= self.reserve * COMFORT_PERCENT:
            self._gate.is_closed = False
            log.warning("disk.has_room_again", free_mb=self.free // MIB)

    def _make(self, ballast: Path) -> None:
        unfinished = ballast.with_name("ballast.new")
        try:
            handle = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            try:
                # Blocks and not a hole: a sparse file gives nothing back.
                os.posix_fallocate(handle, 0, max(1, self.ballast_bytes))
            finally:
                os.close(handle)
            unfinished.rename(ballast)
        except OSError as error:
            log.warning("disk.no_ballast", reason=error.strerror)
            with suppress(OSError):
                unfinished.unlink(missing_ok=True)


def database_folders(data_dir: Path) -> list[Path]:
    """One folder for every volume that the embedded database writes to."""
    folders = [data_dir]
    wal = data_dir / "postgres" / "pg_wal"
    with suppress(OSError):  # not ours to enter: then the data folder speaks for both
        if wal.stat().st_dev != data_dir.stat().st_dev:
            folders.append(wal)
    return folders

"""A file system that forgets at a power cut what nobody had asked it to keep.

Runs as a process of its own: ``python -m tests.faults.power_cut DISK MOUNT SEED``. Everything passes through
to DISK. Looking at ``MOUNT/.power-cut`` cuts the power: from then on every call fails, and DISK goes back to
what was durable. The rules are those of a journalling file system with delayed writes:

* a page of 4 KiB written since its file's last fsync is there or not, each by itself (so pages are torn);
* names (create, rename, remove) since the last fsync of anything never happened;
* what was synced is there.
"""

# A file system lives on plain paths and descriptors, and every call counts.
# ruff: noqa: PTH101, PTH102, PTH104, PTH106, PTH108, PTH113, PTH114, PTH115, PTH118, PTH123, PTH208, PTH211
import errno
import functools
import os
import random
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mfusepy

PAGE = 4096
CUT = "/.power-cut"
GRAVEYARD = ".graveyard"
KEPT_SHARE = 0.5


def powered(disk: type) -> type:
    """Make every call of the file system fail once the power is cut."""

    def guarded(call: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(call)
        def only_with_power(self: Any, *args: Any) -> Any:
            if self.is_cut:
                raise mfusepy.FuseOSError(errno.EIO)
            return call(self, *args)

        return only_with_power

    for name, value in list(vars(disk).items()):
        if callable(value) and not name.startswith("_") and name not in ("path", "cut", "release"):
            setattr(disk, name, guarded(value))
    return disk


@powered
class ForgetfulDisk(mfusepy.Operations):  # type: ignore[misc]  # mfusepy has no types
    """Passes through, and remembers how to undo what is not durable yet."""

    use_ns = True

    def __init__(self, disk: Path, seed: int) -> None:
        self.disk = disk
        self.graves = disk.parent / GRAVEYARD
        self.graves.mkdir(exist_ok=True)
        self.chance = random.Random(seed)
        self.is_cut = False
        # By inode: what a page held at the last sync (None: there was none), and how long the file was.
        self.pages: dict[int, dict[int, bytes | None]] = {}
        self.sizes: dict[int, int] = {}
        self.names: list[Callable[[], None]] = []
        self.buried = 0

    def path(self, path: str) -> str:
        return f"{self.disk}{path}"

    # What a look at the disk needs.

    def getattr(self, path: str, fh: int | None = None) -> dict[str, Any]:
        if path == CUT:
            self.cut()
            raise mfusepy.FuseOSError(errno.EIO)
        found = os.fstat(fh) if fh is not None else os.lstat(self.path(path))
        names = ("st_gid", "st_mode", "st_nlink", "st_size", "st_uid", "st_ino", "st_blocks")
        times = {f"st_{t}": getattr(found, f"st_{t}_ns") for t in ("atime", "mtime", "ctime")}
        return {**{name: getattr(found, name) for name in names}, **times}

    def readdir(self, path: str, fh: int) -> list[str]:
        return [".", "..", *os.listdir(self.path(path))]

    def readlink(self, path: str) -> str:
        return os.readlink(self.path(path))

    def statfs(self, path: str) -> dict[str, int]:
        found = os.statvfs(self.path(path))
        names = ("f_bavail", "f_bfree", "f_blocks", "f_bsize", "f_favail", "f_ffree", "f_files", "f_frsize")
        return {name: getattr(found, name) for name in names}

    def open(self, path: str, flags: int) -> int:
        handle = os.open(self.path(path), (flags & ~os.O_APPEND & ~os.O_TRUNC & ~3) | os.O_RDWR)
        if flags & os.O_TRUNC:
            self._truncate(handle, 0)
        return handle

    def read(self, path: str, size: int, offset: int, fh: int) -> bytes:
        return os.pread(fh, size, offset)

    def release(self, path: str, fh: int) -> int:
        os.close(fh)
        return 0

    # What changes content: undone page by page until the file is synced.

    def write(self, path: str, data: bytes, offset: int, fh: int) -> int:
        self._remember(fh, offset, offset + len(data))
        return os.pwrite(fh, data, offset)

    def truncate(self, path: str, length: int, fh: int | None = None) -> int:
        handle = os.open(self.path(path), os.O_RDWR)
        try:
            self._truncate(handle, length)
        finally:
            os.close(handle)
        return 0

    def fsync(self, path: str, datasync: int, fh: int) -> int:
        inode = os.fstat(fh).st_ino
        self.pages.pop(inode, None)
        self.sizes.pop(inode, None)
        self._commit_names()
        return 0

    def fsyncdir(self, path: str, datasync: int, fh: int) -> int:
        self._commit_names()
        return 0

    # What changes names: undone in reverse order until anything is synced.

    def create(self, path: str, mode: int, fi: Any = None) -> int:
        real = self.path(path)
        handle = os.open(real, os.O_RDWR | os.O_CREAT | os.O_EXCL, mode)
        self._give_to_caller(real)
        inode = os.fstat(handle).st_ino
        self.pages[inode], self.sizes[inode] = {}, 0
        self.names.append(lambda: os.unlink(real))
        return handle

    def mkdir(self, path: str, mode: int) -> None:
        real = self.path(path)
        os.mkdir(real, mode)
        self._give_to_caller(real)
        self.names.append(lambda: os.rmdir(real))

    def rmdir(self, path: str) -> None:
        real = self.path(path)
        found = os.lstat(real)
        os.rmdir(real)

        def again() -> None:
            os.mkdir(real, found.st_mode & 0o7777)
            os.chown(real, found.st_uid, found.st_gid)

        self.names.append(again)

    def unlink(self, path: str) -> None:
        real, grave = self.path(path), self._grave()
        os.rename(real, grave)
        self.names.append(lambda: os.rename(grave, real))

    def rename(self, old: str, new: str) -> None:
        source, target = self.path(old), self.path(new)
        if os.path.isfile(target):
            self.unlink(new)
        os.rename(source, target)
        self.names.append(lambda: os.rename(target, source))

    def link(self, target: str, source: str) -> None:
        real = self.path(target)
        os.link(self.path(source), real)
        self.names.append(lambda: os.unlink(real))

    def symlink(self, target: str, source: str) -> None:
        real = self.path(target)
        os.symlink(source, real)
        self.names.append(lambda: os.unlink(real))

    def chmod(self, path: str, mode: int) -> None:
        os.chmod(self.path(path), mode)

    def chown(self, path: str, uid: int, gid: int) -> None:
        os.chown(self.path(path), uid, gid)

    def utimens(self, path: str, times: tuple[int, int]) -> int:
        os.utime(self.path(path), ns=times)
        return 0

    # The power.

    def cut(self) -> None:
        """Go back to what is durable; nothing works any more."""
        self.is_cut = True
        for undo in reversed(self.names):
            undo()
        for folder, _, files in os.walk(self.disk):
            for file in files:
                path = os.path.join(folder, file)
                inode = os.lstat(path).st_ino
                if inode in self.sizes and not os.path.islink(path):
                    self._go_back(path, self.sizes[inode], self.pages[inode])

    def _go_back(self, path: str, durable_size: int, pages: dict[int, bytes | None]) -> None:
        with open(path, "r+b") as file:
            size = os.fstat(file.fileno()).st_size
            shrunk = size < durable_size
            end = durable_size
            for page, before in sorted(pages.items()):
                start = page * PAGE
                if not (shrunk and start + PAGE > size) and self.chance.random() < KEPT_SHARE:
                    end = max(end, min(size, start + PAGE))
                    continue
                os.pwrite(file.fileno(), before if before is not None else bytes(PAGE), start)
            os.ftruncate(file.fileno(), end)

    def _remember(self, handle: int, start: int, end: int) -> None:
        found = os.fstat(handle)
        size = self.sizes.setdefault(found.st_ino, found.st_size)
        pages = self.pages.setdefault(found.st_ino, {})
        for page in range(start // PAGE, -(-end // PAGE)):
            if page not in pages:
                pages[page] = os.pread(handle, PAGE, page * PAGE) if page * PAGE < size else None

    def _truncate(self, handle: int, length: int) -> None:
        self._remember(handle, length, max(length, os.fstat(handle).st_size))
        os.ftruncate(handle, length)

    def _commit_names(self) -> None:
        self.names.clear()
        for grave in os.listdir(self.graves):
            path = self.graves / grave
            inode = path.lstat().st_ino
            if path.lstat().st_nlink == 1:
                self.pages.pop(inode, None)
                self.sizes.pop(inode, None)
            path.unlink()

    def _grave(self) -> str:
        self.buried += 1
        return str(self.graves / str(self.buried))

    def _give_to_caller(self, real: str) -> None:
        uid, gid, _ = mfusepy.fuse_get_context()
        os.lchown(real, uid, gid)


def main() -> None:
    disk, mount, seed = sys.argv[1:]
    mfusepy.FUSE(
        ForgetfulDisk(Path(disk), int(seed)),
        mount,
        foreground=True,
        nothreads=True,
        allow_other=True,
        default_permissions=True,
        fsname="forgetful",
    )


if __name__ == "__main__":
    main()

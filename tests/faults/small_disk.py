"""A server whose data lie on a small disk of their own: a tmpfs in a private mount namespace."""

import os
import subprocess
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

from tests.support.server import ServerProcess

MIB = 1024 * 1024


class SmallDisk(ServerProcess):
    """As ``ServerProcess``, with a disk that can be filled and grown.

    Attributes:
        data_dir: the data as this process reaches them, through the namespace's holder.
    """

    def __init__(self, size_mb: int, reserve_mb: int) -> None:
        super().__init__(AMANA_DISK_RESERVE_MB=str(reserve_mb))
        self.reserve_mb = reserve_mb
        self.served_dir.mkdir()
        mount = 'mount -t tmpfs -o "$1" tmpfs "$2" && echo && exec sleep 3600'
        options = f"size={size_mb}m,mode=755"
        self._holder = subprocess.Popen(
            [
                "unshare",
                "-m",
                "--propagation",
                "private",
                "sh",
                "-c",
                mount,
                "sh",
                options,
                str(self.served_dir),
            ],
            stdout=subprocess.PIPE,
        )
        assert self._holder.stdout is not None
        assert self._holder.stdout.readline() == b"\n", "the small disk could not be mounted"
        self.prefix = ["nsenter", "-t", str(self._holder.pid), "-m", "--"]
        self.data_dir = Path(f"/proc/{self._holder.pid}/root{self.served_dir}")

    def resize(self, size_mb: int) -> None:
        """Grow or shrink the disk while the server runs."""
        mount = ["mount", "-o", f"remount,size={size_mb}m", str(self.served_dir)]
        subprocess.run([*self.prefix, *mount], check=True)

    def free_bytes(self) -> int:
        found = os.statvfs(self.data_dir)
        return found.f_bavail * found.f_frsize

    def fill_up(self) -> Path:
        """Another program takes everything that is left now, and not what the server gives back meanwhile."""
        path, size = self.data_dir / "somebody-elses", self.free_bytes() // MIB * MIB
        with path.open("wb") as file, suppress(OSError):  # the server may have taken some of it before
            for taken in range(0, size, MIB):
                os.posix_fallocate(file.fileno(), taken, MIB)
        return path

    def superuser_dsn(self) -> str:
        here = super().superuser_dsn()
        return here.replace("host=", "host=" + quote(f"/proc/{self._holder.pid}/root"), 1)

    async def remove(self) -> None:
        await super().remove()
        self._holder.terminate()
        self._holder.wait()

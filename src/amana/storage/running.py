"""Reaching the embedded PostgreSQL of another Amana process on this machine."""

import asyncio
import fcntl
import os
from pathlib import Path

from amana.storage import cluster, postmaster
from amana.storage.errors import ServerFailed

# A server that was started a moment ago may still be recovering.
WAIT_S = 30.0
POLL_S = 0.1


def is_held(data_dir: Path) -> bool:
    """Whether an Amana process works on ``data_dir`` now (it holds the folder's lock)."""
    layout = _layout(data_dir)
    try:
        handle = os.open(layout.lock, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False


def holder(data_dir: Path) -> int | None:
    """The process that holds the lock, by its own word; None when it is not written there."""
    try:
        return int(_layout(data_dir).lock.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None


async def dsn_of_running(data_dir: Path) -> str:
    """Give the address of the server that another process runs, waiting a little for it to be ready.

    Raises:
        ServerFailed: it does not become ready, or its folder is not for this account.
        PasswordLost: the password's file is gone.
    """
    layout = _layout(data_dir)
    for _ in range(int(WAIT_S / POLL_S)):
        socket_dir = _ready_socket(layout)
        if socket_dir is not None:
            return cluster.dsn(socket_dir, cluster.read_password(layout))
        await asyncio.sleep(POLL_S)
    raise ServerFailed(
        f"An Amana is running on the data in {layout.root}, but its database is not ready. "
        f"Look into {layout.log}."
    )


def _layout(data_dir: Path) -> cluster.Layout:
    return cluster.Layout(data_dir.absolute())


def _ready_socket(layout: cluster.Layout) -> Path | None:
    pid = postmaster.living_pid(layout.data)
    if pid is None or not postmaster.is_ready(layout.data, pid):
        return None
    # Line 5 of the pid file: where the server's socket is, wherever its starter chose to put it.
    lines = (layout.data / "postmaster.pid").read_text(errors="replace").splitlines()
    return Path(lines[4])

"""Listening: one socket, or one for each worker on the same port. A busy port gives way to the next one."""

import asyncio
import errno
import socket
from collections.abc import Callable
from functools import partial

from amana.kernel.errors import StartFailure

PORTS_TRIED = 20
BACKLOG = 2048
# How long workers of a killed server may take until they are gone.
GOING_S = 2.0
POLL_S = 0.05

Open = Callable[[str, int], socket.socket]


def listen(host: str, port: int, *, fixed: bool, shared: bool = False) -> socket.socket:
    """Open the first free port from ``port`` on.

    Args:
        fixed: take ``port`` or nothing, because the public address names it.
        shared: other processes of this account may listen on the same port: the system spreads new
            connections evenly over all that do.

    Raises:
        StartFailure: the port is taken (``fixed``), all tried ones are, or it may not be opened.
    """
    return _first_free(host, port, fixed=fixed, opened=partial(_open, shared=shared))


async def reserve(host: str, port: int, *, fixed: bool) -> socket.socket:
    """Find the port for several processes that will listen on it, and keep strangers off it.

    The socket given back is bound and does not listen: no connection ever waits in it.

    Raises:
        StartFailure: as for ``listen``.
    """
    for _ in range(int(GOING_S / POLL_S)):
        try:
            # First alone: a port that is shared already belongs to another server of the same account.
            first = _first_free(host, port, fixed=True, opened=_open)
            break
        except StartFailure:
            # Workers that outlived a killed server give the port back in a moment.
            await asyncio.sleep(POLL_S)
    else:
        first = _first_free(host, port, fixed=fixed, opened=_open)
    number = int(first.getsockname()[1])
    first.close()
    return _bind(host, number, shared=True)


def _first_free(host: str, port: int, *, fixed: bool, opened: Open) -> socket.socket:
    last = port if fixed else min(port + PORTS_TRIED - 1, 65535)
    for candidate in range(port, last + 1):
        try:
            return opened(host, candidate)
        except OSError as error:
            if error.errno == errno.EACCES:
                raise StartFailure(
                    f"Port {candidate} needs more rights; ports from 1024 on do not."
                ) from None
            if error.errno == errno.EADDRNOTAVAIL:
                raise StartFailure(f"This machine has no address {host} to listen on.") from None
            if error.errno != errno.EADDRINUSE:
                raise
    taken = f"Port {port} is" if fixed else f"Ports {port} to {last} are all"
    raise StartFailure(f"{taken} taken on {host}. Choose another with --port.")


def _open(host: str, port: int, *, shared: bool = False) -> socket.socket:
    opened = _bind(host, port, shared=shared)
    try:
        opened.listen(BACKLOG)
    except OSError:
        opened.close()
        raise
    return opened


def _bind(host: str, port: int, *, shared: bool) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if shared:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        bound.bind((host, port))
    except OSError:
        bound.close()
        raise
    bound.setblocking(False)
    return bound

"""One listening socket; a busy port gives way to the next one."""

import errno
import socket

from amana.kernel.errors import StartFailure

PORTS_TRIED = 20
BACKLOG = 2048


def listen(host: str, port: int, *, fixed: bool) -> socket.socket:
    """Open the first free port from ``port`` on.

    Args:
        fixed: take ``port`` or nothing, because the public address names it.

    Raises:
        StartFailure: the port is taken (``fixed``), all tried ones are, or it may not be opened.
    """
    last = port if fixed else min(port + PORTS_TRIED - 1, 65535)
    for candidate in range(port, last + 1):
        try:
            return _open(host, candidate)
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


def _open(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    opened = socket.socket(family, socket.SOCK_STREAM)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        opened.bind((host, port))
        opened.listen(BACKLOG)
    except OSError:
        opened.close()
        raise
    opened.setblocking(False)
    return opened

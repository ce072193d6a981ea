"""Opening connections to a database that may have moved: several hosts in one DSN, one of them the primary.

The driver knows such DSNs, and asks the hosts one after the other within one time limit: a first host that
swallows packets would use it up every time. Here each host has its own, and the last good one goes first.
"""

from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from amana.storage.faults import DRIVER_ERRORS


class Dialer:
    """Knows the hosts of one DSN.

    ``postgresql://user:password@one:5432,two:5432/amana?target_session_attrs=primary``
    """

    def __init__(self, dsn: str) -> None:
        self._places = _each_host(dsn)

    async def dial(self, *, timeout_s: float, **options: Any) -> asyncpg.Connection:  # noqa: ANN401  the driver's
        """Open a connection to the first host that takes it.

        Args:
            timeout_s: for all hosts together; each has its share.
            options: as ``asyncpg.connect`` takes them.

        Raises:
            The driver's error of the last host.
        """
        share_s = timeout_s / len(self._places)
        for left in range(len(self._places) - 1, -1, -1):
            try:
                return await asyncpg.connect(self._places[0], timeout=share_s, **options)
            except DRIVER_ERRORS:
                self._places.append(self._places.pop(0))
                if not left:
                    raise
        raise AssertionError("there is always a host")


def _each_host(dsn: str) -> list[str]:
    """One DSN for each host in the network part; hosts in the query are left to the driver."""
    parts = urlsplit(dsn)
    account, at, hosts = parts.netloc.rpartition("@")
    return [urlunsplit(parts._replace(netloc=f"{account}{at}{host}")) for host in hosts.split(",")]

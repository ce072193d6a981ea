"""Open connections, lent one at a time.

Not ``asyncpg.Pool``: it wraps every connection in a proxy and gives it back in a task of its own,
which measured 130 µs a loan, five times the statement itself. Ours are given back in order
(committed, rolled back or closed), so lending is taking from a list.
"""

import asyncio
from collections.abc import Callable, Mapping

import asyncpg

from amana.storage.dialing import Dialer
from amana.storage.errors import StorageUnavailable
from amana.storage.faults import DRIVER_ERRORS, as_busy

CONNECT_TIMEOUT_S = 5.0
WAIT_TIMEOUT_S = 5.0
CLOSE_TIMEOUT_S = 10.0
# The server gives up first (statement_timeout); this one is for a server that does not answer at all.
COMMAND_TIMEOUT_S = 30.0
STATEMENTS_KEPT = 400

OnNotice = Callable[[asyncpg.Connection, asyncpg.PostgresLogMessage], None]


class Connections:
    """At most ``size`` connections to one server, opened when needed, the last used first.

    Args:
        settings: of every session.
        is_pooled: a pooler in transaction mode stands between: what is set or prepared for a session is
            lost on the way, so nothing is.
    """

    def __init__(
        self,
        dialer: Dialer,
        *,
        settings: Mapping[str, str],
        size: int,
        on_notice: OnNotice,
        is_pooled: bool = False,
    ) -> None:
        self._dialer = dialer
        self._settings = dict(settings)
        self._statements = 0 if is_pooled else STATEMENTS_KEPT
        self._size = size
        self._on_notice = on_notice
        self._idle: list[asyncpg.Connection] = []
        self._lent: set[asyncpg.Connection] = set()
        self._loans = asyncio.Semaphore(size)

    async def lend(self) -> asyncpg.Connection:
        """Give a connection for the caller alone, until ``give_back``.

        Raises:
            StorageUnavailable: the server does not answer, or every connection was in use for long.
        """
        await self._wait_for_turn()
        try:
            connection = self._idle_one() or await self._open()
        except BaseException:
            self._loans.release()
            raise
        self._lent.add(connection)
        return connection

    def give_back(self, connection: asyncpg.Connection) -> None:
        """Take a connection back; one that was closed is replaced when needed."""
        self._lent.discard(connection)
        if not connection.is_closed():
            self._idle.append(connection)
        self._loans.release()

    async def close(self) -> None:
        """Close all; loans have ``CLOSE_TIMEOUT_S`` to end, then they are cut off."""
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                for _ in range(self._size):
                    await self._loans.acquire()
                for connection in self._idle:
                    await connection.close()
        except DRIVER_ERRORS:
            for connection in (*self._idle, *self._lent):
                connection.terminate()
        self._idle.clear()

    async def _wait_for_turn(self) -> None:
        if not self._loans.locked():
            await self._loans.acquire()
            return
        try:
            async with asyncio.timeout(WAIT_TIMEOUT_S):
                await self._loans.acquire()
        except TimeoutError as error:
            raise StorageUnavailable("Every connection to the database is in use.") from error

    def _idle_one(self) -> asyncpg.Connection | None:
        while self._idle:
            connection = self._idle.pop()
            if not connection.is_closed():
                return connection
        return None

    async def _open(self) -> asyncpg.Connection:
        try:
            connection = await self._dialer.dial(
                timeout_s=CONNECT_TIMEOUT_S,
                command_timeout=COMMAND_TIMEOUT_S,
                statement_cache_size=self._statements,
                max_cached_statement_lifetime=0,
                server_settings=self._settings,
            )
        except DRIVER_ERRORS as error:
            raise (as_busy(error, closed=True) or error) from error
        connection.add_log_listener(self._on_notice)
        return connection

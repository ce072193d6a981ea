"""Which driver errors are answers for the caller ("try again") and which are bugs."""

import asyncpg

from amana.kernel.errors import Busy
from amana.storage.errors import OutcomeUnknown, StorageBusy, StorageFull, StorageUnavailable

_LOST = (
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    # What the driver says when the server's farewell arrived before the statement was sent.
    asyncpg.InternalClientError,
    OSError,  # includes TimeoutError and a socket that is not there
)
# What the use of a closed connection raises, and a change on a server that is no primary any more.
_WHEN_CLOSED = (asyncpg.InterfaceError, asyncpg.ReadOnlySQLTransactionError)
_BUSY = (
    asyncpg.LockNotAvailableError,
    asyncpg.QueryCanceledError,
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
)
_FULL = (asyncpg.DiskFullError, asyncpg.OutOfMemoryError)

# What one statement can raise that ``as_busy`` may know. Everything else is a bug and passes.
DRIVER_ERRORS = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError)


def as_busy(error: Exception, *, closed: bool) -> Busy | None:
    """Give the refusal for a driver error; None when it is a bug.

    Args:
        closed: whether the connection is closed now, or leads to a standby. The driver reports the use of
            a closed connection with the same class as a wrong call.
    """
    if isinstance(error, _BUSY):
        return StorageBusy()
    if isinstance(error, _FULL):
        return StorageFull()
    if isinstance(error, _LOST) or (closed and isinstance(error, _WHEN_CLOSED)):
        return StorageUnavailable()
    return None


def as_unknown(error: Exception, *, closed: bool) -> Busy | None:
    """The same for a statement that commits: a lost connection leaves the outcome open."""
    busy = as_busy(error, closed=closed)
    return OutcomeUnknown() if isinstance(busy, StorageUnavailable) else busy

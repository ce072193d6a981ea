"""Why the database cannot answer now, and why the server cannot start at all."""

from amana.kernel.errors import Busy, StartFailure


class StorageUnavailable(Busy):
    """The database cannot be reached, or every connection has been in use for long.

    Nothing was done.
    """

    code = "storage_unavailable"

    def __init__(
        self, message: str = "The database cannot be reached.", *, retry_after_s: float = 2.0
    ) -> None:
        super().__init__(message, retry_after_s=retry_after_s)


class StorageBusy(Busy):
    """A lock or a statement took too long, or two changes collided. Nothing was done."""

    code = "storage_busy"

    def __init__(self) -> None:
        super().__init__("The database is too busy.", retry_after_s=1.0)


class StorageFull(Busy):
    """The database's disk is nearly full, or full. Nothing was done; reading goes on."""

    code = "storage_full"

    def __init__(self) -> None:
        super().__init__("The server's disk is nearly full.", retry_after_s=10.0)


class OutcomeUnknown(Busy):
    """The connection was lost around the commit: the change may or may not be stored.

    Never acknowledge it. Repeating with the same client id is safe and gives the answer.
    """

    code = "storage_outcome_unknown"

    def __init__(self) -> None:
        super().__init__("The connection was lost while saving.", retry_after_s=1.0)


class BinariesMissing(StartFailure):
    code = "postgres_binaries_missing"


class SetuidNotPermitted(StartFailure):
    code = "setuid_not_permitted"


class NoAccount(StartFailure):
    code = "no_account"


class DataDirUnusable(StartFailure):
    code = "data_dir_unusable"


class DataVersionMismatch(StartFailure):
    code = "data_version_mismatch"


class AlreadyRunning(StartFailure):
    code = "already_running"


class SocketPathTooLong(StartFailure):
    code = "socket_path_too_long"


class PasswordLost(StartFailure):
    code = "database_password_lost"


class InitFailed(StartFailure):
    code = "database_init_failed"


class ServerFailed(StartFailure):
    code = "database_did_not_start"


class DatabaseUnreachable(StartFailure):
    code = "database_unreachable"


class DatabaseTooOld(StartFailure):
    code = "database_too_old"


class SchemaNewer(StartFailure):
    code = "schema_newer"


class SchemaOlder(StartFailure):
    code = "schema_older"


class MigrationChanged(StartFailure):
    code = "migration_changed"


class MigrationFailed(StartFailure):
    code = "migration_failed"

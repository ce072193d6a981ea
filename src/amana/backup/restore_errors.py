"""Why nothing could be restored: one sentence for the administrator, with what to do."""

from amana.backup.errors import BackupFailure


class FolderNotEmpty(BackupFailure):
    """A restore never writes over data."""


class NoBaseInTime(BackupFailure):
    """Nothing in the backup reaches back, or forward, to the time that was asked for."""


class OtherPostgres(BackupFailure):
    """The base was written by another major version of PostgreSQL."""


class LogIncomplete(BackupFailure):
    """A piece of the write-ahead log is missing where the base is not usable without it."""


class RecoveryFailed(BackupFailure):
    """PostgreSQL did not come up from what the backup holds."""


class NotEnoughSpace(BackupFailure):
    """The disk is too small for what would be unpacked."""


class RootKeyNeeded(BackupFailure):
    """The root key is not the one that sealed what is in the backup."""


class RoomUnknown(BackupFailure):
    """The backup holds no such conversation."""


class RoomInTheWay(BackupFailure):
    """Putting the conversation back would lose something that people wrote."""

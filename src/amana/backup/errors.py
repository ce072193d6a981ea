"""Why a backup cannot be taken or read: one sentence for the administrator each."""

from amana.kernel.errors import StartFailure


class BackupFailure(StartFailure):
    """Base of everything that goes wrong with backups and that an administrator can mend."""


class TargetUnusable(BackupFailure):
    """The place of the backups does not work now: full, unreachable, or not allowed."""


class ObjectMissing(BackupFailure):
    """There is no object of that name in the target."""


class TargetForeign(BackupFailure):
    """The place holds backups of another installation, or is not the place it was."""


class NotAnAgeKey(BackupFailure):
    """A recipient or identity is not one of age's."""


class WrongIdentity(BackupFailure):
    """The object was sealed for other keys."""


class ObjectDamaged(BackupFailure):
    """Authentication failed or the object is cut short: not one byte of the rest may be used."""


class BaseFailed(BackupFailure):
    """The copy of the database was not completed; the sentence says why."""


class NoBackupRights(BackupFailure):
    """The account of AMANA_DATABASE_URL may not do what backups need."""


class NotConfigured(BackupFailure):
    """A setting without which there is no backup."""

"""What the operator asked for, checked before anything is done."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from amana.backup import keys
from amana.backup.errors import NotConfigured
from amana.backup.keys import Recipient
from amana.backup.target import LocalTarget, Target, open_target
from amana.kernel.entropy import Entropy


@dataclass(frozen=True, slots=True)
class Plan:
    """Where backups go, who can open them, how long they are kept.

    Attributes:
        recipients: the offline keys and, unless it is switched off, the server's own for the drill.
        keep: a base or a keyring that is older goes; the newest good one never does.
    """

    data_dir: Path
    targets: tuple[Target, ...]
    recipients: tuple[Recipient, ...]
    keep: timedelta

    @property
    def recipient_names(self) -> tuple[str, ...]:
        return tuple(str(one) for one in self.recipients)


def make_plan(
    data_dir: Path,
    *,
    places: Sequence[str],
    recipients: Sequence[str],
    keep_days: int,
    drill: bool,
    s3_endpoint: str | None,
    now: datetime,
    entropy: Entropy,
) -> Plan | None:
    """Give the plan that the settings make; None when no place is named.

    Raises:
        NotConfigured: a place but no key that opens what is put there.
        NotAnAgeKey: a recipient that is none, or the drill key cannot be read.
        TargetUnusable: a place that is none, or lies inside the database's own folder.
    """
    if not places:
        return None
    if not recipients:
        raise NotConfigured(
            "AMANA_BACKUP_TARGET is set, but nobody could open the backups. Make a key with "
            "amana backup keygen FILE, set AMANA_BACKUP_RECIPIENT to what it prints, and keep the file "
            "elsewhere."
        )
    chosen = [keys.parse_recipient(text) for text in recipients]
    targets = tuple(open_target(place, s3_endpoint=s3_endpoint, entropy=entropy) for place in places)
    for target in targets:
        _require_outside(target, data_dir)
    if drill:
        chosen.append(keys.recipient_of(keys.ensure_drill_key(data_dir, now)))
    return Plan(data_dir, targets, tuple(chosen), timedelta(days=keep_days))


def _require_outside(target: Target, data_dir: Path) -> None:
    """A backup that burns with the house is none; inside the database it would even back up itself."""
    if isinstance(target, LocalTarget) and Path(target.name).resolve().is_relative_to(data_dir.resolve()):
        raise NotConfigured(
            f"The backups would lie in {target.name}, inside the data that they are for. Name a folder on "
            "another disk or machine in AMANA_BACKUP_TARGET."
        )

"""What the doctor looks at and what it says."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path

from amana.app.settings import RootPlace, TlsMode
from amana.evidence.cosigning_coverage import WitnessState


class Level(StrEnum):
    """How bad a finding is."""

    OK = "ok"
    WARN = "warn"
    BAD = "bad"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Finding:
    """The answer of one check.

    Attributes:
        check: its name, stable, for scripts.
        says: one sentence.
        todo: what to type or set; empty when there is nothing to do.
    """

    check: str
    level: Level
    says: str
    todo: str = ""


@dataclass(frozen=True, slots=True)
class RootKeyFacts:
    """The root key. ``mode`` and ``shares_disk`` are None when there is no file."""

    place: RootPlace
    path: Path
    mode: int | None = None
    is_sealed: bool | None = None
    shares_disk: bool | None = None


@dataclass(frozen=True, slots=True)
class ClockFacts:
    """The machine's clock against everything that knows a time without asking anybody outside.

    Attributes:
        is_synchronised: whether the kernel's clock follows a time service.
        database: the database's time; ``newest_write``: of anything stored; ``newest_file``: in the data.
        leaps: of the clock since the server started, if it runs and has metrics.
    """

    is_synchronised: bool | None = None
    database: datetime | None = None
    newest_write: datetime | None = None
    newest_file: datetime | None = None
    leaps: int | None = None


@dataclass(frozen=True, slots=True)
class DiskFacts:
    """Bytes. ``free`` is what an ordinary account may use."""

    total: int
    free: int
    reserve: int
    has_ballast: bool


@dataclass(frozen=True, slots=True)
class BackupFacts:
    """``newest`` by part (base, wal, keyring); ``error`` says why a target cannot be read."""

    targets: Sequence[str]
    recipients: Sequence[str]
    newest: Mapping[str, datetime] = field(default_factory=dict)
    error: str | None = None


@dataclass(frozen=True, slots=True)
class CertificateFacts:
    """The certificate that is served from files, or why it cannot be read."""

    path: Path
    not_after: datetime | None = None
    names: Sequence[str] = ()
    key_bits: int = 0
    is_elliptic: bool = False
    signature_hash: str = ""
    error: str | None = None


@dataclass(frozen=True, slots=True)
class AddressFacts:
    """What came back from the public address: ``status`` and whether it was this product, or ``error``."""

    status: int | None = None
    is_ours: bool = False
    is_refused_origin: bool = False
    error: str | None = None


@dataclass(frozen=True, slots=True)
class LogFacts:
    """The transparency log and those who watch it."""

    size: int | None
    at: datetime | None
    witnesses: Sequence[WitnessState]


@dataclass(frozen=True, slots=True)
class ProcessFacts:
    """Limits of the server's process, or of this one while it does not run."""

    open_files: int | None = None
    core_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class CrewFacts:
    """The workers of one machine.

    Attributes:
        wanted: as set; ``alive``: seen, None when they cannot be.
        servers: how many NATS servers are named; ``silent``: those that take no connection.
    """

    wanted: int
    alive: int | None
    cores: int
    servers: int = 0
    silent: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Probe:
    """Everything the checks may look at; None = could not be seen, or is not in use."""

    now: datetime
    is_serving: bool
    host: str
    tls: TlsMode
    public_url: str | None
    trusted_proxies: Sequence[IPv4Network | IPv6Network]
    data_dir: Path
    has_own_database: bool
    root_key: RootKeyFacts
    clock: ClockFacts = ClockFacts()
    disk: DiskFacts | None = None
    backup: BackupFacts | None = None
    certificate: CertificateFacts | None = None
    address: AddressFacts | None = None
    log: LogFacts | None = None
    process: ProcessFacts = ProcessFacts()
    crew: CrewFacts | None = None
    open_files_of_others: Sequence[tuple[Path, int]] = ()
    swap: Sequence[tuple[str, bool]] | None = None
    database: Mapping[str, str] | None = None
    database_error: str | None = None


def age(then: datetime, now: datetime) -> str:
    """A span in words, coarse."""
    seconds = max(timedelta(0), now - then).total_seconds()
    for size, unit in ((86_400, "days"), (3_600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} seconds"

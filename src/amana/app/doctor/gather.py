"""Looks at the machine, the server and its database, and fills a ``Probe``. Changes nothing."""

import asyncio
import ctypes
import json
import os
import re
import resource
import ssl
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import httpx
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from amana.app.doctor.crew import look_at_crew
from amana.app.doctor.model import (
    AddressFacts,
    BackupFacts,
    CertificateFacts,
    ClockFacts,
    DiskFacts,
    LogFacts,
    Probe,
    ProcessFacts,
    RootKeyFacts,
)
from amana.app.metrics import metrics_token
from amana.app.offline import Reached, reached, serving_pid
from amana.app.settings import RootPlace, Settings, TlsMode
from amana.app.standing import newest_parts, organisation_id
from amana.backup.errors import BackupFailure
from amana.backup.target import open_target
from amana.evidence import log_queries
from amana.evidence.cosigning_coverage import coverage
from amana.kernel.clock import Clock
from amana.kernel.entropy import Entropy
from amana.kernel.errors import Refusal, StartFailure
from amana.storage.faults import DRIVER_ERRORS
from amana.storage.space import Gate, Space, database_folders

ADDRESS_TIMEOUT_S = 10.0
_TIME_ERROR = 5  # what adjtimex(2) returns for a clock that follows nothing
_SECRETS = ("keys", "postgres", "postgres.password", "tls", "acme", "setup-link", "doorbell")


async def gather(settings: Settings, clock: Clock, entropy: Entropy) -> Probe:
    """Look at everything that can be looked at from here. Never raises for what it cannot see."""
    pid = serving_pid(settings)
    data_dir = settings.data_dir.absolute()
    log, database_now, own_settings, error = await _ask_database(settings, clock, entropy)
    leaps = await _leaps(settings) if pid is not None else None
    written = log.at if log else None
    return Probe(
        now=clock.now(),
        is_serving=pid is not None,
        host=settings.host,
        tls=settings.tls,
        public_url=settings.public_url,
        trusted_proxies=settings.trusted_proxies,
        data_dir=data_dir,
        has_own_database=settings.database_url is not None,
        root_key=_root_key(settings),
        clock=ClockFacts(_is_synchronised(), database_now, written, _newest_file(data_dir), leaps),
        disk=_disk(settings),
        backup=await asyncio.to_thread(_backup, settings),
        certificate=_certificate(settings),
        address=await _address(settings) if pid is not None else None,
        log=log,
        process=_limits_of(pid),
        crew=await look_at_crew(settings, pid),
        open_files_of_others=_open_to_others(data_dir, settings.key_file),
        swap=_swap(),
        database=own_settings,
        database_error=error,
    )


async def _ask_database(
    settings: Settings, clock: Clock, entropy: Entropy
) -> tuple[LogFacts | None, datetime | None, dict[str, str] | None, str | None]:
    try:
        async with reached(settings, clock=clock, entropy=entropy) as here:
            own, now = await _database_settings(here)
            return await _log(here), now, own, None
    except (StartFailure, Refusal) as failure:
        return None, None, None, f"The database cannot be asked: {failure}"


async def _database_settings(here: Reached) -> tuple[dict[str, str] | None, datetime | None]:
    try:
        connection = await asyncpg.connect(here.dsn, timeout=10)
        try:
            rows = await connection.fetch("SELECT name, setting FROM pg_settings")
            now = await connection.fetchval("SELECT clock_timestamp()")
        finally:
            await connection.close()
    except DRIVER_ERRORS:
        return None, None
    return {row["name"]: row["setting"] for row in rows}, now


async def _log(here: Reached) -> LogFacts | None:
    org_id = await organisation_id(here.database)
    if org_id is None:
        return None
    async with here.database.read(org_id) as tx:
        log = await log_queries.newest_log(tx, org_id)
        last = None if log is None else await log_queries.last_checkpoint(tx, org_id, log.log_no)
        witnesses = await coverage(tx, org_id)
    return LogFacts(last.size if last else None, last.at if last else None, witnesses)


def _root_key(settings: Settings) -> RootKeyFacts:
    path = settings.key_file.absolute()
    if settings.root_key is not RootPlace.FILE:
        return RootKeyFacts(settings.root_key, path)
    try:
        status = path.stat()
        shares = status.st_dev == settings.data_dir.stat().st_dev
    except OSError:
        return RootKeyFacts(RootPlace.FILE, path)
    sealed = None
    with suppress(OSError, ValueError, TypeError):
        # Not by the vault's own way: that refuses a file of another account, and root looks at many.
        sealed = "sealed" in json.loads(path.read_bytes())
    return RootKeyFacts(RootPlace.FILE, path, status.st_mode & 0o777, sealed, shares)


def _is_synchronised() -> bool | None:
    """Ask the kernel: every time service tells it. None where there is no such kernel."""
    buffer = ctypes.create_string_buffer(512)  # struct timex, modes = 0: only read
    try:
        state = ctypes.CDLL(None, use_errno=True).adjtimex(buffer)
    except (AttributeError, OSError):
        return None
    return None if state < 0 else state != _TIME_ERROR


async def _leaps(settings: Settings) -> int | None:
    """What the running server has counted, from its own metrics."""
    if settings.metrics_port is None:
        return None
    url = f"http://{settings.metrics_host}:{settings.metrics_port}/metrics"
    try:
        token = metrics_token(settings)
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        async with httpx.AsyncClient(timeout=ADDRESS_TIMEOUT_S, headers=headers) as client:
            page = (await client.get(url)).text
    except (httpx.HTTPError, OSError, StartFailure):
        return None
    found = re.search(r"^amana_clock_jumps_total ([\d.]+)", page, re.MULTILINE)
    return int(float(found[1])) if found else None


def _newest_file(data_dir: Path) -> datetime | None:
    """The newest time in the data: files that only a running server writes."""
    times = []
    for name in ("postgres/global/pg_control", "postgres.log", "postgres.lock", "postgres/pg_wal"):
        with suppress(OSError):
            times.append((data_dir / name).stat().st_mtime)
    return datetime.fromtimestamp(max(times), UTC) if times else None


def _disk(settings: Settings) -> DiskFacts | None:
    wanted = settings.disk_reserve_mb
    try:
        space = Space(
            database_folders(settings.data_dir),
            Gate(),
            ballast=settings.data_dir / "ballast",
            reserve_bytes=None if wanted is None else wanted * 1024 * 1024,
        )
        volume = space.measure_now()
        return DiskFacts(volume.total, space.free, space.reserve, space.has_ballast)
    except OSError:
        return None


def _backup(settings: Settings) -> BackupFacts:
    targets, recipients = settings.backup_target, settings.backup_recipient
    try:
        opened = [open_target(one, s3_endpoint=settings.backup_s3_endpoint) for one in targets]
        newest = newest_parts(opened) if opened else {}
    except BackupFailure as failure:
        return BackupFacts(targets, recipients, error=str(failure))
    return BackupFacts(targets, recipients, newest)


def _certificate(settings: Settings) -> CertificateFacts | None:
    if settings.tls is TlsMode.INTERNAL:
        path = settings.data_dir / "tls" / "server.crt"
        if not path.exists():
            return None
    elif settings.tls is TlsMode.FILES and settings.tls_certificate is not None:
        path = settings.tls_certificate
    else:
        return None
    try:
        found = x509.load_pem_x509_certificates(path.read_bytes())[0]
    except (OSError, ValueError) as error:
        return CertificateFacts(path, error=str(error))
    key = found.public_key()
    names: Sequence[str] = ()
    with suppress(x509.ExtensionNotFound):
        alternative = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        names = [*alternative.get_values_for_type(x509.DNSName)]
        names += [str(one) for one in alternative.get_values_for_type(x509.IPAddress)]
    return CertificateFacts(
        path,
        found.not_valid_after_utc,
        names,
        key.key_size if isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey) else 256,
        not isinstance(key, rsa.RSAPublicKey),
        found.signature_hash_algorithm.name if found.signature_hash_algorithm else "",
    )


async def _address(settings: Settings) -> AddressFacts | None:
    """Go the way that people's devices go, to the operator's own address and nowhere else."""
    if settings.public_url is None:
        return None
    authority = settings.data_dir / "tls" / "authority.crt"
    own = settings.tls is TlsMode.INTERNAL and authority.exists()
    try:
        async with httpx.AsyncClient(
            base_url=settings.public_url,
            timeout=ADDRESS_TIMEOUT_S,
            verify=ssl.create_default_context(cafile=str(authority) if own else None),
        ) as client:
            answer = await client.get("/v1/me")
    except (httpx.HTTPError, OSError) as error:
        return AddressFacts(error=str(error) or type(error).__name__)
    is_ours = answer.status_code == 401 and "unauthenticated" in answer.text
    is_refused = answer.status_code in {308, 403} and "Amana" in answer.text
    return AddressFacts(answer.status_code, is_ours, is_refused)


def _limits_of(pid: int | None) -> ProcessFacts:
    if pid is None:
        return ProcessFacts(
            _finite(resource.getrlimit(resource.RLIMIT_NOFILE)[0]),
            _finite(resource.getrlimit(resource.RLIMIT_CORE)[0]),
        )
    try:
        lines = Path(f"/proc/{pid}/limits").read_text(encoding="ascii").splitlines()
    except OSError:
        return ProcessFacts()
    limits = {line[:26].strip(): line[26:].split()[0] for line in lines[1:]}
    return ProcessFacts(_limit(limits.get("Max open files")), _limit(limits.get("Max core file size")))


def _finite(limit: int) -> int:
    return 1 << 40 if limit == resource.RLIM_INFINITY else limit


def _limit(text: str | None) -> int | None:
    if text is None:
        return None
    return 1 << 40 if text == "unlimited" else int(text)


def _open_to_others(data_dir: Path, key_file: Path) -> list[tuple[Path, int]]:
    """What others may read or enter below the data folder, and the folder itself when they may write."""
    found = []
    for path in (
        *(data_dir / name for name in _SECRETS),
        key_file.absolute(),
        *(data_dir / "keys").glob("*"),
    ):
        with suppress(OSError):
            mode = path.lstat().st_mode & 0o777
            if mode & 0o077:
                found.append((path, mode))
    with suppress(OSError):
        mode = data_dir.stat().st_mode & 0o777
        if mode & 0o022:
            found.append((data_dir, mode))
    return sorted(set(found))


def _swap() -> list[tuple[str, bool]] | None:
    """Every swap device and whether it is encrypted: device-mapper's crypt, or memory itself."""
    try:
        lines = Path("/proc/swaps").read_text(encoding="ascii").splitlines()[1:]
    except OSError:
        return None
    return [(line.split()[0], _is_encrypted(line.split()[0])) for line in lines]


def _is_encrypted(device: str) -> bool:
    name = os.path.basename(os.path.realpath(device))  # noqa: PTH119 - a device, maybe gone
    if name.startswith("zram"):
        return True
    try:
        return Path(f"/sys/block/{name}/dm/uuid").read_text(encoding="ascii").startswith("CRYPT-")
    except OSError:
        return False

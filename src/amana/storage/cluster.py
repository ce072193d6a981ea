"""The embedded server's folders: data, password, socket, log, and its settings."""

import fcntl
import hashlib
import os
import shutil
import subprocess
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote

from amana.kernel.entropy import Entropy
from amana.storage.binaries import Binaries
from amana.storage.errors import (
    AlreadyRunning,
    DataDirUnusable,
    DataVersionMismatch,
    InitFailed,
    PasswordLost,
    SocketPathTooLong,
)
from amana.storage.osuser import OsUser, first_barrier, spawn_identity

SUPERUSER = "amana"
DATABASE = "amana"
PORT = 5432  # only a part of the socket's name
SOCKET_PATH_LIMIT_BYTES = 107  # sun_path holds 108 with its closing zero, on every system we run on
# Where a process finds the folder it was started in, without walking there.
_HERE = "/proc/self/cwd"
_SHARED_RUNTIME = Path("/var/lib/amana/runtime")
# The last resort for a socket: short everywhere. What lies there is checked for its owner.
_SHORT_DIR = "/tmp"  # noqa: S108
LOG_LIMIT_BYTES = 20_000_000

# May be changed by the operator: chosen for a small box that does other things too.
TUNABLE = {
    "max_connections": "60",
    "shared_buffers": "128MB",
    "work_mem": "8MB",
    "maintenance_work_mem": "64MB",
    "max_wal_size": "1GB",
    # What a slot of the backup may keep while no target takes it: then the disk comes first.
    "max_slot_wal_keep_size": "4GB",
    "wal_compression": "on",
    "jit": "off",
    "autovacuum_naptime": "20s",
}

# May not be changed: promises of durability and privacy hang on them.
GUARDED = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    # A segment that is used again keeps what was erased until it is written over. New ones are filled with
    # zeros first: without that every commit would have to find room for itself.
    "wal_recycle": "off",
    "wal_init_zero": "on",
    "password_encryption": "scram-sha-256",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",
    # Errors quote what was sent ("Failing row contains …"). The application gets them as answers;
    # the log gets starts, stops and crashes only.
    "log_destination": "stderr",
    "logging_collector": "off",
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_statement": "none",
    "log_duration": "off",
    "log_min_duration_statement": "-1",
    "log_min_duration_sample": "-1",
    "log_transaction_sample_rate": "0",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_lock_waits": "off",
    "log_temp_files": "-1",
    "log_autovacuum_min_duration": "-1",
    "log_checkpoints": "off",
    "log_line_prefix": "%m [%p] ",
}


@dataclass(frozen=True, slots=True)
class Layout:
    """Paths below one data folder. The vault's ``keys`` folder lies beside them.

    Attributes:
        hidden: the account that runs PostgreSQL may not walk to the data, because a parent folder is
            closed (root's home). Its processes are then started inside the data and told to stay there;
            programs and socket go to the system's folders.
    """

    root: Path
    hidden: bool = False

    @property
    def data(self) -> Path:
        return self.root / "postgres"

    @property
    def unfinished_data(self) -> Path:
        return self.root / "postgres.new"

    @property
    def password(self) -> Path:
        return self.root / "postgres.password"

    @property
    def lock(self) -> Path:
        return self.root / "postgres.lock"

    @property
    def log(self) -> Path:
        return self.root / "postgres.log"

    @property
    def restoring(self) -> Path:
        """Where a restore works until it is complete; it is a data folder of its own."""
        return self.root / "restoring"

    @property
    def runtime(self) -> Path:
        return _SHARED_RUNTIME if self.hidden else self.root / "runtime"


def lock_data(layout: Layout) -> BinaryIO:
    """Take the lock that only one supervisor per data folder holds, until it ends, however it ends.

    Raises:
        AlreadyRunning: another Amana works on this data.
        DataDirUnusable: the folder cannot be made or written.
    """
    try:
        layout.root.mkdir(mode=0o711, parents=True, exist_ok=True)
        held = os.fdopen(os.open(layout.lock, os.O_RDWR | os.O_CREAT, 0o600), "r+b")
    except OSError as error:
        raise DataDirUnusable(f"The data folder {layout.root} cannot be used: {error.strerror}.") from error
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        holder = held.read(20).decode(errors="replace").strip()
        held.close()
        raise AlreadyRunning(
            f"Another Amana (process {holder or 'unknown'}) is running on the data in {layout.root}. "
            "Stop it first, or give this one a data folder of its own (AMANA_DATA_DIR)."
        ) from error
    held.truncate(0)
    held.write(str(os.getpid()).encode())
    held.flush()
    return held


def open_for(layout: Layout, user: OsUser) -> Layout:
    """Let ``user`` reach the data: opens the data folder itself for passing, never its parents.

    Raises:
        DataDirUnusable: a parent is closed to ``user``, and this system knows no way around it.
    """
    if not user.switch:
        return layout
    status = layout.root.stat()
    if not status.st_mode & 0o001 and status.st_uid == os.geteuid():
        layout.root.chmod(status.st_mode & 0o7777 | 0o011)
    barrier = first_barrier(layout.root, user)
    if barrier is None:
        return layout
    if not Path(_HERE).exists():
        raise DataDirUnusable(
            f"PostgreSQL runs as the account {user.name}, which may not enter {barrier}. Put the data "
            "where it can (AMANA_DATA_DIR=/var/lib/amana), or start Amana as an ordinary user."
        )
    return replace(layout, hidden=True)


def check_version(layout: Layout, binaries: Binaries) -> None:
    """Refuse data of another major version.

    Raises:
        DataVersionMismatch: says which version wrote the data.
    """
    file = layout.data / "PG_VERSION"
    try:
        written_by = int(file.read_text().strip())
    except FileNotFoundError as error:
        raise DataDirUnusable(
            f"{layout.data} is not empty and holds no database. Move it away or choose another folder."
        ) from error
    if written_by > binaries.major:
        raise DataVersionMismatch(
            f"The data in {layout.data} were written by PostgreSQL {written_by}; this Amana brings "
            f"PostgreSQL {binaries.major}. Start the newer Amana that wrote them."
        )
    if written_by < binaries.major:
        raise DataVersionMismatch(
            f"The data in {layout.data} were written by PostgreSQL {written_by}; this Amana brings "
            f"PostgreSQL {binaries.major}. See docs/operating/database.md."
        )


def check_not_restoring(layout: Layout) -> None:
    """Refuse to make an empty database where a restore was begun and not finished.

    Raises:
        DataDirUnusable: says how to go on.
    """
    if layout.restoring.exists():
        raise DataDirUnusable(
            f"A restore into {layout.root} was not finished. Run amana restore again: it begins anew. "
            f"To start with an empty database instead, remove {layout.restoring}."
        )


def check_owner(layout: Layout, user: OsUser) -> None:
    """Refuse data that belong to another account: PostgreSQL would, in words nobody understands.

    Raises:
        DataDirUnusable: says who owns them and how to hand them over.
    """
    owner = layout.data.stat().st_uid
    if owner != user.uid:
        raise DataDirUnusable(
            f"The data in {layout.data} belong to user number {owner}, and PostgreSQL runs as {user.name}. "
            f"Run: chown -R {user.name} {layout.data}"
        )


def initialise(layout: Layout, binaries: Binaries, user: OsUser, entropy: Entropy, *, scratch: Path) -> None:
    """Make the database files, complete or not at all.

    Args:
        scratch: a private folder of ``user``, for handing the password over.

    Raises:
        InitFailed: says what initdb said.
    """
    password = urlsafe_b64encode(entropy.token_bytes(32)).decode().rstrip("=")
    for_initdb = scratch / "password"
    try:
        shutil.rmtree(layout.unfinished_data, ignore_errors=True)
        layout.unfinished_data.mkdir(mode=0o700)
        _hand_over(layout.unfinished_data, user)
        _write_private(for_initdb, password, owner=user)
        _run_initdb(layout, binaries, user, for_initdb)
        _write_private(layout.password, password)
        layout.unfinished_data.rename(layout.data)
        _make_durable(layout.root)
    except OSError as error:
        raise InitFailed(f"The database could not be created in {layout.root}: {error.strerror}.") from error
    finally:
        for_initdb.unlink(missing_ok=True)


def read_password(layout: Layout) -> str:
    """Give the superuser's password, kept outside the database's own folder.

    Raises:
        PasswordLost: the file is gone.
    """
    try:
        return layout.password.read_text(encoding="ascii").strip()
    except FileNotFoundError as error:
        raise PasswordLost(
            f"{layout.password} is missing. Restore it from the backup: it opens the database."
        ) from error


def choose_socket_dir(layout: Layout, user: OsUser, explicit: Path | None) -> Path:
    """Give the folder of the server's socket, 0700 and owned by ``user``.

    Raises:
        SocketPathTooLong: ``explicit`` leads to a path that no program can connect to.
        DataDirUnusable: the folder belongs to somebody else.
    """
    if explicit is not None:
        _require_short(explicit.absolute())
        return _own_folder(explicit.absolute(), user)
    beside_data = layout.root / "run"
    if not layout.hidden and _socket_length(beside_data) <= SOCKET_PATH_LIMIT_BYTES:
        return _own_folder(beside_data, user)
    name = "amana-" + hashlib.sha256(os.fsencode(layout.root)).hexdigest()[:12]
    runtime = "/run" if user.switch else os.environ.get("XDG_RUNTIME_DIR", _SHORT_DIR)
    base = next(p for p in (Path(runtime), Path(_SHORT_DIR)) if os.access(p, os.W_OK | os.X_OK))
    _require_short(base / name)
    return _own_folder(base / name, user)


def server_command(
    layout: Layout, binaries: Binaries, socket_dir: Path, settings: Mapping[str, str]
) -> list[str]:
    """The command line of the server: everything is on it, the files in the data folder stay as made."""
    chosen = {**TUNABLE, **settings, **GUARDED, "unix_socket_directories": str(socket_dir), "port": str(PORT)}
    if overridden := sorted(set(settings) & set(GUARDED)):
        raise ValueError(f"These settings are not for changing: {', '.join(overridden)}.")
    options = [part for name, value in chosen.items() for part in ("-c", f"{name}={value}")]
    return [binaries.path("postgres"), "-D", _HERE if layout.hidden else str(layout.data), *options]


def open_log(layout: Layout) -> int:
    """Open the server's log for appending; at ``LOG_LIMIT_BYTES`` the previous one becomes ``.1``."""
    if layout.log.exists() and layout.log.stat().st_size > LOG_LIMIT_BYTES:
        layout.log.replace(layout.log.with_suffix(".log.1"))
    return os.open(layout.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)


def dsn(socket_dir: Path, password: str, database: str = DATABASE) -> str:
    """The address of one database, for our pool and for PostgreSQL's own tools."""
    host = quote(str(socket_dir), safe="")
    return f"postgresql://{SUPERUSER}:{quote(password, safe='')}@/{database}?host={host}&port={PORT}"


def server_environment() -> dict[str, str]:
    """Nothing of the caller's environment reaches the server: PGDATA or LC_ALL would change it."""
    return {"PATH": "/usr/bin:/bin", "HOME": "/", "LC_ALL": "C", "TZ": "UTC"}


def _run_initdb(layout: Layout, binaries: Binaries, user: OsUser, password_file: Path) -> None:
    locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C.UTF-8"]
    command = [
        binaries.path("initdb"),
        f"--pgdata={_HERE if layout.hidden else layout.unfinished_data}",
        f"--username={SUPERUSER}",
        f"--pwfile={password_file}",
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        *(locale if binaries.major >= 17 else ["--locale=C.UTF-8"]),
        "--data-checksums",
        "--no-instructions",
    ]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        cwd=layout.unfinished_data,
        env=server_environment(),
        **spawn_identity(user),
    )
    if done.returncode != 0:
        said = [line for line in done.stderr.splitlines() if "error" in line or "FATAL" in line]
        raise InitFailed(f"The database could not be created: {' '.join(said) or done.stderr.strip()[-500:]}")


def _hand_over(folder: Path, user: OsUser) -> None:
    """Give a folder to ``user``: what was opened, never what a link leads to by now."""
    if not user.switch:
        return
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        os.fchown(handle, user.uid, user.gid)
    finally:
        os.close(handle)


def _write_private(path: Path, text: str, *, owner: OsUser | None = None) -> None:
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
        if owner is not None and owner.switch:
            # By descriptor: the folder may be the owner's, who could have put a link in its place.
            os.fchown(file.fileno(), owner.uid, owner.gid)
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _make_durable(folder: Path) -> None:
    """Let a rename survive a power cut: the next start would begin again from nothing."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _own_folder(path: Path, user: OsUser) -> Path:
    """Make ``path`` or check that it is ours: in /tmp anybody could have made it before."""
    try:
        path.mkdir(mode=0o700)
        _hand_over(path, user)
    except FileExistsError:
        pass
    except OSError as error:
        raise DataDirUnusable(f"The socket folder {path} cannot be made: {error.strerror}.") from error
    status = path.lstat()
    if status.st_uid != user.uid or not path.is_dir() or path.is_symlink():
        raise DataDirUnusable(f"The socket folder {path} does not belong to {user.name}. Remove it.")
    if status.st_mode & 0o077:
        raise DataDirUnusable(f"The socket folder {path} is open to others. Run: chmod 700 {path}")
    return path


def _socket_length(folder: Path) -> int:
    return len(os.fsencode(folder / f".s.PGSQL.{PORT}"))


def _require_short(folder: Path) -> None:
    length = _socket_length(folder)
    if length > SOCKET_PATH_LIMIT_BYTES:
        raise SocketPathTooLong(
            f"The path of the database's socket in {folder} would have {length} bytes; the system allows "
            f"{SOCKET_PATH_LIMIT_BYTES}. Choose a shorter folder."
        )

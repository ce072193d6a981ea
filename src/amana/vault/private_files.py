"""Files that hold secrets: read only when nobody else can read them."""

import os
import stat
from pathlib import Path

from amana.vault.errors import RootKeyFailure

MAX_FILE_BYTES = 65_536


def find_private(path: Path, words: str) -> bytes | None:
    """The bytes of a file once its owner and permissions are right; None when it does not exist.

    Args:
        words: what messages call the file.

    Raises:
        RootKeyFailure: somebody else's, open to others, or unreadable; with the line to type.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        return None
    except OSError as failure:
        raise RootKeyFailure(f"The {words} {path} cannot be read: {failure.strerror}.") from failure
    try:
        _check_permissions(path, words, os.fstat(descriptor))
        return os.read(descriptor, MAX_FILE_BYTES)
    finally:
        os.close(descriptor)


def read_private(path: Path, words: str) -> bytes:
    """Like ``find_private`` for a file that has to be there.

    Raises:
        RootKeyFailure: also when it is missing.
    """
    found = find_private(path, words)
    if found is None:
        raise RootKeyFailure(f"The {words} {path} is missing.")
    return found


def _check_permissions(path: Path, words: str, found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise RootKeyFailure(f"The {words} {path} is not a regular file.")
    if found.st_uid != os.geteuid():
        raise RootKeyFailure(
            f"The {words} {path} belongs to user {found.st_uid}, "
            f"but the server runs as user {os.geteuid()}. Type: chown {os.geteuid()} {path}"
        )
    if found.st_mode & 0o077:
        raise RootKeyFailure(
            f"Others can read the {words} {path} (mode {found.st_mode & 0o777:04o}). Type: chmod 600 {path}"
        )

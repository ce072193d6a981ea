"""The operating-system account that runs the embedded PostgreSQL."""

import os
import pwd
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from amana.storage.errors import NoAccount

# Tried in this order when Amana runs as root and nothing was configured.
_CANDIDATES = ("postgres", "nobody")


class SpawnIdentity(TypedDict, total=False):
    """Arguments of ``subprocess`` that drop privileges; empty when there is nothing to drop."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True, slots=True)
class OsUser:
    """Who runs PostgreSQL.

    Attributes:
        switch: whether Amana is root and becomes this user for PostgreSQL's processes.
    """

    name: str
    uid: int
    gid: int
    switch: bool


def choose_user(configured: str | None, data_owner_uid: int | None) -> OsUser:
    """Decide which account runs PostgreSQL.

    Args:
        configured: account name or number of the setting ``AMANA_DATABASE_USER``.
        data_owner_uid: owner of existing data. It wins over the default, so that data stay
            usable when another package adds an account ``postgres`` later.

    Raises:
        NoAccount: no such account, or this process runs under a number without an account.
    """
    uid = os.geteuid()
    if uid != 0:
        return _own_account(uid, configured)
    if configured is not None:
        entry = _find(configured)
        if entry is None:
            raise NoAccount(f"There is no account {configured} on this system (AMANA_DATABASE_USER).")
    else:
        names: list[str] = [] if not data_owner_uid else [str(data_owner_uid)]
        entry = next(filter(None, map(_find, [*names, *_CANDIDATES])), None)
        if entry is None:
            raise NoAccount(
                "PostgreSQL refuses to run as root, and this system has no account postgres or nobody. "
                "Create one (useradd --system postgres) or name one in AMANA_DATABASE_USER."
            )
    if entry.pw_uid == 0:
        raise NoAccount("PostgreSQL refuses to run as root. Name another account in AMANA_DATABASE_USER.")
    return OsUser(entry.pw_name, entry.pw_uid, entry.pw_gid, switch=True)


def spawn_identity(user: OsUser) -> SpawnIdentity:
    """The ``subprocess`` arguments for a process of ``user``."""
    if not user.switch:
        return {}
    return {"user": user.uid, "group": user.gid, "extra_groups": []}


def first_barrier(folder: Path, user: OsUser) -> Path | None:
    """Give the first folder down to ``folder`` itself that ``user`` may not enter; None when there is none.

    Judged by mode bits. There is none for this process's own user.
    """
    if not user.switch:
        return None
    absolute = folder.resolve()
    way = [*reversed(absolute.parents), absolute]
    return next((step for step in way if not _allowed(step, user, 0o1)), None)


def _allowed(path: Path, user: OsUser, bit: int) -> bool:
    status = path.stat()
    if status.st_uid == user.uid:
        return bool(status.st_mode & bit << 6)
    if status.st_gid == user.gid:
        return bool(status.st_mode & bit << 3)
    return bool(status.st_mode & bit)


def _own_account(uid: int, configured: str | None) -> OsUser:
    entry = _find(str(uid))
    if entry is None:
        raise NoAccount(
            f"Amana runs as user number {uid}, which has no account here, and PostgreSQL needs one. "
            f'Add the line "amana:x:{uid}:{os.getegid()}::/:/usr/sbin/nologin" to /etc/passwd, '
            "or set AMANA_DATABASE_URL."
        )
    if configured not in {None, entry.pw_name, str(uid)}:
        raise NoAccount(
            f"Only root can run PostgreSQL as another account (AMANA_DATABASE_USER={configured})."
        )
    return OsUser(entry.pw_name, uid, os.getegid(), switch=False)


def _find(name: str) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwuid(int(name)) if name.isdigit() else pwd.getpwnam(name)
    except KeyError:
        return None

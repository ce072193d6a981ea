"""Where the data go when nobody said: beside the program, or where root's database can reach them."""

import hashlib
from pathlib import Path

from amana.app.settings import Settings
from amana.storage.errors import NoAccount
from amana.storage.osuser import OsUser, choose_user, first_barrier

SYSTEM_FOLDER = Path("/var/lib/amana")


def with_reachable_data(settings: Settings) -> Settings:
    """Move the default data folder out of a home that the database's account may not enter.

    PostgreSQL never runs as root; started by root in a home of mode 0700 it could not reach
    ``var/amana``. A folder that was chosen is left alone: what is wrong with it is said at the start.
    """
    if "data_dir" in settings.model_fields_set or settings.database_url is not None:
        return settings
    try:
        user = choose_user(settings.database_user, None)
    except NoAccount:
        return settings
    folder = reachable(settings.data_dir, Path.cwd(), user)
    if folder != settings.data_dir and not SYSTEM_FOLDER.exists():
        SYSTEM_FOLDER.mkdir(parents=True)
        SYSTEM_FOLDER.chmod(0o755)  # whatever the umask made of it
    return settings.model_copy(update={"data_dir": folder})


def reachable(wanted: Path, here: Path, user: OsUser) -> Path:
    """Give ``wanted`` when ``user`` may enter ``here``, and otherwise a folder below the system's.

    Every ``here`` has one of its own: a second copy of the program is a second organisation.
    """
    if first_barrier(here, user) is None:
        return wanted
    return SYSTEM_FOLDER / hashlib.sha256(bytes(here.resolve())).hexdigest()[:12]

"""Where the data go when nobody said: beside the program, or where root's database can reach them."""

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
    return settings.model_copy(update={"data_dir": reachable(settings.data_dir, Path.cwd(), user)})


def reachable(wanted: Path, here: Path, user: OsUser) -> Path:
    """Give ``wanted`` when ``user`` may enter ``here``, and the system's folder otherwise."""
    return wanted if first_barrier(here, user) is None else SYSTEM_FOLDER

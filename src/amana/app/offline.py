"""The storage for commands that are not the server: `admin`, `backup`, `verify`, `doctor`.

The one way in, whether the server runs or not. From a command in ``cli/``::

    async def work() -> None:
        async with reached(settings) as here:
            async with here.database.system() as tx:
                ...
            vault = await here.vault()      # only where content must be opened

    run(work())                             # cli/running.py: uvloop, logs to stderr, exit codes

While a server works on the data folder, ``reached`` connects to its PostgreSQL through the unix
socket; otherwise it starts the embedded server itself and stops it at the end; with
``AMANA_DATABASE_URL`` it connects to that. It never changes the schema.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from amana.app.features import SCHEMAS
from amana.app.root import root_key
from amana.app.settings import Settings
from amana.kernel.clock import Clock, SystemClock
from amana.kernel.entropy import Entropy, SystemEntropy
from amana.kernel.errors import StartFailure
from amana.kernel.ids import Ids
from amana.people.model import Organisation
from amana.people.queries import find_organisation
from amana.storage.database import Database
from amana.storage.embedded import EmbeddedPostgres
from amana.storage.migrations import require_brought_up
from amana.storage.running import dsn_of_running, holder, is_held
from amana.vault import Vault


@dataclass(frozen=True, slots=True)
class Reached:
    """An open database with what belongs to it.

    Attributes:
        dsn: address for PostgreSQL's own tools; contains the password, so never on a command line.
        is_serving: a server process works on this data folder now, so what is changed here
            reaches its memory only with the next look (sessions: within minutes).
    """

    settings: Settings
    database: Database
    dsn: str
    is_serving: bool
    clock: Clock
    entropy: Entropy

    @property
    def ids(self) -> Ids:
        return Ids(self.clock, self.entropy)

    async def organisation(self) -> Organisation:
        """The one organisation.

        Raises:
            StartFailure: nobody has set one up yet.
        """
        async with self.database.system() as tx:
            found = await find_organisation(tx)
        if found is None:
            raise StartFailure("there is no organisation yet. Start the server and open its set-up link.")
        return found

    async def vault(self) -> Vault:
        """The vault with its root key opened.

        Raises:
            StartFailure: the root key is missing, unsafe, sealed otherwise, or the wrong one.
        """
        vault = Vault(self.database, root_key(self.settings, self.entropy), self.entropy)
        await vault.start()
        return vault


def serving_pid(settings: Settings) -> int | None:
    """The process that serves these data now; None when none does, or with a database of the operator's."""
    if settings.database_url is not None or not is_held(settings.data_dir):
        return None
    return holder(settings.data_dir)


@asynccontextmanager
async def reached(
    settings: Settings, *, clock: Clock | None = None, entropy: Entropy | None = None
) -> AsyncIterator[Reached]:
    """Open the database of a running or a stopped server.

    Raises:
        StartFailure: there is none, it cannot be reached, or its schema is not that of this build.
    """
    clock, entropy = clock or SystemClock(), entropy or SystemEntropy()
    is_serving = settings.database_url is None and is_held(settings.data_dir)
    async with reached_server(settings, entropy, is_serving=is_serving) as dsn:
        await require_brought_up(dsn, SCHEMAS)
        database = await Database.connect(dsn)
        try:
            yield Reached(settings, database, dsn, is_serving, clock, entropy)
        finally:
            await database.close()


@asynccontextmanager
async def reached_server(settings: Settings, entropy: Entropy, *, is_serving: bool) -> AsyncIterator[str]:
    """The same without looking at the schema: gives the DSN of a PostgreSQL that accepts connections.

    Raises:
        StartFailure: there is no database, or it cannot be reached.
    """
    if settings.database_url is not None:
        yield settings.database_url.get_secret_value()
    elif is_serving:
        yield await dsn_of_running(settings.data_dir)
    else:
        if not (settings.data_dir / "postgres").exists():
            raise StartFailure(
                f"there are no data in {settings.data_dir.absolute()}. Name the folder with --data-dir."
            )
        server = EmbeddedPostgres(settings.data_dir, user=settings.database_user, entropy=entropy)
        dsn = await server.start()
        try:
            yield dsn
        finally:
            await server.stop()

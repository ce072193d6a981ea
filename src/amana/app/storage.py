"""Opens the database: the embedded server or the operator's own, migrated and ready."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta

from amana.app.features import SCHEMAS
from amana.app.settings import Settings
from amana.kernel.clock import Clock
from amana.kernel.entropy import Entropy
from amana.storage.database import Database
from amana.storage.embedded import EmbeddedPostgres
from amana.storage.leader import Leader
from amana.storage.migrations import migrate
from amana.storage.partitions import ensure_month_partitions
from amana.storage.space import MIB, Gate, Space, database_folders

# What the embedded database lets in: for one process and commands beside it, and for each worker more.
CONNECTIONS = 60
CONNECTIONS_OF_A_WORKER = 16


@dataclass(frozen=True, slots=True)
class Storage:
    """An open database and the process's candidate for leadership over it.

    Attributes:
        dsn: of the account that owns the database; for what no pooled connection may do.
        space: the disk of the embedded database; None with a PostgreSQL of the operator's own.
        server: the embedded PostgreSQL, likewise.
    """

    database: Database
    leader: Leader
    dsn: str
    space: Space | None = None
    server: EmbeddedPostgres | None = None


@asynccontextmanager
async def open_storage(settings: Settings, clock: Clock, entropy: Entropy) -> AsyncIterator[Storage]:
    """Start or reach PostgreSQL, bring the schema up, make the coming months' partitions.

    Raises:
        StartFailure: the database cannot be started, reached or brought up.
    """
    gate = Gate()
    space = _space(settings, gate, keeps_ballast=True)
    async with _server(settings, entropy) as (dsn, server):
        await migrate(dsn, SCHEMAS, clock=clock)
        await ensure_month_partitions(dsn, clock=clock)
        async with _opened(settings, dsn, gate, clock, space) as storage:
            yield replace(storage, server=server)


@asynccontextmanager
async def reach_storage(settings: Settings, dsn: str, clock: Clock) -> AsyncIterator[Storage]:
    """The same in a worker: another process has started the database and brought it up.

    Raises:
        StartFailure: the database cannot be reached.
    """
    gate = Gate()
    async with _opened(settings, dsn, gate, clock, _space(settings, gate, keeps_ballast=False)) as storage:
        yield storage


@asynccontextmanager
async def _opened(
    settings: Settings, dsn: str, gate: Gate, clock: Clock, space: Space | None
) -> AsyncIterator[Storage]:
    pooler = settings.database_pool_url
    database = await Database.connect(
        dsn, gate=gate, pooler=None if pooler is None else pooler.get_secret_value()
    )
    leader = Leader(dsn, clock)
    leader.every(timedelta(days=1), "partitions", lambda: ensure_month_partitions(dsn, clock=clock))
    watching = [] if space is None else [asyncio.create_task(space.watch(), name="disk")]
    try:
        yield Storage(database, leader, dsn, space)
    finally:
        await cancel_all(watching)
        await database.close()


def _space(settings: Settings, gate: Gate, *, keeps_ballast: bool) -> Space | None:
    """Look before the database starts: with the ballast given back it can, even on a full disk."""
    if settings.database_url is not None:
        return None
    wanted = settings.disk_reserve_mb
    space = Space(
        database_folders(settings.data_dir),
        gate,
        ballast=settings.data_dir / "ballast" if keeps_ballast else None,
        reserve_bytes=None if wanted is None else wanted * MIB,
    )
    space.look()
    return space


@asynccontextmanager
async def _server(settings: Settings, entropy: Entropy) -> AsyncIterator[tuple[str, EmbeddedPostgres | None]]:
    if settings.database_url is not None:
        yield settings.database_url.get_secret_value(), None
        return
    more = CONNECTIONS_OF_A_WORKER * (settings.workers - 1)
    server = EmbeddedPostgres(
        settings.data_dir,
        user=settings.database_user,
        entropy=entropy,
        settings={"max_connections": str(CONNECTIONS + more)},
    )
    dsn = await server.start()
    watching = asyncio.create_task(server.watch(), name="postgres")
    try:
        yield dsn, server
    finally:
        await server.stop()
        await cancel_all([watching])


async def cancel_all(tasks: Sequence[asyncio.Task[None]]) -> None:
    """Cancel background tasks and wait until they have ended."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)

"""Opens the database: the embedded server or the operator's own, migrated and ready."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Storage:
    """An open database and the process's candidate for leadership over it."""

    database: Database
    leader: Leader


@asynccontextmanager
async def open_storage(settings: Settings, clock: Clock, entropy: Entropy) -> AsyncIterator[Storage]:
    """Start or reach PostgreSQL, bring the schema up, make the coming months' partitions.

    Raises:
        StartFailure: the database cannot be started, reached or brought up.
    """
    async with _server(settings, entropy) as dsn:
        await migrate(dsn, SCHEMAS, clock=clock)
        await ensure_month_partitions(dsn, clock=clock)
        database = await Database.connect(dsn)
        leader = Leader(dsn, clock)
        leader.every(timedelta(days=1), "partitions", lambda: ensure_month_partitions(dsn, clock=clock))
        try:
            yield Storage(database, leader)
        finally:
            await database.close()


@asynccontextmanager
async def _server(settings: Settings, entropy: Entropy) -> AsyncIterator[str]:
    if settings.database_url is not None:
        yield settings.database_url.get_secret_value()
        return
    server = EmbeddedPostgres(settings.data_dir, user=settings.database_user, entropy=entropy)
    dsn = await server.start()
    watching = asyncio.create_task(server.watch(), name="postgres")
    try:
        yield dsn
    finally:
        await server.stop()
        await cancel_all([watching])


async def cancel_all(tasks: Sequence[asyncio.Task[None]]) -> None:
    """Cancel background tasks and wait until they have ended."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)

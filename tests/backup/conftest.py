"""Fixtures of the backup tests."""

import asyncio
from collections.abc import Iterator

import pytest

from tests.backup.s3 import S3Server, running_s3
from tests.backup.world import Cluster
from tests.support.clock import FakeClock
from tests.support.postgres import PostgresServer


@pytest.fixture(scope="session")
def s3() -> Iterator[S3Server]:
    """One S3 server for the session; use a prefix of your own."""
    with running_s3() as server:
        yield server


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """A database server of the module's own: slots and WAL are everybody's on a shared one."""
    server = PostgresServer.launch(FakeClock())
    yield Cluster(server, asyncio.run(server.create_database()))
    server.close()

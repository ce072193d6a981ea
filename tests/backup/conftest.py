"""Fixtures of the backup tests."""

from collections.abc import Iterator

import pytest

from tests.backup.s3 import S3Server, running_s3


@pytest.fixture(scope="session")
def s3() -> Iterator[S3Server]:
    """One S3 server for the session; use a prefix of your own."""
    with running_s3() as server:
        yield server

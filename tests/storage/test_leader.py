"""Who leads, who takes over, and when the leader's jobs run."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, closing, suppress
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit, urlunsplit

import asyncpg
import pytest

from amana.storage.leader import LEADER_LOCK, Leader
from tests.support.clock import FakeClock

TICK_S = 0.01
NEVER_S = 600.0
FAREWELL_S = 0.5
HOLDER = """
SELECT pid FROM pg_locks
 WHERE locktype = 'advisory' AND granted
   AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
   AND classid::bigint << 32 | objid::bigint = $1
"""


class Candidate:
    """One process's leader, with a job that counts its runs.

    Attributes:
        ran: how often the job ran.
        ticks: how often the leader looked after its jobs.
    """

    def __init__(self, dsn: str, clock: FakeClock, *, pause_s: float = TICK_S) -> None:
        self.leader = Leader(dsn, clock, tick_s=TICK_S, candidate_pause_s=pause_s)
        self.ran = 0
        self.ticks = 0
        self.leader.every(timedelta(hours=1), "count", self.run)
        self.leader.every(timedelta(0), "tick", self.tick)

    async def run(self) -> None:
        self.ran += 1

    async def tick(self) -> None:
        self.ticks += 1

    async def looks_again(self) -> None:
        """Wait until the leader looked after all its jobs at least once from now."""
        seen = self.ticks
        await until(lambda: self.ticks >= seen + 2)


@asynccontextmanager
async def running(*candidates: Candidate) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(candidate.leader.run()) for candidate in candidates]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(TICK_S)


async def holders(dsn: str) -> list[int]:
    """PostgreSQL's process ids of the connections that hold the leader's lock."""
    connection = await asyncpg.connect(dsn)
    try:
        return [row["pid"] for row in await connection.fetch(HOLDER, LEADER_LOCK)]
    finally:
        await connection.close()


async def kill(dsn: str, pid: int) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        assert await connection.fetchval("SELECT pg_terminate_backend($1)", pid)
    finally:
        await connection.close()


@asynccontextmanager
async def half_closing(dsn: str) -> AsyncIterator[str]:
    """A way to the same database that passes on the server's closing much later than its last word."""
    where = parse_qs(urlsplit(dsn).query)
    socket_path = f"{where['host'][0]}/.s.PGSQL.{where['port'][0]}"

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):  # a statement the server never read makes its closing a reset
            while data := await reader.read(65536):
                writer.write(data)
        await asyncio.sleep(FAREWELL_S)
        writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream_reader, upstream_writer = await asyncio.open_unix_connection(socket_path)
        answers = asyncio.create_task(answer(upstream_reader, writer))
        with closing(upstream_writer), suppress(ConnectionError):
            while data := await reader.read(65536):
                upstream_writer.write(data)
        await answers

    async with await asyncio.start_server(serve, "127.0.0.1") as server:
        port = server.sockets[0].getsockname()[1]
        yield urlunsplit(urlsplit(dsn)._replace(query=f"host=127.0.0.1&port={port}"))


async def test_of_two_candidates_exactly_one_leads(database_dsn: str, clock: FakeClock) -> None:
    one, other = Candidate(database_dsn, clock), Candidate(database_dsn, clock)

    async with running(one, other):
        await until(lambda: one.leader.leads or other.leader.leads)
        first, second = (one, other) if one.leader.leads else (other, one)
        for _ in range(5):
            await first.looks_again()
            assert (first.leader.leads, second.leader.leads) == (True, False)
        assert len(await holders(database_dsn)) == 1

    assert (first.ran, second.ran, second.ticks) == (1, 0, 0)


async def test_when_the_leaders_connection_is_killed_the_other_takes_over(
    database_dsn: str, clock: FakeClock
) -> None:
    old, new = Candidate(database_dsn, clock, pause_s=NEVER_S), Candidate(database_dsn, clock)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(running(old))
        await until(lambda: old.ran == 1)
        await stack.enter_async_context(running(new))
        (pid,) = await holders(database_dsn)

        await kill(database_dsn, pid)

        await until(lambda: new.ran == 1)
        await until(lambda: not old.leader.leads)
        assert new.leader.leads
        assert await holders(database_dsn) not in ([], [pid])
        ticks = old.ticks
        await new.looks_again()
        assert (old.ran, old.ticks) == (1, ticks)


async def lead_again(lone: Candidate, dsn: str) -> None:
    async with running(lone):
        await until(lambda: lone.ran == 1)
        (pid,) = await holders(dsn)

        await kill(dsn, pid)

        await until(lambda: lone.ran == 2)
        assert lone.leader.leads


async def test_a_lone_leader_leads_again_after_its_connection_was_killed(
    database_dsn: str, clock: FakeClock
) -> None:
    await lead_again(Candidate(database_dsn, clock), database_dsn)


async def test_a_leader_whose_connection_closes_long_after_the_servers_farewell_leads_again(
    database_dsn: str, clock: FakeClock
) -> None:
    """Between the server's last word and the closed socket the driver knows no state for it."""
    async with half_closing(database_dsn) as dsn:
        await lead_again(Candidate(dsn, clock), database_dsn)


async def test_a_leader_that_stops_leaves_the_lock_to_the_next(database_dsn: str, clock: FakeClock) -> None:
    old, new = Candidate(database_dsn, clock), Candidate(database_dsn, clock)
    async with running(old):
        await until(lambda: old.leader.leads)

    assert not old.leader.leads
    async with running(new):
        await until(lambda: new.ran == 1)


async def test_a_job_runs_at_once_and_then_after_its_period(database_dsn: str, clock: FakeClock) -> None:
    candidate = Candidate(database_dsn, clock)
    async with running(candidate):
        await candidate.looks_again()
        assert candidate.ran == 1

        clock.advance(minutes=59, seconds=59)
        await candidate.looks_again()
        assert candidate.ran == 1

        clock.advance(seconds=1)
        await candidate.looks_again()
        assert candidate.ran == 2

        clock.advance(hours=5)
        await candidate.looks_again()
        assert candidate.ran == 3  # what was missed is not made up for


@pytest.mark.parametrize(
    "failure", [RuntimeError("broken"), asyncpg.PostgresError("refused"), OSError("gone")]
)
async def test_a_failing_job_does_not_end_the_others(
    database_dsn: str, clock: FakeClock, failure: Exception
) -> None:
    candidate = Candidate(database_dsn, clock)
    failed = 0

    async def fail() -> None:
        nonlocal failed
        failed += 1
        raise failure

    leader = Leader(database_dsn, clock, tick_s=TICK_S)
    leader.every(timedelta(hours=1), "fails", fail)
    leader.every(timedelta(hours=1), "count", candidate.run)
    leader.every(timedelta(0), "tick", candidate.tick)
    candidate.leader = leader
    async with running(candidate):
        await candidate.looks_again()
        assert (failed, candidate.ran) == (1, 1)

        clock.advance(hours=1)
        await candidate.looks_again()

        assert (failed, candidate.ran) == (2, 2)
        assert leader.leads


async def test_a_job_that_takes_long_delays_no_other_and_is_never_begun_twice(
    database_dsn: str, clock: FakeClock
) -> None:
    candidate = Candidate(database_dsn, clock)
    begun = 0
    finish = asyncio.Event()

    async def take_long() -> None:
        nonlocal begun
        begun += 1
        await finish.wait()

    candidate.leader.every(timedelta(seconds=1), "long", take_long)
    async with running(candidate):
        for _ in range(3):
            clock.advance(hours=1)
            await candidate.looks_again()
        assert (begun, candidate.ran) == (1, 3)

        finish.set()
        await until(lambda: begun == 2)


async def test_what_is_under_way_ends_with_leadership(database_dsn: str, clock: FakeClock) -> None:
    candidate = Candidate(database_dsn, clock, pause_s=NEVER_S)
    ended: list[str] = []

    async def take_long() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("long")

    candidate.leader.every(timedelta(hours=1), "long", take_long)
    async with running(candidate):
        await candidate.looks_again()
        (pid,) = await holders(database_dsn)

        await kill(database_dsn, pid)

        await until(lambda: ended == ["long"])
        await until(lambda: not candidate.leader.leads)

"""The log is cut off in the middle of its work: it stays one log, and takes up everything once."""

import asyncio
import os
import random
import signal
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from typing import Any
from unittest.mock import patch

import asyncpg
import pytest

from amana.evidence import Evidence, Sequencer
from amana.kernel.entropy import SeededEntropy
from amana.kernel.errors import Busy
from amana.kernel.ids import Ids
from amana.storage.database import Database, Tx
from amana.vault import Vault
from tests.evidence import independent
from tests.evidence.independent import Monitor
from tests.support.client import Person, Refused, set_up
from tests.support.clock import FakeClock
from tests.support.server import ServerProcess
from tests.vault.room import Intruder, Room

# A run is about fifteen statements and a commit: now and then one gets through.
MORE_THAN_A_RUN = 20


async def cut(dsn: str) -> None:
    """End every connection of this database that belongs to the application."""
    connection = await asyncpg.connect(dsn)
    try:
        await connection.fetch(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND application_name = 'amana'"
        )
    finally:
        await connection.close()


@contextmanager
def interrupted(at: int, how: Callable[[], Awaitable[None]]) -> Iterator[None]:
    """Something happens before the statement number ``at``, the commit being the last one."""
    said = 0

    def spy(owner: Any, name: str) -> Any:
        real = getattr(owner, name)

        async def call(self: Any, *args: Any, **params: Any) -> Any:
            nonlocal said
            said += 1
            if said == at:
                await how()
            return await real(self, *args, **params)

        return patch.object(owner, name, call)

    with ExitStack() as spies:
        spies.enter_context(spy(Database, "_commit"))
        for name in ("one", "all", "value", "run", "fetch"):
            spies.enter_context(spy(Tx, name))
        yield


async def cancel() -> None:
    """End the task that runs; the statement that follows is the place where it notices."""
    task = asyncio.current_task()
    assert task is not None
    task.cancel()


async def stored_log(intruder: Intruder, room: Room) -> tuple[list[bytes], Sequence[asyncpg.Record]]:
    rows = await intruder.rows("SELECT data FROM evidence_leaf WHERE org_id = $1 ORDER BY idx", room.org_id)
    checkpoints = await intruder.rows(
        "SELECT size, root FROM evidence_checkpoint WHERE org_id = $1 ORDER BY size", room.org_id
    )
    return [row["data"] for row in rows], checkpoints


async def survive_interruptions(
    room: Room,
    evidence: Evidence,
    sequencer: Sequencer,
    intruder: Intruder,
    dsn: str,
    *,
    rounds: int,
    seed: int,
) -> int:
    """Gives how many checkpoints were signed on the way."""
    chance = random.Random(seed)
    how: Callable[[], Awaitable[None]]
    for _ in range(rounds):
        await room.say("one")
        async with room.database.write(room.org_id) as tx:
            for _ in range(chance.randint(1, 3)):
                await evidence.record(
                    tx,
                    org_id=room.org_id,
                    actor_id=None,
                    action="person.joined",
                    subject=None,
                    now=await tx.value("SELECT now()"),  # type: ignore[arg-type]  # the column's type
                )
        how = partial(cut, dsn) if chance.random() < 0.4 else cancel
        with interrupted(chance.randint(1, MORE_THAN_A_RUN), how):
            run = asyncio.create_task(sequencer.run_once(room.org_id))
            with suppress(Busy, asyncio.CancelledError):
                await run
    await sequencer.run_once(room.org_id)

    leaves, checkpoints = await stored_log(intruder, room)
    hashes = [independent.leaf(data) for data in leaves]
    assert checkpoints[-1]["size"] == len(leaves)
    for checkpoint in checkpoints:
        assert checkpoint["root"] == independent.mth(hashes[: checkpoint["size"]])
    entries = await intruder.rows("SELECT * FROM evidence_entry WHERE org_id = $1", room.org_id)
    commitments = [independent.commitment_of(dict(entry)) for entry in entries]
    for commitment in commitments:
        assert sum(commitment.encode() in data for data in leaves) == 1
    assert sequencer.stopped == {}
    return len(checkpoints)


@pytest.fixture
def evidence(vault: Vault, ids: Ids) -> Evidence:
    return Evidence(vault, ids)


@pytest.fixture
def sequencer(database: Database, vault: Vault, clock: FakeClock, entropy: SeededEntropy) -> Sequencer:
    return Sequencer(database, vault, clock, entropy, host="chat.example.org")


async def test_whatever_cuts_a_run_off_the_log_stays_whole(
    room: Room, evidence: Evidence, sequencer: Sequencer, intruder: Intruder, database_dsn: str, own_seed: int
) -> None:
    signed = await survive_interruptions(
        room, evidence, sequencer, intruder, database_dsn, rounds=60, seed=own_seed
    )

    assert 1 < signed < 61, "runs were to be cut off, and some were to get through"


@pytest.mark.full
async def test_two_thousand_interruptions(
    room: Room, evidence: Evidence, sequencer: Sequencer, intruder: Intruder, database_dsn: str, own_seed: int
) -> None:
    await survive_interruptions(
        room, evidence, sequencer, intruder, database_dsn, rounds=2_000, seed=own_seed
    )


async def talking(ana: Person) -> None:
    """Makes entries and messages until it is cancelled."""
    number = 0
    group = await ana.create_group("Tram")
    while True:
        number += 1
        await ana.post(group, f"{number}")
        await ana.call("PATCH", "/v1/me", {"display_name": f"Ana {number}"})


async def followed(ana: Person, earlier: Monitor | None) -> Monitor:
    """The log as an outsider sees it, once it is longer than before."""
    async with asyncio.timeout(60):
        while True:
            try:
                state = await ana.call("GET", "/v1/log")
            except Refused:
                state = {"size": 0}
            if state["size"] > (earlier.size if earlier else 0):
                break
            await asyncio.sleep(0.1)
    monitor = Monitor(independent.over_http(ana.base_url, ana.token), state["url"], state["vkey"])
    await asyncio.to_thread(monitor.follow, (earlier.size, earlier.root) if earlier else None)
    return monitor


async def kill_server_and_database(server: ServerProcess) -> None:
    postmaster = server.postmaster_pid()
    await server.kill()
    if postmaster is not None:
        os.kill(postmaster, signal.SIGKILL)


async def survive_kills(server: ServerProcess, kills: int, seed: int) -> None:
    chance = random.Random(seed)
    ana = await set_up(server.base_url, server.setup_secret())
    seen = await followed(ana, None)
    for _ in range(kills):
        busy = asyncio.create_task(talking(ana))
        await asyncio.sleep(chance.random())
        await kill_server_and_database(server)
        busy.cancel()
        await asyncio.gather(busy, return_exceptions=True)
        await server.start()
        await ana.create_group("Tram")  # something new, however early the kill came
        vkey = seen.vkey
        seen = await followed(ana, seen)
        assert (seen.faults, seen.vkey) == ([], vkey)


async def test_after_kills_of_server_and_database_the_log_goes_on_where_it_was(
    server: ServerProcess, own_seed: int
) -> None:
    await survive_kills(server, 2, own_seed)


@pytest.mark.full
@pytest.mark.timeout(1800)
async def test_after_forty_kills_the_log_goes_on_where_it_was(server: ServerProcess, own_seed: int) -> None:
    await survive_kills(server, 40, own_seed)

"""Everything comes back on another machine: what was said, and not what was erased."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from uuid import UUID

import pytest
import pytest_asyncio

from amana.backup import keys
from amana.vault import KeyFile
from tests.backup.restoring import Machine
from tests.support.client import Api, Person, Refused, join_many, new_client_id, sign_in
from tests.support.postgres import scratch_dir
from tests.support.server import ServerProcess


@dataclass
class World:
    """A server with a backup that is up to date, and what was said before and after its base."""

    machine: Machine
    ana: Person
    bo: Person
    cem: Person
    room: UUID
    handle: str
    said: dict[int, str]
    before: str = ""


@pytest_asyncio.fixture(scope="module")
async def world() -> AsyncIterator[World]:
    machine = Machine()
    try:
        ana = await machine.start()
        bo, cem = await join_many(ana, ["Bo", "Cem"])
        room = await ana.create_group("Plans", [bo, cem])
        for number in range(5):
            await ana.post(room, f"before {number}")
        await machine.back_up()
        for number in range(5):
            await bo.post(room, f"after {number}")
        removed = (await bo.post(room, "to be forgotten"))["seq"]
        path = f"/v1/conversations/{room}/messages/{removed}/removal"
        await bo.call("POST", path, {"client_id": str(new_client_id())})
        await machine.ship()
        handle = (await ana.call("GET", "/v1/me"))["person"]["handle"]
        yield World(machine, ana, bo, cem, room, handle, await texts(ana, room))
    finally:
        await machine.server.remove()
        shutil.rmtree(machine.folder, ignore_errors=True)


@pytest_asyncio.fixture
async def other() -> AsyncIterator[ServerProcess]:
    """An empty machine."""
    other = ServerProcess(scratch_dir())
    yield other
    await other.remove()


async def texts(person: Person, room: UUID) -> dict[int, str]:
    """seq → what the person reads there."""
    found = await person.call("GET", f"/v1/conversations/{room}/messages?limit=100")
    return {
        entry["seq"]: entry["content"]["text"]
        for entry in found["entries"]
        if entry["content"] and "text" in entry["content"]
    }


async def test_what_is_not_ready_is_said_at_once_and_nothing_is_touched(
    world: World, other: ServerProcess
) -> None:
    machine = world.machine

    missing = await machine.restore(other)

    assert missing.returncode == 1
    assert "What is needed: the root key of the lost server." in missing.stderr
    assert "Traceback" not in missing.stderr
    place = other.data_dir / "keys" / "root.key"
    await KeyFile(place).unlock(may_create=True)
    wrong = await machine.restore(other)
    assert wrong.returncode == 1
    assert "does not belong to this backup" in wrong.stderr
    place.unlink()
    machine.put_root_key(other)
    stranger = machine.folder / "stranger.key"
    stranger.write_text(f"{keys.new_identity()}\n")
    locked = await machine.restore(other, "--identity", str(stranger))
    assert locked.returncode == 1
    assert "does not open the backup" in locked.stderr
    early = await machine.restore(other, "--to", "2020-01-01T00:00")
    assert early.returncode == 1
    assert "reaches back to" in early.stderr
    (other.data_dir / "postgres").mkdir()
    over = await machine.restore(other)
    assert over.returncode == 1
    assert "is not empty" in over.stderr
    assert not (other.data_dir / "restoring").exists()


async def test_what_was_said_comes_back_even_when_the_first_attempt_was_killed(
    world: World, other: ServerProcess
) -> None:
    world.machine.put_root_key(other)
    killed = await world.machine.begin_restore(other)
    await until((other.data_dir / "restoring" / "postgres" / "recovery.signal").exists)
    killed.kill()
    killed.wait()
    with pytest.raises(RuntimeError, match="was not finished"):
        await other.start()

    done = await world.machine.restore(other)

    assert done.returncode == 0, done.stderr
    assert not (other.data_dir / "restoring").exists()
    assert "The keys in the log were the newest." in done.stdout
    await other.start()
    with pytest.raises(Refused) as refused:
        await Api(other.base_url, world.ana.token).call("GET", "/v1/me")
    assert refused.value.status == 401, "every device is signed out"
    assert await texts(await sign_in(other.base_url, world.handle, "Ana"), world.room) == world.said
    assert len(world.said) == 10


async def test_who_was_removed_after_the_moment_is_named(world: World, other: ServerProcess) -> None:
    machine, room = world.machine, world.room
    before = await machine.now()
    await world.ana.post(room, "lost with the return")
    await world.ana.call("DELETE", f"/v1/conversations/{room}/members/{world.bo.user_id}")
    await machine.ship()
    await machine.keep_keys()
    machine.put_root_key(other)

    done = await machine.restore(other, "--to", before)

    assert done.returncode == 3, done.stderr
    assert f"person {world.bo.user_id} in conversation {room}" in done.stdout
    assert str(world.cem.user_id) not in done.stdout
    assert "LOST: 2 messages and other entries in 1 conversation," in done.stdout


async def until(happened: Callable[[], bool]) -> None:
    for _ in range(6000):
        if happened():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never happened")

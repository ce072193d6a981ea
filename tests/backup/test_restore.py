"""Everything comes back on another machine: what was said, and not what was erased."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable
from uuid import UUID

import pytest
import pytest_asyncio

from amana.backup import keys
from amana.vault import KeyFile
from tests.backup.restoring import Machine
from tests.support.client import Api, Person, Refused, join_many, new_client_id, sign_in
from tests.support.server import ServerProcess


@pytest_asyncio.fixture
async def machine() -> AsyncIterator[Machine]:
    machine = Machine()
    yield machine
    await machine.server.remove()
    shutil.rmtree(machine.folder, ignore_errors=True)


@pytest_asyncio.fixture
async def other(machine: Machine) -> AsyncIterator[ServerProcess]:
    other = ServerProcess()
    yield other
    await other.remove()


async def texts(person: Person, room: UUID) -> dict[int, str]:
    """seq → what the person reads there; None's are left out."""
    found = await person.call("GET", f"/v1/conversations/{room}/messages?limit=100")
    return {
        entry["seq"]: entry["content"]["text"]
        for entry in found["entries"]
        if entry["content"] and "text" in entry["content"]
    }


async def test_what_was_said_comes_back_on_another_machine(machine: Machine, other: ServerProcess) -> None:
    ana = await machine.start()
    (bo,) = await join_many(ana, ["Bo"])
    room = await ana.create_group("Plans", [bo])
    for number in range(5):
        await ana.post(room, f"before {number}")
    await machine.back_up()
    for number in range(5):
        await bo.post(room, f"after {number}")
    removed = (await bo.post(room, "to be forgotten"))["seq"]
    await bo.call(
        "POST", f"/v1/conversations/{room}/messages/{removed}/removal", {"client_id": str(new_client_id())}
    )
    await machine.ship()
    said = await texts(ana, room)
    handle = (await ana.call("GET", "/v1/me"))["person"]["handle"]
    await machine.destroy()
    machine.put_root_key(other)

    done = await machine.restore(other)

    assert done.returncode == 0, done.stderr
    await other.start()
    with pytest.raises(Refused) as refused:
        await Api(other.base_url, ana.token).call("GET", "/v1/me")
    assert refused.value.status == 401, "every device is signed out"
    again = await sign_in(other.base_url, handle, "Ana")
    assert await texts(again, room) == said
    assert len(said) == 10


async def test_what_is_not_ready_is_said_at_once_and_nothing_is_touched(
    machine: Machine, other: ServerProcess
) -> None:
    ana = await machine.start()
    room = await ana.create_group("Plans")
    for number in range(300):
        await ana.post(room, f"message {number}")
    await machine.back_up()

    missing = await machine.restore(other)

    assert missing.returncode == 1
    assert "root key" in missing.stderr
    assert "What is needed: the root key of the lost server." in missing.stderr
    assert "Traceback" not in missing.stderr
    assert not (other.data_dir / "restoring").exists()

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

    # Killed in the middle, the folder is no database, and the same command begins anew.
    killed = await machine.begin_restore(other)
    await until((other.data_dir / "restoring" / "postgres" / "recovery.signal").exists)
    killed.kill()
    killed.wait()
    with pytest.raises(RuntimeError, match="was not finished"):
        await other.start()
    again = await machine.restore(other)
    assert again.returncode == 0, again.stderr
    assert not (other.data_dir / "restoring").exists()
    over = await machine.restore(other)
    assert over.returncode == 1
    assert "is not empty" in over.stderr
    await other.start()
    handle = (await ana.call("GET", "/v1/me"))["person"]["handle"]
    assert len(await texts(await sign_in(other.base_url, handle, "Ana"), room)) == 100


async def test_who_was_removed_after_the_moment_is_named(machine: Machine, other: ServerProcess) -> None:
    ana = await machine.start()
    bo, cem = await join_many(ana, ["Bo", "Cem"])
    room = await ana.create_group("Plans", [bo, cem])
    await machine.back_up()
    before = await machine.now()
    await ana.post(room, "lost with the return")
    await ana.call("DELETE", f"/v1/conversations/{room}/members/{bo.user_id}")
    await machine.ship()
    await machine.keep_keys()
    machine.put_root_key(other)

    done = await machine.restore(other, "--to", before)

    assert done.returncode == 3, done.stderr
    assert f"person {bo.user_id} in conversation {room}" in done.stdout
    assert str(cem.user_id) not in done.stdout
    assert "LOST: 2 messages and other entries in 1 conversation," in done.stdout


async def until(happened: Callable[[], bool]) -> None:
    for _ in range(3000):
        if happened():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never happened")

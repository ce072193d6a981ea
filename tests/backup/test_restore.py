"""Everything comes back on another machine: what was said, and not what was erased."""

import shutil
from collections.abc import AsyncIterator
from uuid import UUID

import pytest
import pytest_asyncio

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

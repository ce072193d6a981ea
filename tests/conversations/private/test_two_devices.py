"""One person with two devices on a real server: what one of them keeps, the other one has, whatever dies."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from tests.support.client import Person, Socket, new_client_id, set_up, sign_in
from tests.support.server import ServerProcess

LIMIT_S = 30.0


@pytest_asyncio.fixture(loop_scope="session")
async def server() -> AsyncIterator[ServerProcess]:
    process = ServerProcess()
    yield process
    await process.remove()


async def told(socket: Socket, kind: str) -> Any:
    """The next private event of a kind."""
    async with asyncio.timeout(LIMIT_S):
        while True:
            element = await socket.receive()
            if element["t"] == "user" and element["kind"] == kind:
                return element


async def private_events(person: Person) -> list[Any]:
    """Everything that the person's log holds, as a device gets it that knows nothing."""
    position = (await person.call("GET", "/v1/sync"))["user_pos"]
    socket = await Socket.open(person)
    found: list[Any] = []
    async with asyncio.timeout(LIMIT_S):
        while not found or found[-1]["pos"] < position:
            element = await socket.receive()
            if element["t"] == "user":
                found.append(element)
    await socket.close()
    return found


@pytest.mark.timeout(240)
async def test_the_second_device_has_what_the_first_one_kept(server: ServerProcess) -> None:
    await server.start()
    desk = await set_up(server.base_url, server.setup_secret())
    handle = (await desk.call("GET", "/v1/me"))["person"]["handle"]
    phone = await sign_in(server.base_url, handle, "Ana's telephone")
    room = await desk.create_group("Tram")
    draft, socket = f"/v1/conversations/{room}/draft", await Socket.open(phone)

    await desk.call("PUT", draft, {"text": "Dear all, from the desk", "revision": 0})
    event = await told(socket, "draft.changed")
    seen = await phone.call("GET", draft)
    both = await phone.call("PUT", draft, {"text": "Dear all, from the train", "revision": 0})

    assert (event["c"], event["detail"]["revision"]) == (str(room), 1)
    assert seen["text"] == "Dear all, from the desk"
    assert (both["text"], both["others"]) == ("Dear all, from the train", ["Dear all, from the desk"])
    assert await desk.call("GET", draft) == both

    # The desk is lost: nothing of it is.
    await desk.call("DELETE", "/v1/sessions/current")
    assert (await phone.call("GET", "/v1/drafts"))["drafts"] == [both]

    await remind_after_a_kill(server, phone, room)


async def remind_after_a_kill(server: ServerProcess, phone: Person, room: UUID) -> None:
    """Nobody is there and the server is dead when it is due: told once, when both are back."""
    reminder, due = new_client_id(), int(time.time() * 1000) + 1_500
    about = {"conversation_id": str(room), "due_at": due, "note": "call them"}
    await phone.call("PUT", f"/v1/reminders/{reminder}", about)
    await server.kill()
    await asyncio.sleep(max(0.0, due / 1000 - time.time()))
    await server.start()

    async with asyncio.timeout(LIMIT_S):
        while True:
            (shown,) = (await phone.call("GET", "/v1/reminders"))["reminders"]
            if shown["fired_at"] is not None:
                break
            await asyncio.sleep(0.1)
    states = [
        one["detail"]["state"] for one in await private_events(phone) if one["kind"] == "reminder.changed"
    ]

    assert shown["note"] == "call them"
    assert states == ["set", "fired"]

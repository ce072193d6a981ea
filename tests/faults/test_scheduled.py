"""Scheduled messages on real servers: said once whatever dies, and not a moment before their time."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
import pytest
import pytest_asyncio

from tests.faults.run import kill
from tests.support.client import Person, connected, join_many, new_client_id, set_up
from tests.support.crew import worker_pids
from tests.support.server import ServerProcess

Json = dict[str, Any]

SPACING_S = 0.25
CI_MESSAGES = 12
FULL_MESSAGES = 240


@dataclass
class Crew:
    """Two workers that look for what is due, behind one port; and the owner of what they serve."""

    server: ServerProcess
    ana: Person


@pytest_asyncio.fixture(scope="module")
async def crew() -> AsyncIterator[Crew]:
    server = ServerProcess(AMANA_WORKERS="2")
    await server.start()
    yield Crew(server, await set_up(server.base_url, server.setup_secret()))
    await server.remove()


async def schedule(person: Person, room: UUID, text: str, at_s: float) -> None:
    body = {"client_id": str(new_client_id()), "text": text, "at": int(at_s * 1000)}
    await person.call("POST", f"/v1/conversations/{room}/scheduled", body)


async def said(person: Person, room: UUID) -> Counter[str]:
    """How often each text stands in a room."""
    found: Counter[str] = Counter()
    before = ""
    while True:
        page = await person.call("GET", f"/v1/conversations/{room}/messages?limit=200{before}")
        texts = [entry["content"]["text"] for entry in page["entries"] if entry["kind"] == "message.created"]
        found.update(texts)
        if not page["more"]:
            return found
        before = f"&before={page['entries'][0]['seq']}"


async def nothing_waits(person: Person, limit_s: float = 60) -> None:
    """Until every scheduled message is said or has failed."""
    async with asyncio.timeout(limit_s):
        while True:
            try:
                found = await person.call("GET", "/v1/scheduled")
            except httpx.TransportError:  # the worker behind this connection was killed
                await asyncio.sleep(0.1)
                continue
            if not any(line["state"] == "waiting" for line in found["scheduled"]):
                assert found["scheduled"] == [], "the premise: nothing failed"
                return
            await asyncio.sleep(0.2)


async def killed_around_the_due_times(crew: Crew, messages: int) -> None:
    ana = crew.ana
    room = await ana.create_group("Timed")
    begin_s = time.time() + 1.5
    dues = [begin_s + SPACING_S * number for number in range(messages)]
    await asyncio.gather(*(schedule(ana, room, f"no. {n}", due) for n, due in enumerate(dues)))
    kills = 0

    for number, due in enumerate(dues[::3]):
        await asyncio.sleep(max(0.0, due - time.time()))
        victims = worker_pids(crew.server)
        if victims:
            kill(victims[number % len(victims)])
            kills += 1
    await nothing_waits(ana)

    assert kills >= messages // 6, "too few kills to mean anything"
    assert await said(ana, room) == Counter({f"no. {number}": 1 for number in range(messages)})


async def test_no_device_gets_anything_before_undo_has_run_out(crew: Crew) -> None:
    ana = crew.ana
    (bo,) = await join_many(ana, ["Bo"])
    room = await ana.create_group("Slow", [bo])
    heard: dict[str, list[tuple[float, Json]]] = {"ana": [], "bo": []}

    async def listen(person: Person, name: str) -> None:
        async with connected(person, {room: 0}) as socket:
            await socket.until(lambda element: element["t"] == "welcome")
            while True:
                element = await socket.receive()
                if element["t"] in {"event", "user", "head"}:
                    heard[name].append((time.time(), element))

    listening = [asyncio.create_task(listen(ana, "ana")), asyncio.create_task(listen(bo, "bo"))]
    async with connected(ana, {room: 0}) as socket:
        await socket.until(lambda element: element["t"] == "welcome")
        first = await ana.post(room, "Before")
        await until(lambda: all(has(heard[name], "Before") for name in heard))
        already = {name: len(heard[name]) for name in heard}
        client_id, undone = new_client_id(), new_client_id()
        send = {"t": "send", "c": str(room), "client_id": str(client_id), "text": "Slow", "undo_s": 2}
        await socket.send(send)
        held = await socket.until(lambda element: element["t"] == "held")
        await socket.send({**send, "client_id": str(undone), "text": "Oh no"})
        await socket.until(lambda element: element["t"] == "held" and element["client_id"] == str(undone))
        back = await ana.call("DELETE", f"/v1/conversations/{room}/held/{undone}")
        await until(lambda: all(has(heard[name], "Slow") for name in heard))
        await ana.post(room, "After")
        await until(lambda: all(has(heard[name], "After") for name in heard))
    for task in listening:
        task.cancel()
    await asyncio.gather(*listening, return_exceptions=True)

    assert first["seq"] > 0
    assert back == {"content": {"text": "Oh no"}}
    assert held["undo_until"] > 0
    for name, everything in heard.items():
        news = everything[already[name] :]
        assert min(at for at, _ in news) * 1000 >= held["undo_until"]
        assert not has(everything, "Oh no")
        (slow,) = [element for _, element in news if (element.get("content") or {}).get("text") == "Slow"]
        assert slow["ts"] >= held["undo_until"]
    # Nothing happened between: the next place is the next number.
    page = await ana.call("GET", f"/v1/conversations/{room}/messages")
    assert [entry["seq"] - first["seq"] for entry in page["entries"][-3:]] == [0, 1, 2]


async def test_workers_that_die_around_the_due_times_say_everything_once(crew: Crew) -> None:
    await killed_around_the_due_times(crew, CI_MESSAGES)


@pytest.mark.full
@pytest.mark.timeout(600)
async def test_many_workers_that_die_say_everything_once(crew: Crew) -> None:
    await killed_around_the_due_times(crew, FULL_MESSAGES)


async def test_a_server_killed_when_a_message_is_due_says_it_once_when_it_is_back(
    server: ServerProcess,
) -> None:
    ana = await set_up(server.base_url, server.setup_secret())
    room = await ana.create_group("Timed")
    due_s = time.time() + 1.0
    for number in range(8):
        await schedule(ana, room, f"no. {number}", due_s + number * 0.02)
    await schedule(ana, room, "while nothing runs", due_s + 1)

    await asyncio.sleep(due_s + 0.05 - time.time())
    await server.kill()
    await asyncio.sleep(max(0.0, due_s + 1.1 - time.time()))
    await server.start()
    await nothing_waits(ana)

    expected = [*(f"no. {number}" for number in range(8)), "while nothing runs"]
    assert await said(ana, room) == Counter(dict.fromkeys(expected, 1))


def has(heard: list[tuple[float, Json]], text: str) -> bool:
    return any((element.get("content") or {}).get("text") == text for _, element in heard)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.02)

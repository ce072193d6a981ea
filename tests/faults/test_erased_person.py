"""kill −9 in the middle of the erasure of a person: it ends after the restart, and counts everything once."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import asyncpg
import pytest
import pytest_asyncio

from tests.support.client import Person, join, set_up, sign_in
from tests.support.server import ServerProcess

ROOMS = 24
EACH = 3
LIMIT_S = 90.0


@pytest_asyncio.fixture
async def server() -> AsyncIterator[ServerProcess]:
    process = ServerProcess(AMANA_ERASE_WITHIN_HOURS="0.002")
    yield process
    await process.remove()


async def rooms_done(dsn: str) -> int:
    connection = await asyncpg.connect(dsn)
    try:
        return int(await connection.fetchval("SELECT coalesce(max(rooms), 0) FROM amana.compliance_erasure"))
    finally:
        await connection.close()


async def erased_state(person: Person, user_id: UUID) -> Any:
    found = await person.call("GET", f"/v1/people/{user_id}/erasure")
    return found if found["state"] != "running" else None


async def unreadable(person: Person, room: UUID) -> list[tuple[UUID, str | None]]:
    page = await person.call("GET", f"/v1/conversations/{room}/messages?limit=50")
    return [
        (UUID(entry["sender_id"]), entry.get("unreadable"))
        for entry in page["entries"]
        if entry["kind"] == "message.created"
    ]


@pytest.mark.timeout(240)
async def test_an_erasure_that_was_killed_half_way_is_finished(server: ServerProcess) -> None:
    await server.start()
    ana = await set_up(server.base_url, server.setup_secret())
    handle = (await ana.call("GET", "/v1/me"))["person"]["handle"]
    bo = await join(server.base_url, await ana.invite(), "Bo")
    rooms = []
    for number in range(ROOMS):
        owner, other = (bo, ana) if number % 2 else (ana, bo)
        room = await owner.create_group(f"Room {number}", [other])
        for _ in range(EACH):
            await bo.post(room, "erased")
        await ana.post(room, "stays")
        rooms.append(room)

    asked = asyncio.create_task(ana.call("POST", f"/v1/people/{bo.user_id}/erasure", {}))
    while await rooms_done(server.superuser_dsn()) < 3:
        await asyncio.sleep(0.01)
    await server.kill()
    await asyncio.gather(asked, return_exceptions=True)
    await server.start()

    assert 3 <= await rooms_done(server.superuser_dsn()) < ROOMS, "it was not killed in the middle"
    ana = await sign_in(server.base_url, handle, "Ana")
    async with asyncio.timeout(LIMIT_S):
        while (certificate := await erased_state(ana, bo.user_id)) is None:
            await asyncio.sleep(0.1)
    assert certificate["rooms"] == ROOMS
    assert certificate["rooms_handed_over"] == ROOMS // 2
    assert certificate["messages"] == certificate["keys_ended"] == ROOMS * EACH
    for room in rooms:
        expected = [(bo.user_id, "erased")] * EACH + [(ana.user_id, None)]
        assert await unreadable(ana, room) == expected
        line = await ana.call("GET", f"/v1/conversations/{room}")
        assert (line["members_count"], line["my_role"]) == (1, "owner")

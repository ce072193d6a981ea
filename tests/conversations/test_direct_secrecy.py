"""The id of a direct conversation can be computed; whether it exists may not be learnt by asking."""

from typing import Any

import pytest

from amana.conversations.errors import ConversationNotFound, DirectIsFixed
from amana.kernel.actor import Role
from amana.kernel.ids import ConversationId, UserId
from tests.conversations.test_http import call
from tests.conversations.world import World

__all__ = ["call"]


async def test_an_administrator_does_not_learn_who_talks_with_whom(world: World, call: Any) -> None:
    await world.person("kim", Role.ADMIN)
    direct, unknown = await world.direct("bo", "eve"), world.client_id()
    bo = world["bo"].user_id

    async def asked(name: str, place: object) -> list[tuple[int, Any]]:
        path, key = f"/v1/conversations/{place}", str(world.client_id())
        return [
            await call(name, "PUT", f"{path}/owner", {"user_id": str(bo)}),
            await call(name, "PUT", f"{path}/members/{bo}"),
            await call(name, "DELETE", f"{path}/members/{bo}"),
            await call(name, "PATCH", path, {"title": "New"}),
            await call(name, "GET", path),
            await call(name, "GET", f"{path}/members"),
            await call(name, "GET", f"{path}/messages"),
            await call(name, "GET", f"{path}/messages/1"),
            await call(name, "GET", f"{path}/events"),
            await call(name, "GET", f"{path}/membership?seq=1&at=1"),
            await call(name, "PUT", f"{path}/read", {"seq": 1}),
            await call(name, "POST", f"{path}/messages", {"client_id": key, "text": "hello"}),
            await call(name, "PUT", f"{path}/messages/1", {"client_id": key, "text": "hello"}),
            await call(name, "POST", f"{path}/messages/1/removal", {"client_id": key}),
        ]

    assert await asked("kim", direct) == await asked("kim", unknown)
    async with world.database.read(world.org_id) as tx:
        for place in (direct, ConversationId(unknown)):
            with pytest.raises(ConversationNotFound):
                await world.members.require_may_invite(tx, world["kim"], place)
    async with world.database.write(world.org_id) as tx:
        with pytest.raises(DirectIsFixed):
            await world.members.change_owner(tx, world["bo"], direct, UserId(bo))

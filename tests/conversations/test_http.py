"""The routes, as a program calls them."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest_asyncio

from amana.conversations import FEATURE
from amana.http import EdgeSettings, Services, State, build_app
from amana.kernel.actor import Actor
from amana.kernel.ids import UserId
from tests.conversations.world import World

ORIGIN = "https://amana.test"


@pytest_asyncio.fixture
async def call(world: World) -> AsyncIterator[Any]:
    """``await call("bo", "GET", path, body)`` gives status and decoded answer."""
    services = Services(*world.domain.services)

    async def authenticate(token: str) -> Actor | None:
        return world.people.get(token)

    app = build_app(
        [FEATURE],
        State(world.database, world.clock, world.ids, world.entropy, services),
        EdgeSettings(ORIGIN),
        authenticate=authenticate,
    )

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=ORIGIN) as client:

        async def ask(name: str, method: str, path: str, body: object = None) -> tuple[int, Any]:
            answer = await client.request(
                method, path, json=body, headers={"Authorization": f"Bearer {name}"}
            )
            return answer.status_code, answer.json() if answer.content else None

        yield ask


def new_group(world: World, *members: str, **changes: object) -> dict[str, object]:
    return {
        "client_id": str(world.client_id()),
        "kind": "group",
        "title": "Bridge",
        "purpose": "Build it",
        "member_ids": [str(world[name].user_id) for name in members],
        "history": {"policy": "all"},
        **changes,
    }


async def test_a_group_lives_from_creation_to_the_last_word(world: World, call: Any) -> None:
    status, group = await call("ana", "POST", "/v1/conversations", new_group(world))
    room = f"/v1/conversations/{group['conversation_id']}"
    bo = str(world["bo"].user_id)
    assert (status, group["my_role"], group["history"]) == (201, "owner", {"policy": "all", "days": None})

    assert (await call("ana", "PUT", f"{room}/members/{bo}"))[0] == 204
    client_id = str(world.client_id())
    status, posted = await call(
        "bo", "POST", f"{room}/messages", {"client_id": client_id, "text": "Hello", "reply_to": None}
    )
    assert (status, posted["seq"], posted["client_id"]) == (201, 3, client_id)

    change = {"client_id": str(world.client_id()), "text": "Hello *all*"}
    assert (await call("bo", "PUT", f"{room}/messages/3", change))[1]["seq"] == 4
    status, page = await call("ana", "GET", f"{room}/messages?limit=1")
    assert (page["entries"][0]["content"]["text"], page["more"], page["quotes"]) == ("Hello *all*", True, [])
    status, events = await call("ana", "GET", f"{room}/events?after=2")
    assert [event["kind"] for event in events["events"]] == ["message.created", "message.edited"]
    assert (events["limited"], events["head_seq"]) == (False, 4)

    assert (await call("ana", "PUT", f"{room}/read", {"seq": 4}))[0] == 204
    status, sync = await call("ana", "GET", "/v1/sync")
    line = sync["conversations"][0]
    assert (line["msg_no"] - line["read_no"], line["last"]["content"]["text"]) == (0, "Hello *all*")
    assert sync["user_pos"] == 2

    removal = {"client_id": str(world.client_id())}
    assert (await call("ana", "POST", f"{room}/messages/3/removal", removal))[0] == 200
    assert (await call("ana", "GET", f"{room}/messages/3"))[1]["content"] is None

    assert (await call("ana", "PATCH", room, {"title": "Bridge 2"}))[1]["title"] == "Bridge 2"
    members = (await call("bo", "GET", f"{room}/members"))[1]["members"]
    assert {member["display_name"]: member["role"] for member in members} == {"Ana": "owner", "Bo": "member"}
    assert (await call("ana", "PUT", f"{room}/owner", {"user_id": bo}))[0] == 204
    saw = await call("ana", "GET", f"{room}/membership?seq=2&at={posted['ts']}")
    assert set(saw[1]["user_ids"]) == {bo, str(world["ana"].user_id)}
    assert (await call("ana", "DELETE", f"{room}/members/{world['ana'].user_id}"))[0] == 204
    assert (await call("ana", "GET", room))[0] == 404


async def test_refusals_carry_their_code_and_fields(world: World, call: Any) -> None:
    room = f"/v1/conversations/{await world.room('bo')}"

    async def code(*request: Any) -> tuple[int, str, Any]:
        status, answer = await call(*request)
        return status, answer["error"]["code"], answer["error"]["fields"].get("field")

    body = new_group(world)
    del body["purpose"]
    assert await code("ana", "POST", "/v1/conversations", body) == (400, "purpose_required", "purpose")
    message = {"client_id": str(world.client_id()), "text": "x" * 8001}
    assert await code("ana", "POST", f"{room}/messages", message) == (400, "text_too_long", "text")
    message["text"] = "Hello"
    assert await code("eve", "POST", f"{room}/messages", message) == (404, "conversation_not_found", None)
    assert (await code("eve", "GET", f"{room}/members"))[:2] == (404, "conversation_not_found")
    after = world["ana"].user_id
    assert (await code("eve", "GET", f"{room}/members?after={after}"))[:2] == (404, "conversation_not_found")
    unknown = f"/v1/conversations/{world.ids.new()}/members?after={after}"
    assert (await code("ana", "GET", unknown))[:2] == (404, "conversation_not_found")
    last = max(world["ana"].user_id, world["bo"].user_id)
    assert await call("ana", "GET", f"{room}/members?after={last}") == (200, {"members": [], "more": False})
    assert (await code("ana", "GET", f"{room}/messages?limit=0"))[0] == 400
    assert (await code("nobody", "GET", "/v1/sync"))[0] == 401


async def test_two_begin_a_direct_conversation_by_the_same_address(world: World, call: Any) -> None:
    ana, bo = world["ana"].user_id, world["bo"].user_id

    first = (await call("ana", "PUT", f"/v1/conversations/direct/{bo}"))[1]
    second = (await call("bo", "PUT", f"/v1/conversations/direct/{ana}"))[1]

    assert first["conversation_id"] == second["conversation_id"]
    assert (first["peer_id"], second["peer_id"]) == (str(bo), str(ana))
    stranger = UserId(world.ids.new())
    assert (await call("ana", "PUT", f"/v1/conversations/direct/{stranger}"))[0] == 404

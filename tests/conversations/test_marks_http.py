"""Reactions, pins, forwarding and wordings as programs use them: routes and frames."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import msgspec
import pytest

from amana.conversations.reactions.socket import ReactFrame, UnreactFrame
from amana.events.model import Appended
from amana.kernel.actor import Actor
from amana.kernel.errors import Refusal
from amana.kernel.ids import ConversationId
from tests.conversations.test_http import call
from tests.conversations.world import World

__all__ = ["call"]

ANY_ID = UUID(int=7)


async def test_a_message_gets_emojis_and_loses_them(world: World, call: Any) -> None:
    room_id = await world.room("bo")
    sent = await world.say("ana", room_id)
    message = f"/v1/conversations/{room_id}/messages/{sent.seq}"
    chosen = {"client_id": str(world.client_id()), "emoji": "❤"}

    status, posted = await call("bo", "POST", f"{message}/reactions", chosen)
    assert (status, posted["client_id"]) == (200, chosen["client_id"])
    assert (await call("bo", "POST", f"{message}/reactions", chosen))[1] == posted
    chips = (await call("ana", "GET", message))[1]["reactions"]
    assert chips == [{"emoji": "❤️", "since": posted["seq"], "count": 1, "mine": False}]
    status, who = await call("ana", "GET", f"{message}/reactions/{posted['seq']}?limit=1")
    bo = str(world["bo"].user_id)
    assert who == {"reactors": [{"user_id": bo, "seq": posted["seq"], "at": posted["ts"]}], "more": False}

    chosen["client_id"] = str(world.client_id())
    assert (await call("bo", "POST", f"{message}/reactions/removal", chosen))[0] == 200
    assert "reactions" not in (await call("ana", "GET", message))[1]
    status, refused = await call("ana", "GET", f"{message}/reactions/{posted['seq']}")
    assert (status, refused["error"]["code"]) == (404, "reaction_not_found")
    status, refused = await call("bo", "POST", f"{message}/reactions", {**chosen, "emoji": "ok"})
    assert (status, refused["error"]["code"], refused["error"]["fields"]) == (
        400,
        "emoji_invalid",
        {"field": "emoji"},
    )


async def test_a_message_is_pinned_and_taken_off(world: World, call: Any) -> None:
    room_id = await world.room("bo")
    sent = await world.say("ana", room_id)
    room = f"/v1/conversations/{room_id}"

    assert (await call("bo", "PUT", f"{room}/messages/{sent.seq}/pin"))[0] == 204
    assert (await call("bo", "PUT", f"{room}/messages/{sent.seq}/pin"))[0] == 204
    entries = (await call("ana", "GET", f"{room}/pins"))[1]["entries"]
    assert [entry["pinned"]["by"] for entry in entries] == [str(world["bo"].user_id)]
    assert (await call("ana", "DELETE", f"{room}/messages/{sent.seq}/pin"))[0] == 204
    assert (await call("ana", "GET", f"{room}/pins"))[1] == {"entries": []}
    assert (await call("eve", "GET", f"{room}/pins"))[0] == 404


async def test_a_message_is_forwarded_to_several_chats(world: World, call: Any) -> None:
    source, one, foreign = await world.room("bo"), await world.room(owner="bo"), await world.room("eve")
    sent = await world.say("ana", source, "news")
    targets = [{"conversation_id": str(room), "client_id": str(world.client_id())} for room in (one, foreign)]

    status, answer = await call(
        "bo", "POST", f"/v1/conversations/{source}/messages/{sent.seq}/forwards", {"targets": targets}
    )

    first, second = answer["outcomes"]
    assert (status, first["error"], second["posted"]) == (200, None, None)
    assert first["posted"]["client_id"] == targets[0]["client_id"]
    assert (second["conversation_id"], second["error"]["code"]) == (str(foreign), "conversation_not_found")
    entry = (await call("bo", "GET", f"/v1/conversations/{one}/messages/{first['posted']['seq']}"))[1]
    assert entry["content"]["forwarded"]["author_id"] == str(world["ana"].user_id)


async def test_only_the_author_reads_what_a_message_once_said(world: World, call: Any) -> None:
    room_id = await world.room("bo")
    sent = await world.say("bo", room_id, "first")
    await world.edit("bo", room_id, sent.seq, "second")
    versions = f"/v1/conversations/{room_id}/messages/{sent.seq}/versions"

    found = (await call("bo", "GET", versions))[1]["versions"]

    assert [(one["revision"], one["content"]["text"]) for one in found] == [(0, "first"), (1, "second")]
    status, refused = await call("ana", "GET", versions)
    assert (status, refused["error"]["code"]) == (404, "message_not_found")


class Wire:
    """A socket as operations see it."""

    def __init__(self, actor: Actor) -> None:
        self.actor = actor
        self.outcomes: list[Appended | Refusal] = []

    def settle(self, _room: ConversationId, _client_id: object) -> Callable[[Appended | Refusal], None]:
        return self.outcomes.append


async def test_the_socket_reacts_and_takes_back(world: World) -> None:
    room = await world.room("bo")
    sent = await world.say("ana", room)
    wire, table = Wire(world["bo"]), world.domain.operations.table()

    for tag in ("react", "unreact"):
        said = {"t": tag, "c": room, "client_id": world.client_id(), "seq": sent.seq, "emoji": "👍"}
        operation = table[tag]
        running = operation.run(wire, msgspec.json.decode(msgspec.json.encode(said), type=operation.frame))
        assert running is not None
        await running

    kinds = [event["kind"] for event in await world.events("ana", room)][-2:]
    assert kinds == ["reaction.added", "reaction.removed"]
    assert [outcome.seq for outcome in wire.outcomes if isinstance(outcome, Appended)] == [3, 4]


@pytest.mark.parametrize("frame", [ReactFrame, UnreactFrame])
@pytest.mark.parametrize("number", [-1, 2**53])
def test_a_frame_names_only_places_that_can_exist(frame: type[msgspec.Struct], number: int) -> None:
    body = {"t": frame.__struct_config__.tag, "c": str(ANY_ID), "client_id": str(ANY_ID), "emoji": "👍"}
    msgspec.json.decode(msgspec.json.encode({**body, "seq": 1}), type=frame)

    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(msgspec.json.encode({**body, "seq": number}), type=frame)

"""Threads and names as a program calls them, over HTTP and on the socket."""

from typing import Any

from amana.conversations.socket import EditFrame, SendFrame
from amana.events.model import Appended
from tests.conversations import naming
from tests.conversations.naming import at
from tests.conversations.test_hot_path import Wire
from tests.conversations.test_http import call
from tests.conversations.world import World

__all__ = ["call"]


async def test_a_thread_with_a_name_in_it_from_the_first_answer_to_the_last_look(
    world: World, call: Any
) -> None:
    room = await naming.threaded(world, "bo")
    path, bo = f"/v1/conversations/{room}", str(world["bo"].user_id)
    _, root = await call(
        "ana", "POST", f"{path}/messages", {"client_id": str(world.client_id()), "text": "Who?"}
    )
    thread = f"{path}/threads/{root['seq']}"
    words = {
        "client_id": str(world.client_id()),
        "text": "@Bo?",
        "mentions": [{"text": "@Bo", "user_id": bo}],
    }

    status, sent = await call("ana", "POST", f"{path}/messages", {**words, "thread": root["seq"]})
    _, page = await call("bo", "GET", thread)
    _, listed = await call("bo", "GET", "/v1/threads?limit=1")
    _, mentions = await call("bo", "GET", "/v1/mentions?limit=1")
    read = await call("bo", "PUT", f"{thread}/read", {"seq": sent["seq"]})
    gone = await call("bo", "DELETE", f"{thread}/follow")
    _, after = await call("bo", "GET", "/v1/threads")
    back = await call("bo", "PUT", f"{thread}/follow")

    assert (status, read[0], gone[0], back[0]) == (201, 204, 204, 204)
    assert [entry["seq"] for entry in page["entries"]] == [sent["seq"]]
    assert (page["root"]["thread"]["replies"], page["more"]) == (1, False)
    assert (listed["unread"], listed["next"], listed["threads"][0]["root"]["seq"]) == (1, None, root["seq"])
    (line,) = mentions["mentions"]
    assert (line["seq"], line["thread"], line["read"]) == (sent["seq"], root["seq"], False)
    assert line["entry"]["content"]["text"] == "@Bo?"
    assert after["threads"] == []


async def test_lists_go_on_where_they_ended(world: World, call: Any) -> None:
    room = await naming.threaded(world, "bo")
    roots = []
    for _ in range(5):
        root = await naming.name(world, "ana", room, "bo")
        await naming.name(world, "ana", room, "bo", thread=root.seq)
        roots.append(root.seq)

    seen: dict[str, list[int]] = {"threads": [], "mentions": []}
    for kind, found in seen.items():
        before = ""
        while before is not None:
            _, page = await call("bo", "GET", f"/v1/{kind}?limit=2{before and '&before=' + before}")
            found += [one["seq"] for one in page[kind]]
            before = page["next"]

    assert seen["threads"] == roots[::-1]
    assert len(seen["mentions"]) == 10
    assert seen["mentions"] == sorted(seen["mentions"], reverse=True)
    _, refused = await call("bo", "GET", "/v1/threads?before=yesterday")
    assert refused["error"]["code"] == "cursor_invalid"


async def test_a_refusal_says_who_is_not_there_and_how_many_are(world: World, call: Any) -> None:
    room = await world.room("bo")
    path, eve = f"/v1/conversations/{room}/messages", str(world["eve"].user_id)
    words = {"text": "@Eve", "mentions": [{"text": "@Eve", "user_id": eve}]}

    named = await call("ana", "POST", path, {**words, "client_id": str(world.client_id())})
    everybody = await call(
        "ana",
        "POST",
        path,
        {"text": "@all", "mentions": [{"text": "@all"}], "client_id": str(world.client_id())},
    )

    assert (named[0], named[1]["error"]["fields"]["user_ids"]) == (409, [eve])
    assert (everybody[0], everybody[1]["error"]["fields"]["count"]) == (409, 1)
    assert everybody[1]["error"]["message"] == "This tells one person. Please confirm."


async def test_frames_of_a_socket_carry_threads_and_names(world: World) -> None:
    room = await naming.threaded(world, "bo")
    root = await world.say("ana", room)
    wire, operations = Wire(world["ana"]), world.domain.operations.table()
    frame = SendFrame(room, world.client_id(), "@Bo", thread=root.seq, mentions=at(world, "bo"))

    operations["send"].run(wire, frame)
    await world.say("ana", room)
    while not wire.outcomes:
        await world.say("ana", room)
    (sent,) = wire.outcomes
    assert isinstance(sent, Appended)
    edit = operations["edit"].run(wire, EditFrame(room, world.client_id(), sent.seq, "nobody", mentions=()))
    assert edit is not None
    await edit

    assert naming.told(world, "bo") == [(sent.seq, "new"), (sent.seq, "gone")]
    assert (await naming.info(world, "bo", room, root.seq))["replies"] == 1

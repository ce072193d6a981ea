"""Polls as programs use them."""

from typing import Any

from tests.conversations.test_http import call
from tests.conversations.world import World

__all__ = ["call"]


async def test_a_poll_is_asked_answered_and_closed(world: World, call: Any) -> None:
    room = f"/v1/conversations/{await world.room('bo')}"
    asked = {"client_id": str(world.client_id()), "text": "Tea?", "poll": {"options": [" Yes", "No"]}}

    status, poll = await call("ana", "POST", f"{room}/messages", asked)
    assert status == 201
    message = f"{room}/messages/{poll['seq']}"
    entry = (await call("bo", "GET", message))[1]
    assert (entry["content"]["poll"], "poll" in entry) == ({"options": ["Yes", "No"]}, False)
    ballot = {"client_id": str(world.client_id()), "choices": [1]}
    assert (await call("bo", "POST", f"{message}/poll/votes", ballot))[0] == 204
    assert (await call("bo", "POST", f"{message}/poll/votes", ballot))[0] == 204
    assert (await call("bo", "GET", f"{message}/poll/mine"))[1] == {"voted": True, "choices": [1]}
    (voter,) = (await call("ana", "GET", f"{message}/poll/votes?limit=1"))[1]["voters"]
    assert (voter["user_id"], voter["choices"]) == (str(world["bo"].user_id), [1])
    closing = {"client_id": str(world.client_id())}
    status, refused = await call("bo", "POST", f"{message}/poll/closing", closing)
    assert (status, refused["error"]["code"]) == (403, "not_permitted")
    status, closed = await call("ana", "POST", f"{message}/poll/closing", closing)
    assert (await call("bo", "GET", message))[1]["poll"] == {
        "closed": closed["ts"],
        "voters": 1,
        "totals": [0, 1],
        "mine": [1],
    }
    ballot["client_id"] = str(world.client_id())
    status, refused = await call("bo", "POST", f"{message}/poll/votes", ballot)
    assert (status, refused["error"]["code"]) == (409, "poll_closed")


async def test_an_anonymous_vote_is_answered_with_nothing(world: World, call: Any) -> None:
    room = f"/v1/conversations/{await world.room('bo')}"
    poll = {"options": ["Yes", "No"], "anonymous": True}
    asked = {"client_id": str(world.client_id()), "text": "Tea?", "poll": poll}
    message = f"{room}/messages/{(await call('ana', 'POST', f'{room}/messages', asked))[1]['seq']}"
    ballot = {"client_id": str(world.client_id()), "choices": [0]}

    assert (await call("bo", "POST", f"{message}/poll/votes", ballot))[0] == 204

    status, refused = await call("bo", "POST", f"{message}/poll/votes", ballot)
    assert (status, refused["error"]["code"]) == (409, "already_voted")
    assert (await call("bo", "GET", f"{message}/poll/mine"))[1] == {"voted": True, "choices": []}
    assert "poll" not in (await call("bo", "GET", message))[1]
    assert (await call("bo", "GET", f"{message}/poll/votes"))[0] == 404
    asked = {**asked, "client_id": str(world.client_id()), "poll": {"options": ["Yes"]}}
    status, refused = await call("ana", "POST", f"{room}/messages", asked)
    assert (status, refused["error"]["code"]) == (400, "poll_options_invalid")

"""What a frame may name, and that every one of them is answered."""

import asyncio

import msgspec
import pytest

from amana.conversations.messages.draft import Draft
from amana.conversations.socket import EditFrame, ReadFrame, RemoveFrame, SendFrame
from amana.events.model import Appended
from amana.kernel.errors import Refusal
from amana.kernel.ids import Seq
from tests.conversations.world import World

NUMBERS = [-1, 2**53, 2**63, 2**64]


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize(
    ("frame", "body"),
    [
        (SendFrame, {"t": "send", "text": "hello", "reply_to": 0}),
        (EditFrame, {"t": "edit", "text": "hello", "seq": 0}),
        (RemoveFrame, {"t": "remove", "seq": 0}),
        (ReadFrame, {"t": "read", "seq": 0}),
    ],
)
async def test_a_frame_names_only_places_that_can_exist(
    world: World, frame: type[msgspec.Struct], body: dict[str, object], number: int
) -> None:
    ids = {"c": str(world.client_id()), "client_id": str(world.client_id())}
    msgspec.json.decode(msgspec.json.encode({**ids, **body}), type=frame)
    last = list(body)[-1]

    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(msgspec.json.encode({**ids, **body, last: number}), type=frame)


async def test_a_mistake_of_ours_is_answered_too(world: World, caplog: pytest.LogCaptureFixture) -> None:
    room = await world.room("bo")
    answer: asyncio.Future[Appended | Refusal] = asyncio.get_running_loop().create_future()
    too_large = Seq(2**63)

    draft = Draft(room, world.client_id(), "a secret", too_large)
    world.sending.submit(world["ana"], draft, answer.set_result)
    outcome = await asyncio.wait_for(answer, 5)
    with pytest.raises(RuntimeError):
        await world.sending.send(world["ana"], Draft(room, world.client_id(), "a secret", too_large))

    assert isinstance(outcome, Refusal)
    assert (outcome.code, list(outcome.fields)) == ("internal_error", ["reference"])
    assert "a secret" not in caplog.text

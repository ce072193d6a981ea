"""What others see of delivery and reading: every rule, every preference, every way to ask."""

from itertools import product
from typing import Any

import pytest

from amana.conversations.model import Kind
from amana.conversations.private.preferences.service import Choice
from amana.conversations.receipts import model
from amana.conversations.receipts.socket import DeliveredFrame, ReceiptOperations
from amana.conversations.receipts.typing import Typing
from amana.conversations.rules_wire import RulesWanted
from amana.events.doorbell import Notice
from amana.kernel.ids import ConversationId
from tests.conversations.ruling import make, rule
from tests.conversations.test_http import call
from tests.conversations.world import World

__all__ = ["call"]

NAMES = ("bo", "eve", "kim")


@pytest.fixture
async def four(world: World) -> World:
    """Ana writes; bo, eve and kim read."""
    await world.person("kim")
    return world


async def show(world: World, name: str, *, receipts: bool) -> None:
    async with world.database.write(world.org_id) as tx:
        await world.domain.private.preferences.choose(tx, world[name], Choice(receipts=receipts))


class Device:
    """As much of a socket as the operation needs."""

    def __init__(self, world: World, name: str) -> None:
        self.actor = world[name]


async def deliver(world: World, room: ConversationId, seq: int, *names: str) -> None:
    """The devices of these people say that they have it, and the server saves."""
    operations = ReceiptOperations(world.domain.deliveries, Typing(world.database, world.desk))
    for name in names:
        operations.delivered(Device(world, name), DeliveredFrame(c=room, seq=seq))  # type: ignore[arg-type]
    await world.domain.deliveries.save()


class Ear:
    """Everything that leaves for the devices of others, markers and deliveries."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.delivered: list[Notice] = []
        world.desk.doorbell.on("delivered", self.delivered.append)

    def names(self, users: list[Any]) -> list[str]:
        known = {actor.user_id: name for name, actor in self.world.people.items()}
        return sorted(known[user] for user in users)

    @property
    def heard(self) -> tuple[list[str], list[str]]:
        """Who was named as having got something, and as having read."""
        return (
            self.names([one.subject for one in self.delivered]),
            self.names([user for _, user, _ in self.world.heard.markers]),
        )


async def asked(world: World, call: Any, room: ConversationId, seq: int) -> dict[str, Any]:
    status, answer = await call("ana", "GET", f"/v1/conversations/{room}/messages/{seq}/receipts")
    assert status == 200, answer
    return dict(answer)


async def markers(call: Any, room: ConversationId, viewer: str = "ana") -> dict[str, Any]:
    members = (await call(viewer, "GET", f"/v1/conversations/{room}/members"))[1]["members"]
    return {one["user_id"]: one["read_seq"] for one in members}


@pytest.mark.parametrize(
    ("policy", "silent"), product(("off", "count", "named"), ((), ("bo",), ("bo", "kim")))
)
async def test_nobody_sees_more_than_the_rule_and_the_person_allow(
    four: World, call: Any, policy: Any, silent: tuple[str, ...]
) -> None:
    room = await make(four, Kind.GROUP, *NAMES, rules=RulesWanted(receipts=policy))
    for name in silent:
        await show(four, name, receipts=False)
    ear = Ear(four)
    sent = await four.say("ana", room)

    await deliver(four, room, sent.seq, "bo", "kim")
    await four.read("bo", room, sent.seq)
    await four.read("eve", room, sent.seq)

    got = [name for name in ("kim",) if name not in silent]
    read = [name for name in ("bo", "eve") if name not in silent]
    told = ([name for name in ("bo", "kim") if name not in silent], read)
    assert ear.heard == (told if policy == "named" else ([], []))
    answer = await asked(four, call, room, sent.seq)
    numbers = (None, None) if policy == "off" else (len(got + read), len(read))
    assert (answer["shown"], answer["delivered"], answer["read"]) == (policy, *numbers)
    people = {(one["user_id"], one["state"]) for one in answer["people"] or ()}
    expected = {(str(four[name].user_id), "read") for name in read}
    expected |= {(str(four[name].user_id), "delivered") for name in got}
    assert people == (expected if policy == "named" else set())
    assert (answer["people"] is None) == (policy != "named")
    seen = await markers(call, room)
    visible = {name for name in four.people if seen[str(four[name].user_id)] is not None}
    assert visible == ({*four.people} - {*silent} if policy == "named" else {"ana"})
    line = await four.line("ana", room)
    waiting = sent.seq if "kim" in silent else line["read_by"]
    assert (line["read_by"] is None) == (policy == "off")
    assert policy == "off" or (line["delivered_to"], line["read_by"]) == (sent.seq, waiting)
    assert policy == "off" or (line["read_by"] == sent.seq) == ("kim" in silent)


async def test_what_a_silent_person_does_changes_no_answer(four: World, call: Any) -> None:
    room = await make(four, Kind.GROUP, *NAMES)
    await show(four, "bo", receipts=False)
    sent = await four.say("ana", room)
    await four.read("eve", room, sent.seq)

    async def told() -> tuple[Any, ...]:
        line = await four.line("ana", room)
        seen = (await asked(four, call, room, sent.seq), await markers(call, room))
        return (*seen, line["delivered_to"], line["read_by"])

    before = await told()
    await deliver(four, room, sent.seq, "bo")
    assert await told() == before
    await four.read("bo", room, sent.seq)

    assert await told() == before
    await four.read("kim", room, sent.seq)
    assert await told() != before


async def test_who_chooses_silence_later_vanishes_and_every_one_sees_their_own(
    four: World, call: Any
) -> None:
    room = await make(four, Kind.GROUP, *NAMES)
    sent = await four.say("ana", room)
    await four.read("bo", room, sent.seq)
    assert (await asked(four, call, room, sent.seq))["read"] == 1

    await show(four, "bo", receipts=False)

    assert (await asked(four, call, room, sent.seq))["people"] == []
    bo = str(four["bo"].user_id)
    assert (await markers(call, room))[bo] is None
    assert (await markers(call, room, "bo"))[bo] == sent.seq


async def test_a_person_is_named_with_the_time_and_only_with_one_that_can_be_right(
    four: World, call: Any
) -> None:
    room = await make(four, Kind.GROUP, *NAMES)
    first = await four.say("ana", room)
    await deliver(four, room, first.seq, "kim")
    await four.read("bo", room, first.seq)
    second = await four.say("ana", room)
    await four.say("bo", room)  # who writes has read what stands above

    old, new = [await asked(four, call, room, seq) for seq in (first.seq, second.seq)]

    assert [(one["state"], one["at"] >= first.ts_ms) for one in old["people"]] == [
        ("read", True),
        ("delivered", True),
    ]
    bo = str(four["bo"].user_id)
    assert new["people"] == [{"user_id": bo, "state": "read", "at": None}]


async def test_large_rooms_name_nobody_and_count_when_asked(
    four: World, call: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model, "NAMED_MEMBERS", 3)
    monkeypatch.setattr(model, "SUMMED_MEMBERS", 3)
    room = await make(four, Kind.GROUP, *NAMES)
    ear = Ear(four)
    sent = await four.say("ana", room)

    await deliver(four, room, sent.seq, "kim")
    await four.read("bo", room, sent.seq)

    assert ear.heard == ([], [])
    assert await asked(four, call, room, sent.seq) == {
        "shown": "count",
        "delivered": 2,
        "read": 1,
        "people": None,
    }
    assert {name for name, seq in (await markers(call, room)).items() if seq} == {str(four["ana"].user_id)}
    assert (await four.line("ana", room))["read_by"] is None


async def test_only_who_sees_a_message_asks_for_its_receipts(four: World, call: Any) -> None:
    room = await make(four, Kind.GROUP, "bo")
    sent = await four.say("ana", room)
    path = f"/v1/conversations/{room}/messages/{sent.seq}/receipts"
    assert (await call("eve", "GET", path))[1]["error"]["code"] == "conversation_not_found"
    await four.add("ana", room, "kim")
    assert (await call("kim", "GET", path))[1]["error"]["code"] == "message_not_found"
    await four.remove("ana", room, sent.seq)

    assert (await call("ana", "GET", path))[1]["error"]["code"] == "message_not_found"


async def test_deliveries_of_strangers_and_beyond_the_end_count_for_nothing(four: World, call: Any) -> None:
    room = await make(four, Kind.GROUP, "bo", "kim")
    sent = await four.say("ana", room)

    await deliver(four, room, sent.seq + 100, "bo", "eve")
    later = await four.say("ana", room)
    await deliver(four, room, 1, "bo")

    assert (await asked(four, call, room, sent.seq))["delivered"] == 1
    assert (await asked(four, call, room, later.seq))["delivered"] == 0


async def test_a_rule_that_is_turned_off_ends_it(four: World, call: Any) -> None:
    room = await make(four, Kind.GROUP, *NAMES)
    sent = await four.say("ana", room)
    await four.read("bo", room, sent.seq)

    await rule(four, "ana", room, receipts="off")

    assert (await asked(four, call, room, sent.seq))["read"] is None
    assert (await four.line("ana", room))["read_by"] is None

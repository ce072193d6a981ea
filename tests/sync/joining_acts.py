"""What a client does with what its person asks and is asked, and what people do about it in a random life.

``device.joining`` holds, by conversation, what waits between the person and a room they are not in.
"""

import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from amana.kernel.ids import ConversationId
from tests.conversations import joining, ruling
from tests.conversations.world import World

Json = dict[str, Any]
Act = Callable[[], Awaitable[Any]]


def apply(waiting: dict[str, Json], me: str, event: Json) -> None:
    """Apply one private event; every other kind is passed over, and so is what others ask of a room."""
    detail, room = event["detail"], event["c"]
    match event["kind"]:
        case "join.requested" if detail["user_id"] == me:
            waiting[room] = {"way": "request", "by": me, "at": detail["at"]}
        case "join.offered":
            waiting[room] = {"way": "offer", "by": detail["by"], "at": detail["at"]}
        case "join.settled" if detail["user_id"] == me:
            waiting.pop(room, None)


async def fresh(world: World, name: str) -> dict[str, Json]:
    """The same as the server tells a device that knows nothing."""
    me, found = str(world[name].user_id), await joining.mine(world, name)
    requests = {
        one["conversation_id"]: {"way": "request", "by": me, "at": one["at"]} for one in found["requests"]
    }
    offers = {
        one["conversation_id"]: {"way": "offer", "by": one["by"], "at": one["at"]} for one in found["offers"]
    }
    return {**requests, **offers}


def acts(
    world: World, room: ConversationId, pick: random.Random, *, people: Sequence[str], seq: int
) -> Mapping[str, tuple[int, Act]]:
    """Name → how often, and what."""
    name, other = pick.choice(people), pick.choice(people)
    policy = pick.choice(("closed", "approval", "approval", "open"))
    approval = pick.choice((True, False))
    return {
        "choose joining": (2, lambda: ruling.rule(world, name, room, joining=policy)),
        "ask first": (1, lambda: joining.ask_first(world, asks=approval)),
        "ask to come in": (4, lambda: joining.ask(world, name, room)),
        "come by a link": (2, lambda: _by_link(world, name, other, room, approval=approval)),
        "approve": (3, lambda: joining.approve(world, name, room, other)),
        "refuse": (2, lambda: joining.refuse(world, name, room, other)),
        "accept": (3, lambda: joining.accept(world, name, room)),
        "give up": (2, lambda: joining.give_up(world, name, room)),
        "bring many": (2, lambda: joining.bring(world, name, room, *people)),
    }


async def every_kind(world: World, room: ConversationId) -> None:
    """Meet each kind of event once; ``eve`` is not in the room."""
    await ruling.rule(world, "ana", room, joining="approval")
    await joining.ask(world, "eve", room)
    await joining.give_up(world, "eve", room)
    await joining.ask_first(world)
    await world.add("ana", room, "eve")
    await joining.give_up(world, "eve", room)
    await joining.ask_first(world, asks=False)


async def _by_link(world: World, name: str, other: str, room: ConversationId, *, approval: bool) -> None:
    issued = await joining.make_link(world, name, room, approval=approval)
    await joining.come(world, other, issued.secret)

"""What people do in a random life around reactions, pins and forwarding."""

import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from amana.conversations.forwarding.model import ForwardTo
from amana.kernel.ids import ConversationId, Seq
from tests.conversations import marking
from tests.conversations.world import World

EMOJIS = ("👍", "❤", "🎉")
Act = Callable[[], Awaitable[Any]]


def acts(
    world: World, room: ConversationId, pick: random.Random, *, people: Sequence[str], seq: int
) -> Mapping[str, tuple[int, Act]]:
    """Name → how often, and what."""
    name, emoji = pick.choice(people), pick.choice(EMOJIS)
    return {
        "react": (10, lambda: marking.react(world, name, room, seq, emoji)),
        "unreact": (6, lambda: marking.unreact(world, name, room, seq, emoji)),
        "pin": (3, lambda: marking.pin(world, name, room, seq)),
        "unpin": (2, lambda: marking.unpin(world, name, room, seq)),
        "forward": (2, lambda: forward(world, name, room, seq)),
    }


async def forward(world: World, name: str, room: ConversationId, seq: int) -> None:
    """Say a message of the room again in it."""
    target = ForwardTo(room, world.client_id())
    await world.domain.forwarding.forward(world[name], room, Seq(seq), [target])


async def every_kind(world: World, room: ConversationId) -> None:
    """Meet each kind of event once."""
    sent = await world.say("ana", room)
    await marking.react(world, "ana", room, sent.seq)
    await marking.unreact(world, "ana", room, sent.seq)
    await marking.pin(world, "ana", room, sent.seq)
    await marking.unpin(world, "ana", room, sent.seq)

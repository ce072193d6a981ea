"""What people do with threads and names, as steps of a random life."""

import random
from collections.abc import Awaitable, Callable
from typing import Any

from amana.kernel.ids import ConversationId
from tests.conversations import naming
from tests.conversations.world import World

Act = Callable[[], Awaitable[Any]]


def acts(
    world: World, room: ConversationId, pick: random.Random, *, people: tuple[str, ...], seq: int
) -> dict[str, tuple[int, Act]]:
    """Name of each act → how often it is done, and the act."""
    who, other = pick.choice(people), pick.choice(people)
    place = pick.choice((None, seq, seq))
    names = pick.sample(people, pick.randint(0, 3))
    root = max(1, seq - pick.randint(0, 6))

    def rename() -> Awaitable[Any]:
        namings = pick.choice((None, naming.at(world, *names)))
        return naming.edit(world, who, room, seq, naming.words(*names), namings)

    return {
        "answer": (8, lambda: naming.say(world, who, room, "yes", thread=root)),
        "name": (6, lambda: naming.name(world, who, room, other, thread=place)),
        "call": (2, lambda: naming.say(world, who, room, "@all", mentions=(naming.EVERYBODY,), everyone=9)),
        "name by edit": (6, rename),
        "follow": (2, lambda: naming.follow(world, who, room, root, following=pick.random() < 0.5)),
        "read thread": (3, lambda: naming.read_thread(world, who, room, root, seq)),
    }


async def every_kind(world: World, room: ConversationId) -> None:
    """Meet every kind of private event that threads and names bring; *ana* and *bo* are in the room."""
    root = await naming.name(world, "ana", room, "bo")
    await naming.let(world, room, threads="threads")
    await naming.follow(world, "bo", room, root.seq, following=True)
    await naming.name(world, "ana", room, "bo", thread=root.seq)

"""What people do in a random life around the rules of a room, its roles and its end."""

import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from amana.conversations.model import History, HistoryPolicy, MemberRole
from amana.kernel.clock import unix_ms
from amana.kernel.ids import ConversationId
from tests.conversations import ruling
from tests.conversations.world import World

Act = Callable[[], Awaitable[Any]]
ROLES = (MemberRole.MEMBER, MemberRole.DEPUTY, MemberRole.POSTER)
HISTORIES = (HistoryPolicy(History.ALL), HistoryPolicy(History.DAYS, 2))


def acts(
    world: World, room: ConversationId, pick: random.Random, *, people: Sequence[str], seq: int
) -> Mapping[str, tuple[int, Act]]:
    """Name → how often, and what."""
    name, other = pick.choice(people), pick.choice(people)
    ends_at = pick.choice((None, unix_ms(world.clock.now()) + pick.randint(1, 10) * 3_600_000))
    posting = pick.choice(("all", "all", "posters"))
    return {
        "give a role": (5, lambda: ruling.make_role(world, name, room, other, pick.choice(ROLES))),
        "choose rules": (2, lambda: ruling.rule(world, name, room, posting=posting, ends_at=ends_at)),
        "choose history": (1, lambda: ruling.rule(world, name, room, history=pick.choice(HISTORIES))),
        "close room": (1, lambda: ruling.close(world, name, room)),
        "archive room": (1, lambda: ruling.archive(world, name, room)),
        "reopen room": (6, lambda: ruling.reopen(world, name, room)),
        "end rooms": (1, lambda: ruling.end_rooms(world)),
    }


async def every_kind(world: World, room: ConversationId) -> None:
    """Meet each kind of event once; ``bo`` is in the room."""
    await ruling.make_role(world, "ana", room, "bo", MemberRole.DEPUTY)
    await ruling.close(world, "ana", room)
    await ruling.reopen(world, "ana", room)

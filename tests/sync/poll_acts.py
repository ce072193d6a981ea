"""What people do in a random life around polls."""

import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from amana.kernel.ids import ConversationId
from tests.conversations import voting
from tests.conversations.world import World

Act = Callable[[], Awaitable[Any]]


def acts(
    world: World, room: ConversationId, pick: random.Random, *, people: Sequence[str], seq: int
) -> Mapping[str, tuple[int, Act]]:
    """Name → how often, and what."""
    name = pick.choice(people)
    choices = pick.choice([(0,), (1,), (2, 0), ()])
    closes_in = pick.choice([None, timedelta(hours=3)])
    return {
        "ask": (
            4,
            lambda: voting.ask(
                world, name, room, multiple=True, anonymous=pick.random() < 0.3, closes_in=closes_in
            ),
        ),
        "vote": (10, lambda: _vote_near(world, name, room, seq, choices)),
        "close poll": (2, lambda: voting.close(world, name, room, seq)),
        "what is due": (2, lambda: world.domain.jobs.run_due(world.org_id)),
    }


async def _vote_near(world: World, name: str, room: ConversationId, seq: int, choices: Sequence[int]) -> None:
    """Vote in the newest poll at or before ``seq`` that this person sees."""
    page = await world.page(name, room, limit=200)
    polls = [
        entry["seq"]
        for entry in page["entries"]
        if entry["seq"] <= seq and entry["content"] and "poll" in entry["content"]
    ]
    if polls:
        await voting.vote(world, name, room, polls[-1], *choices)


async def every_kind(world: World, room: ConversationId) -> None:
    """Meet each kind of event once."""
    poll = await voting.ask(world, "ana", room)
    await voting.vote(world, "ana", room, poll.seq, 1)
    await voting.close(world, "ana", room, poll.seq)

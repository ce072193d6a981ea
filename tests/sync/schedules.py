"""What a client does with its person's scheduled messages, and what people do with them in a random life.

``device.scheduled`` holds each of them as far as events say it: words are fetched when ``revision`` grows.
"""

import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from amana.kernel.ids import ConversationId
from tests.conversations.scheduling import Later
from tests.conversations.world import World

Json = dict[str, Any]
Act = Callable[[], Awaitable[Any]]

FIELDS = ("kind", "state", "due", "revision", "sent_count", "reason")
# In the list; with every other state one leaves it.
LISTED = ("waiting", "failed")


def apply(scheduled: dict[str, Json], event: Json) -> None:
    """Apply one private event; every other kind is passed over."""
    if event["kind"] != "schedule.changed":
        return
    detail = event["detail"]
    if detail["state"] in LISTED:
        scheduled[detail["schedule_id"]] = {field: detail[field] for field in FIELDS}
    else:
        scheduled.pop(detail["schedule_id"], None)


async def fresh(world: World, name: str) -> dict[str, Json]:
    """The same as the server tells a device that knows nothing."""
    return {
        line["schedule_id"]: {field: line[field] for field in FIELDS}
        for line in await Later(world).list_of(name)
    }


def acts(
    world: World, room: ConversationId, pick: random.Random, *, people: Sequence[str], seq: int
) -> Mapping[str, tuple[int, Act]]:
    """Name → how often, and what."""
    later, name = Later(world), pick.choice(people)
    soon = world.clock.now() + timedelta(hours=pick.randint(1, 9))
    return {
        "hold": (2, lambda: later.hold(name, room)),
        "schedule": (3, lambda: later.schedule(name, room, when=soon)),
        "schedule a series": (2, lambda: later.schedule(name, room, when=later.daily())),
        "change a scheduled one": (2, lambda: _any(later, name, room, pick, change=True)),
        "cancel a scheduled one": (1, lambda: _any(later, name, room, pick, change=False)),
        "say what is due": (3, later.run),
    }


async def every_kind(world: World, room: ConversationId) -> None:
    """Bring about everything a device may hear of."""
    later = Later(world)
    line = await later.schedule("ana", room)
    await later.change("ana", room, line, "Better")
    await later.cancel("ana", room, line)


async def _any(later: Later, name: str, room: ConversationId, pick: random.Random, *, change: bool) -> None:
    lines = [line for line in await later.list_of(name, room) if line["content"]]
    if not lines:
        return
    if change:
        await later.change(name, room, pick.choice(lines), "Changed")
    else:
        await later.cancel(name, room, pick.choice(lines))

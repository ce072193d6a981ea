"""What people do in a random life around what only they see, and what a fresh answer says of it."""

import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from amana.conversations.private.preferences.service import Choice
from amana.kernel.clock import unix_ms
from amana.kernel.ids import ConversationId
from tests.conversations.keeping import Keeping
from tests.conversations.world import World

SECTIONS = (UUID(int=1), UUID(int=2))
REMINDERS = (UUID(int=3), UUID(int=4))
Act = Callable[[], Awaitable[Any]]


def acts(
    world: World, room: ConversationId, pick: random.Random, *, people: Sequence[str], seq: int
) -> Mapping[str, tuple[int, Act]]:
    """Name → how often, and what."""
    keeping, name = Keeping(world), pick.choice(people)
    section, reminder = pick.choice(SECTIONS), pick.choice(REMINDERS)
    now_ms = unix_ms(world.clock.now())
    return {
        "star": (4, lambda: keeping.star(name, room, seq)),
        "unstar": (2, lambda: keeping.unstar(name, room, seq)),
        "draft": (
            3,
            lambda: keeping.save(name, room, pick.choice(("", "Dear", "Dear all")), pick.randint(0, 3)),
        ),
        "mute": (1, lambda: keeping.move(name, room, muted_until=pick.choice((None, now_ms + 3_600_000)))),
        "archive": (1, lambda: keeping.move(name, room, archived=pick.random() < 0.5)),
        "mark unread": (1, lambda: keeping.move(name, room, unread=pick.random() < 0.5)),
        "put on top": (1, lambda: keeping.move(name, room, pinned=pick.random() < 0.5)),
        "make folder": (1, lambda: keeping.section(name, section, f"Folder {pick.randint(0, 9)}")),
        "put into folder": (2, lambda: keeping.move(name, room, section_id=pick.choice((None, section)))),
        "drop folder": (1, lambda: keeping.drop_section(name, section)),
        "remind": (
            2,
            lambda: keeping.remind(
                name, room, now_ms + 3_600_000, pick.choice((None, seq)), reminder_id=reminder
            ),
        ),
        "end reminder": (1, lambda: keeping.end_reminder(name, reminder)),
        "fire": (1, lambda: fire(world)),
        "prefer": (1, lambda: prefer(keeping, name, receipts=pick.random() < 0.5)),
    }


async def fire(world: World) -> None:
    """Remind of what is due."""
    await world.domain.jobs.run_due(world.org_id)


async def prefer(keeping: Keeping, name: str, *, receipts: bool) -> None:
    async with keeping.write() as tx:
        await keeping.private.preferences.choose(tx, keeping.world[name], Choice(receipts=receipts))


async def every_kind(world: World, room: ConversationId) -> None:
    """Meet each kind of event once."""
    keeping, sent = Keeping(world), await world.say("ana", room)
    await keeping.star("ana", room, sent.seq)
    await keeping.save("ana", room, "Dear all", 0)
    await keeping.section("ana", SECTIONS[0], "Work")
    await keeping.move("ana", room, section_id=SECTIONS[0], archived=True)
    await keeping.drop_section("ana", SECTIONS[0])
    await keeping.remind("ana", room, unix_ms(world.clock.now() + timedelta(hours=1)), sent.seq)
    await prefer(keeping, "ana", receipts=False)


async def fresh(world: World, name: str) -> dict[str, Any]:
    """What a device holds of no single conversation, as the server would tell it now."""
    keeping = Keeping(world)
    async with world.database.read(world.org_id) as tx:
        chosen = await keeping.private.preferences.show(tx, world[name])
    told = keeping.told(name, "sections.changed")
    return {
        "drafts": {f"{one.conversation_id}/{one.thread}": one.revision for one in await keeping.drafts(name)},
        "reminders": {
            str(one.reminder_id): {
                "c": str(one.conversation_id),
                "seq": one.seq,
                "due_at": one.due_at,
                "fired": one.fired_at is not None,
            }
            for one in await keeping.reminders(name)
        },
        "preferences": {"receipts": chosen.receipts, "typing": chosen.typing, "presence": chosen.presence},
        "sections_at": told[-1]["pos"] if told else 0,
    }

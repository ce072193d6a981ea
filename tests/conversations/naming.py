"""Threads and names in the small world."""

import json
from datetime import timedelta
from typing import Any

import msgspec

from amana.conversations.mentions.model import Naming
from amana.conversations.messages.draft import Draft
from amana.conversations.model import HistoryPolicy
from amana.conversations.rules_wire import RulesWanted
from amana.conversations.service import Changes
from amana.events.model import Appended
from amana.kernel.ids import ClientId, ConversationId, Seq
from tests.conversations.world import EVERYTHING, World

EVERYBODY = Naming("@all")


def at(world: World, *names: str) -> tuple[Naming, ...]:
    """Names as they stand in a text: ``@Bo``."""
    return tuple(Naming(f"@{name.title()}", world[name].user_id) for name in names)


def words(*names: str) -> str:
    """A text with these names in it."""
    return " ".join(f"@{name.title()}" for name in names) + " please"


async def threaded(world: World, *members: str, history: HistoryPolicy = EVERYTHING) -> ConversationId:
    """A room of *ana* and ``members`` in which answers may stand in threads."""
    room = await world.room(*members, history=history)
    await let(world, room, threads="threads")
    return room


async def let(world: World, room: ConversationId, **rules: Any) -> None:
    """Choose rules of a room, as *ana*."""
    async with world.database.write(world.org_id) as tx:
        await world.conversations.change(tx, world["ana"], room, Changes(rules=RulesWanted(**rules)))


async def say(
    world: World,
    name: str,
    room: ConversationId,
    text: str = "Hello",
    *,
    thread: int | None = None,
    reply_to: int | None = None,
    mentions: tuple[Naming, ...] = (),
    everyone: int | None = None,
    client_id: ClientId | None = None,
) -> Appended:
    """Send a message and let a second pass, so that times differ."""
    draft = Draft(
        room,
        client_id or world.client_id(),
        text,
        None if reply_to is None else Seq(reply_to),
        thread=None if thread is None else Seq(thread),
        mentions=mentions,
        everyone=everyone,
    )
    appended = await world.sending.send(world[name], draft)
    world.clock.advance(timedelta(seconds=1))
    return appended


async def name(
    world: World, who: str, room: ConversationId, *names: str, thread: int | None = None
) -> Appended:
    """Send a message that names people."""
    return await say(world, who, room, words(*names), thread=thread, mentions=at(world, *names))


async def edit(
    world: World,
    name: str,
    room: ConversationId,
    seq: int,
    text: str,
    mentions: tuple[Naming, ...] | None = None,
) -> Appended:
    async with world.database.write(world.org_id) as tx:
        return await world.messages.edit(
            tx, world[name], room, Seq(seq), client_id=world.client_id(), text=text, mentions=mentions
        )


async def follow(world: World, name: str, room: ConversationId, root: int, *, following: bool) -> None:
    async with world.database.write(world.org_id) as tx:
        await world.domain.threads.follow(tx, world[name], room, Seq(root), following=following)


async def read_thread(world: World, name: str, room: ConversationId, root: int, seq: int) -> None:
    async with world.database.write(world.org_id) as tx:
        await world.domain.threads.mark_read(tx, world[name], room, Seq(root), Seq(seq))


async def thread(
    world: World, name: str, room: ConversationId, root: int, *, before: int | None = None, limit: int = 50
) -> Any:
    """A page of a thread as a client gets it: root, entries, more."""
    place = None if before is None else Seq(before)
    async with world.database.read(world.org_id) as tx:
        found, page = await world.pages.thread(tx, world[name], room, Seq(root), before=place, limit=limit)
    return json.loads(msgspec.json.encode({"root": found, "entries": page.entries, "more": page.more}))


async def info(world: World, name: str, room: ConversationId, root: int) -> Any:
    """What stands under a message, as its reader sees it; None for nothing."""
    return (await world.entry(name, room, root)).get("thread")


async def followed(world: World, name: str) -> tuple[list[int], int]:
    """Roots of the threads that somebody follows, and how many of them hold something unread."""
    async with world.database.read(world.org_id) as tx:
        found, unread = await world.domain.threads.followed(tx, world[name], before=None, limit=50)
    return [root for _, root, _ in found], unread


async def unread(world: World, name: str, room: ConversationId) -> list[int]:
    """The messages that name somebody and that they have not read, as their line of the list says."""
    return [one["seq"] for one in (await world.line(name, room))["mentions"]]


async def named_in(world: World, name: str) -> list[int]:
    """The messages in somebody's list of mentions, the newest first."""
    async with world.database.read(world.org_id) as tx:
        found = await world.domain.mentioned.lately(tx, world[name], before=None, limit=50)
    return [one.mention.seq for one in found]


def told(world: World, name: str) -> list[tuple[int, str]]:
    """What somebody's devices were told: message, and ``new``, ``again`` or ``gone``."""
    heard = world.heard.users.get(world[name].user_id, [])
    found = []
    for event in heard:
        if event["kind"] == "mentioned":
            detail = event["detail"]
            what = "gone" if detail.get("gone") else "again" if detail.get("again") else "new"
            found.append((event["seq"], what))
    return found

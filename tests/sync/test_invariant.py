"""Old state + events = fresh state, for every kind of event, after every step of random lives."""

import random
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import pytest

from amana.conversations import events
from amana.conversations.model import History, HistoryPolicy
from amana.kernel.actor import Role
from amana.kernel.errors import Refusal
from amana.kernel.ids import ConversationId
from tests.conversations import naming
from tests.conversations.world import World
from tests.support.described import check_element
from tests.sync import (
    joining_acts,
    mark_acts,
    naming_acts,
    poll_acts,
    private,
    private_acts,
    room_acts,
    schedules,
    threads,
    ticks,
)
from tests.sync.reducer import Device

NAMES = ("ana", "bo", "eve", "kim")
POLICIES = (
    HistoryPolicy(History.ALL),
    HistoryPolicy(History.SINCE_JOINING),
    HistoryPolicy(History.DAYS, 1),
)


class Life:
    """One room, four people with one device each, and a sequence of random steps."""

    def __init__(self, world: World, room: ConversationId, seed: int) -> None:
        self.world = world
        self.room = room
        self.random = random.Random(seed)
        self.devices = {name: Device(str(world[name].user_id)) for name in NAMES}
        self.kinds: set[str] = set()
        self._heard = 0
        self._heard_of = dict.fromkeys(NAMES, 0)

    async def fresh(self, name: str) -> tuple[Any, list[Any]] | None:
        """What the server tells a device that knows nothing; None when it may know nothing."""
        try:
            line = await self.world.line(name, self.room)
        except Refusal:
            return None
        page = await self.world.page(name, self.room, limit=200)
        assert not page["more"]
        return line, page["entries"]

    async def deliver(self) -> None:
        """Bring every device what was announced since the last time."""
        heard = self.world.heard
        announced = heard.events(self.room)
        for name, device in self.devices.items():
            mine = heard.users.get(self.world[name].user_id, [])
            for event in announced[self._heard :]:
                check_element(event)
                outcome = device.apply(event)
                assert outcome != "hole"
                self.kinds.add(event["kind"])
            for event in mine[self._heard_of[name] :]:
                check_element(event)
                device.apply_user(event)
                self.kinds.add(event["kind"])
            self._heard_of[name] = len(mine)
            if device.missing:
                found = await self.fresh(name)
                assert found is not None
                device.load(*found)
        self._heard = len(announced)

    async def check(self) -> None:
        """Every device holds exactly what the server would tell it now."""
        for name, device in self.devices.items():
            found = await self.fresh(name)
            held = device.rooms.get(str(self.room))
            assert device.own == await private_acts.fresh(self.world, name), name
            assert device.scheduled == await schedules.fresh(self.world, name), name
            assert device.joining == await joining_acts.fresh(self.world, name), name
            assert (found is None) == (held is None), name
            if found is not None and held is not None:
                line, entries = found
                assert ticks.without(held.line) == ticks.without(line), name
                assert [held.entries[seq] for seq in sorted(held.entries)] == entries, name

    async def step(self) -> None:
        """Somebody does something; a refusal must change nothing."""
        world, room, pick = self.world, self.room, self.random
        name, other = pick.choice(NAMES), pick.choice(NAMES)
        head = max(device.rooms[str(room)].seq for device in self.devices.values() if device.rooms)
        seq = pick.randint(max(1, head - 12), head + 1)
        word = f"*{pick.choice(['tea', 'stone', 'خبز', 'Brücke'])}* {pick.randint(0, 99)}"
        acts: dict[str, Callable[[], Awaitable[Any]]] = {
            "say": lambda: world.say(name, room, word),
            "reply": lambda: world.say(name, room, word, reply_to=seq),
            "edit": lambda: world.edit(name, room, seq, word),
            "remove": lambda: world.remove(name, room, seq),
            "add": lambda: world.add(name, room, other),
            "take_out": lambda: world.take_out(name, room, other),
            "hand_over": lambda: world.hand_over(name, room, other),
            "rename": lambda: world.rename(name, room, word, word),
            "read": lambda: world.read(name, room, seq),
            "keep": lambda: world.keep(name, room, pick.choice((None, 1, 30))),
            "erase old": lambda: world.erase_older(room, hours=pick.choice((6, 12))),
            "erase author": lambda: world.erase_author(room, other),
        }
        weights = [8, 3, 8, 6, 4, 1, 1, 1, 5, 1, 1, 1]
        for part in (naming_acts, mark_acts, poll_acts, private_acts, room_acts, schedules, joining_acts):
            for act_name, (weight, more) in part.acts(world, room, pick, people=NAMES, seq=seq).items():
                acts[act_name] = more
                weights.append(weight)
        (act,) = pick.choices(list(acts), weights)
        self.world.clock.advance(hours=pick.choice((0, 0, 1, 5)))
        try:
            await acts[act]()
        except Refusal:
            return


@pytest.mark.parametrize("policy", POLICIES, ids=["all", "since_joining", "days"])
async def test_events_lead_to_what_a_fresh_answer_says(
    world: World, policy: HistoryPolicy, own_seed: int
) -> None:
    await world.person("kim", Role.GUEST)
    room = await naming.threaded(world, "bo", history=policy)
    life = Life(world, room, own_seed)
    await life.deliver()

    for _ in range(120):
        await life.step()
        await life.deliver()
        await life.check()


async def test_the_lives_meet_every_kind_of_event(world: World) -> None:
    await world.person("kim")
    room = await world.room()
    life = Life(world, room, 7)
    sent = await world.say("ana", room)
    await world.edit("ana", room, sent.seq, "Other")
    await world.remove("ana", room, sent.seq)
    await world.add("ana", room, "bo")
    await world.rename("ana", room, "New name")
    await naming_acts.every_kind(world, room)
    await mark_acts.every_kind(world, room)
    await poll_acts.every_kind(world, room)
    await private_acts.every_kind(world, room)
    await schedules.every_kind(world, room)
    await room_acts.every_kind(world, room)
    await joining_acts.every_kind(world, room)
    await world.hand_over("ana", room, "bo")
    again = await world.say("bo", room)
    await world.read("ana", room, again.seq)
    await world.erase_older(room, hours=0)
    await world.take_out("bo", room, "ana")

    await life.deliver()

    await life.check()
    # The first event comes before anybody can hold the room, so a device meets it on its page.
    assert life.kinds == {kind.name for kind in (*events.KINDS, *events.USER_KINDS)}


async def test_a_device_that_was_away_catches_up_from_any_point(world: World, own_seed: int) -> None:
    await world.person("kim")
    room = await naming.threaded(world, "bo", "eve", "kim")
    life = Life(world, room, own_seed)
    away: list[tuple[str, Any, list[Any]]] = []
    await life.deliver()
    for _ in range(60):
        for name in NAMES:
            found = await life.fresh(name)
            if found is not None:
                away.append((name, *found))
        await life.step()
        await life.deliver()
    now = {name: await life.fresh(name) for name in NAMES}
    assert any(found is not None for found in now.values())  # the owner cannot leave

    for name, line, entries in away:
        found = now[name]
        if found is None:
            continue
        device = Device(str(world[name].user_id))
        device.load(line, entries)
        held = device.rooms[str(room)]
        for event in await world.events(name, room, after=held.seq):
            assert device.apply(event) == "applied"
        assert _without_private(held.entries[seq] for seq in sorted(held.entries)) == _without_private(
            found[1]
        )
        assert _without_markers(held.line) == _without_markers(found[0])


def _without_markers(line: dict[str, Any]) -> dict[str, Any]:
    """The line but for what only private events tell."""
    return {**ticks.without(line), "read_seq": 0, "read_no": 0, "mentions": [], "mine": {}}


def _without_private(entries: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same for entries."""
    return [private.without(threads.without_private(entry)) for entry in entries]


async def test_the_check_notices_a_lost_event(world: World) -> None:
    await world.person("kim")
    room = await world.room("bo")
    life = Life(world, room, 1)
    await life.deliver()
    await world.say("bo", room)
    world.heard.blobs[room].pop()

    with pytest.raises(AssertionError):
        await life.deliver()
        await life.check()

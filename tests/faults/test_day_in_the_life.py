"""A day in the life of a firm, through the public API, while parts of the server die.

Thousands of events of every kind that exists; in the evening every device holds what a fresh one would.
"""

import asyncio
import contextlib
import random
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from uuid import UUID

import httpx
import pytest

from amana.conversations.events import KINDS, USER_KINDS
from amana_client import NotSignedIn, new_client_id
from amana_client.operations import HistoryWanted, RulesWanted
from tests.faults.office import Desk, Work
from tests.faults.run import kill
from tests.support.client import PASSWORD, join_many, set_up
from tests.support.crew import nats_pid, worker_pids
from tests.support.server import ServerProcess

VICTIMS = ("worker", "nats", "worker", "postmaster", "backend")
EVERY_KIND = {kind.name for kind in (*KINDS, *USER_KINDS)}
ALL_MAY_READ = HistoryWanted(policy="all")


@dataclass
class Plan:
    """How large the firm is, how much happens and how often something dies."""

    people: int
    teams: int
    acts: int
    kills: int
    seed: int
    together: int = 8
    settle_s: float = 120.0


@dataclass
class Firm:
    """The firm, from its founding to its evening."""

    server: ServerProcess
    plan: Plan
    desks: list[Desk] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)
    kills: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.plan.seed)

    async def found(self) -> None:
        """Everybody joins and sits down; then the rooms are made."""
        await self.server.start()
        owner = await set_up(self.server.base_url, self.server.setup_secret())
        people = [owner]
        for first in range(1, self.plan.people, 50):
            names = [f"Person {n}" for n in range(first, min(first + 50, self.plan.people))]
            people += await join_many(owner, names)
        for person in people:
            self.desks.append(await Desk.open(person, random.Random(self.chance.random())))
        everyone = [person.user_id for person in people[1:]]
        await self.room(self.desks[0], "announcement", "Board", everyone)
        await self.room(self.desks[0], "channel", "Everybody", everyone, threads="threads")
        for number in range(self.plan.teams):
            team = self.chance.sample(self.desks, min(8, len(self.desks)))
            await self.room(team[0], "group", f"Team {number}", [one.person.user_id for one in team[1:]])
        for one, other in zip(self.desks[::2], self.desks[1::2], strict=False):
            await one.client.api.open_direct(other.person.user_id)
        await self.arrived()

    async def room(
        self, desk: Desk, kind: str, title: str, members: list[UUID], *, threads: str = "quotes"
    ) -> UUID:
        made = await desk.client.api.create_conversation(
            client_id=new_client_id(),
            kind=kind,  # type: ignore[arg-type]  # one of the three
            title=title,
            purpose="Work",
            member_ids=members,
            history=ALL_MAY_READ,
            rules=RulesWanted(threads=threads),  # type: ignore[arg-type]  # one of the two
        )
        return made.conversation_id

    async def arrived(self) -> None:
        """Wait until everybody holds at least one room."""
        async with asyncio.timeout(self.plan.settle_s):
            while not all(desk.rooms for desk in self.desks):
                await asyncio.sleep(0.1)

    def work(self, desk: Desk) -> Work:
        colleagues = [other.person for other in self.desks if other is not desk]
        return Work(desk, self.chance.choice(desk.rooms), colleagues, self.chance)

    async def morning(self) -> None:
        """Everything once, by somebody who may: no kind of event is left to chance."""
        owner, colleague, newcomer = self.desks[:3]
        room = await self.room(owner, "group", "Morning", [colleague.person.user_id], threads="threads")
        async with asyncio.timeout(30):
            while room not in owner.rooms:
                await asyncio.sleep(0.05)
        work = Work(owner, room, [newcomer.person], self.chance)
        await work.say("Good morning")
        await self.synced(owner, room)
        for name, (_, act) in work.acts().items():
            if name not in {"hand over", "take out"}:
                await work.do(name, act)
        seq = await work.say("Marked")
        await self.synced(owner, room)
        api = owner.client.api
        frame = {"c": str(room), "seq": seq, "emoji": "🎉"}
        await owner.client.submit({"t": "react", **frame})
        await owner.client.submit({"t": "unreact", **frame})
        await api.pin_message(room, seq)
        await api.unpin_message(room, seq)
        await api.add_member(room, newcomer.person.user_id)
        await api.change_preferences(typing=False, presence=False)
        await work.do("edit", lambda: owner.client.edit(room, seq, "Marked again"))
        await work.do("remove", lambda: owner.client.remove(room, seq))
        await work.do("name", lambda: work.say("@Bo", mentions=[_naming("@Bo", colleague)]))
        poll = await work.ask()
        await api.cast_vote(room, poll, client_id=new_client_id(), choices=[0])
        await api.close_poll(room, poll, client_id=new_client_id())
        await self.comings(room, owner, self.desks[3])
        await work.do("hand over", lambda: api.change_owner(room, user_id=colleague.person.user_id))
        await work.do("leave", lambda: api.remove_member(room, owner.person.user_id))

    async def comings(self, room: UUID, owner: Desk, stranger: Desk) -> None:
        """Somebody asks to come in, and comes; then the firm asks people before it brings them in."""
        api, who = owner.client.api, stranger.person.user_id
        await api.change_conversation(room, rules=RulesWanted(joining="approval"))
        await stranger.client.api.join_room(room)
        await api.approve_joining(room, who)
        await api.remove_member(room, who)
        policy = "/v1/organisation/policy"
        await owner.person.call("PATCH", policy, {"ask_before_adding": True})
        await api.add_member(room, who)
        await owner.person.call("PATCH", policy, {"ask_before_adding": False})
        await stranger.client.api.join_room(room)

    async def synced(self, desk: Desk, room: UUID) -> None:
        """Wait until a device holds its own room up to the head."""
        async with asyncio.timeout(30):
            while True:
                line = await desk.client.api.get_conversation(room)
                if desk.device.rooms[str(room)].seq >= line.head_seq:
                    return
                await asyncio.sleep(0.05)

    async def day(self) -> None:
        """Everybody works while parts of the server die."""
        left = iter(range(self.plan.acts))
        killing = asyncio.create_task(self.kill_at_random())

        async def work_on() -> None:
            for number in left:
                desk = self.chance.choice(self.desks)
                if desk.rooms:
                    self.refused[await self.work(desk).one()] += 1
                if number + 1 == self.plan.acts:
                    return

        try:
            await asyncio.gather(*(work_on() for _ in range(self.plan.together)))
            while len(self.kills) < self.plan.kills:
                self.refused[await self.work(self.chance.choice(self.desks)).one()] += 1
        finally:
            killing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await killing

    async def kill_at_random(self) -> None:
        while len(self.kills) < self.plan.kills:
            await asyncio.sleep(self.chance.uniform(1.0, 3.0))
            victim = VICTIMS[len(self.kills) % len(VICTIMS)]
            self.kills.append(victim)
            if victim == "worker":
                kill(self.chance.choice(worker_pids(self.server) or [None]))
            elif victim == "nats":
                kill(nats_pid(self.server))
            elif victim == "postmaster":
                kill(self.server.postmaster_pid())
            elif backends := self.server.backend_pids():
                kill(self.chance.choice(backends))

    async def somebody_is_erased(self) -> None:
        """The last one goes for good; what they wrote cannot be read any more, on no device."""
        leaver = self.desks.pop()
        boss = self.desks[0].person
        await self.until_said(leaver)
        path = f"/v1/people/{leaver.person.user_id}/erasure"
        for _ in range(20):  # the last kill may be a moment ago; asking again gives the first request
            with contextlib.suppress(httpx.TransportError):
                await boss.call("POST", path, {"current_password": PASSWORD})
                break
            await asyncio.sleep(0.5)
        with pytest.raises(NotSignedIn):
            async with asyncio.timeout(30):
                while True:
                    await leaver.client.api.get_me()
        await leaver.close()
        async with asyncio.timeout(self.plan.settle_s):
            while (await boss.call("GET", path))["state"] == "running":
                await asyncio.sleep(0.2)

    async def until_said(self, desk: Desk) -> None:
        """Let somebody have said something that can be erased."""
        for room in desk.rooms:
            work = Work(desk, room, [self.desks[0].person], self.chance)
            if not await work.do("say", lambda work=work: work.say("Goodbye")):  # type: ignore[misc]  # bound now
                return

    async def evening(self) -> list[str]:
        """Wait until every device holds what a fresh one would; give where one does not."""
        found: list[str] = []
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.plan.settle_s):
                while True:
                    found = []
                    for desk in self.desks:
                        found += await desk.differences()
                    if not found and not any(desk.client.unacknowledged for desk in self.desks):
                        return []
                    await asyncio.sleep(0.5)
        return found or ["the devices did not come to rest"]

    async def close(self) -> None:
        for desk in self.desks:
            await desk.close()

    @property
    def met(self) -> Counter[str]:
        return sum((desk.kinds for desk in self.desks), Counter())


def faults_in(server: ServerProcess) -> str:
    """What the server itself logged of its faults, without its other lines."""
    lines = server.output.read_text(errors="replace").splitlines()
    return "\n".join(line for line in lines if "internal_error" in line or "operation failed" in line)[-3000:]


def _naming(text: str, desk: Desk) -> dict[str, str]:
    return {"text": text, "user_id": str(desk.person.user_id)}


@pytest.fixture
async def server() -> AsyncIterator[ServerProcess]:
    process = ServerProcess(AMANA_WORKERS="2")
    yield process
    await process.remove()


async def live(server: ServerProcess, plan: Plan) -> Firm:
    firm = Firm(server, plan)
    try:
        await firm.found()
        await firm.morning()
        await firm.day()
        await firm.somebody_is_erased()
        differences = await firm.evening()
        print(f"met {sum(firm.met.values())} events, refused {dict(firm.refused)}, killed {firm.kills}")
        print(f"kinds {dict(firm.met)}")
    finally:
        await firm.close()
    wrong = [line for desk in firm.desks for line in desk.wrong]
    assert wrong == [], faults_in(server)
    assert differences == []
    assert EVERY_KIND - firm.met.keys() == set(), "add what brings it about to tests/faults/office.py"
    assert len(firm.kills) >= plan.kills
    return firm


@pytest.mark.timeout(300)
async def test_a_day_of_twelve_people_ends_with_every_device_right(
    server: ServerProcess, own_seed: int
) -> None:
    await live(server, Plan(people=12, teams=3, acts=400, kills=3, seed=own_seed))


@pytest.mark.full
@pytest.mark.timeout(3600)
async def test_a_day_of_two_hundred_people_ends_with_every_device_right(
    server: ServerProcess, own_seed: int
) -> None:
    plan = Plan(people=200, teams=40, acts=6_000, kills=20, seed=own_seed, together=16, settle_s=900)
    firm = await live(server, plan)

    assert sum(firm.met.values()) > 10_000

"""A firm at work: people with a device each, what they do all day, and whether every device is right.

A device is the Python client and the reducer of the sync tests. What it holds in the end must be what the
server tells a device that knows nothing.
"""

import asyncio
import contextlib
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx
import msgspec

from amana_client import (
    AmanaError,
    Behind,
    Client,
    Event,
    Failed,
    Hole,
    Item,
    NotSignedIn,
    Refused,
    Reset,
    UserEvent,
    new_client_id,
)
from amana_client.operations import Poll, Target
from tests.support.client import PASSWORD, Person
from tests.support.described import check_element
from tests.sync.reducer import Device
from tests.sync.schedules import FIELDS

Json = dict[str, Any]
SCOPES = ["messages:read", "messages:write", "rooms:manage", "people:read", "personal"]
PAGE = 200
# Counted when somebody asks, and moved by elements that are no events: tests/sync/test_ticks.py.
TICKS = ("delivered_to", "read_by")
# A bug, however politely it is said.
NEVER = frozenset({"internal_error", "unknown", "frame_invalid", "invalid_request", "token_scope_missing"})


@dataclass
class Desk:
    """One person with one device.

    Attributes:
        kinds: kinds of events it has met.
        wrong: what must never happen, in words.
    """

    person: Person
    client: Client
    device: Device
    kinds: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    mine: list[tuple[UUID, int]] = field(default_factory=list)
    _task: asyncio.Task[None] | None = None

    @classmethod
    async def open(cls, person: Person, chance: random.Random) -> "Desk":
        """Sit down: the device gets a token of its own and connects."""
        wish = {"name": "Desk", "scopes": SCOPES, "current_password": PASSWORD}
        token = (await person.call("POST", "/v1/tokens", wish))["secret"]
        client = Client(person.base_url, token, chance=chance)
        await client.__aenter__()
        await client.ready()
        desk = cls(person, client, Device(str(person.user_id)))
        desk._task = asyncio.create_task(desk._live(), name=f"desk of {person.name}")
        return desk

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        await self.client.close()

    @property
    def rooms(self) -> list[UUID]:
        return [UUID(room) for room in self.device.rooms]

    # -- hearing -----------------------------------------------------------------------------

    async def _live(self) -> None:
        try:
            async for item in self.client.events():
                await self._take(item)
        except NotSignedIn:
            return
        except (AmanaError, httpx.HTTPError, AssertionError) as failure:
            self.wrong.append(f"{self.person.name}: {failure!r}")

    async def _take(self, item: Item) -> None:
        match item:
            case Event():
                element = {"t": "event", **msgspec.to_builtins(item)}
                if element["why"] is None:
                    del element["why"]
                check_element(element)
                self.kinds[item.kind] += 1
                if self.device.apply(element) == "hole":
                    self.wrong.append(f"{self.person.name}: {item.kind} at {item.seq} came too early")
            case UserEvent():
                element = {"t": "user", **msgspec.to_builtins(item)}
                check_element(element)
                self.kinds[item.kind] += 1
                self.device.apply_user(element)
                for room in list(self.device.missing):
                    await self._load(room)
            case Reset() | Behind():
                self.wrong.append(f"{self.person.name}: {item}")
            case Failed() if item.code in NEVER:
                self.wrong.append(f"{self.person.name}: {item.code} {item.fields}")
            case Hole() | _:
                return

    async def _load(self, room: str) -> None:
        """Fetch a conversation as it stands; read again until nothing moved in between."""
        while True:
            try:
                line, entries = await self.fresh(room)
                again = await self.ask("GET", f"/v1/conversations/{room}")
            except Refused:
                self.device.missing.discard(room)  # taken out again meanwhile
                return
            if _without_ticks(line) == _without_ticks(again):
                self.device.load(line, entries)
                return

    async def ask(self, method: str, path: str, body: object = None) -> Any:
        return await self.client.transport.call(method, path, body)

    async def fresh(self, room: str) -> tuple[Json, list[Json]]:
        """The line and every entry, as a device that knows nothing gets them."""
        line = await self.ask("GET", f"/v1/conversations/{room}")
        entries: list[Json] = []
        more = True
        while more:
            before = f"&before={entries[0]['seq']}" if entries else ""
            page = await self.ask("GET", f"/v1/conversations/{room}/messages?limit={PAGE}{before}")
            entries, more = page["entries"] + entries, page["more"]
        return line, entries

    # -- comparing ---------------------------------------------------------------------------

    async def differences(self) -> list[str]:
        """Where this device holds something else than a fresh one would."""
        name = self.person.name
        lines = (await self.ask("GET", "/v1/sync"))["conversations"]
        told = {line["conversation_id"]: line for line in lines}
        found = [f"{name}: rooms" for _ in range(told.keys() != self.device.rooms.keys())]
        for room, line in told.items():
            held = self.device.rooms.get(room)
            if held is None:
                continue
            if _without_ticks(held.line) != _without_ticks(line):
                different = sorted(key for key in line if line[key] != held.line.get(key))
                found.append(f"{name}: line of {room}: {different}")
            entries = (await self.fresh(room))[1]
            mine = [held.entries[seq] for seq in sorted(held.entries)]
            if mine != entries:
                found.append(f"{name}: entries of {room}: {_first_difference(mine, entries)}")
        own = {key: value for key, value in self.device.own.items() if key != "sections_at"}
        if own != await self._own():
            found.append(f"{name}: what only they see")
        if self.device.scheduled != await self._scheduled():
            found.append(f"{name}: what is said later")
        return found

    async def _own(self) -> Json:
        drafts = (await self.ask("GET", "/v1/drafts?limit=200"))["drafts"]
        reminders = (await self.ask("GET", "/v1/reminders"))["reminders"]
        chosen = await self.ask("GET", "/v1/preferences")
        return {
            "drafts": {f"{one['conversation_id']}/{one['thread']}": one["revision"] for one in drafts},
            "reminders": {
                one["reminder_id"]: {
                    "c": one["conversation_id"],
                    "seq": one["seq"],
                    "due_at": one["due_at"],
                    "fired": one["fired_at"] is not None,
                }
                for one in reminders
            },
            "preferences": {key: chosen[key] for key in ("receipts", "typing", "presence")},
        }

    async def _scheduled(self) -> Json:
        found = (await self.ask("GET", "/v1/scheduled"))["scheduled"]
        return {one["schedule_id"]: {key: one[key] for key in FIELDS} for one in found}


def _without_ticks(line: Json) -> Json:
    return {key: value for key, value in line.items() if key not in TICKS}


def _first_difference(mine: list[Json], told: list[Json]) -> str:
    """Which entry differs, and in which of its fields: never what it says."""
    for one, other in zip(mine, told, strict=False):
        if one != other:
            return f"{one['seq']} in {sorted(k for k in {*one, *other} if one.get(k) != other.get(k))}"
    return f"{len(mine)} held, {len(told)} told"


Act = Callable[[], Awaitable[Any]]


@dataclass
class Work:
    """What one person may do at one moment; every choice comes from ``chance``."""

    desk: Desk
    room: UUID
    colleagues: list[Person]
    chance: random.Random

    @property
    def line(self) -> Json:
        found: Json = self.desk.device.rooms[str(self.room)].line
        return found

    def some_seq(self) -> int:
        """A message among the newest, or something else that stands there."""
        entries = self.desk.device.rooms[str(self.room)].entries
        messages = [seq for seq, entry in entries.items() if entry["kind"] == "message.created"]
        return self.chance.choice(sorted(messages)[-15:] or [1])

    def own_seq(self) -> int:
        mine = [seq for room, seq in self.desk.mine if room == self.room]
        return self.chance.choice(mine[-5:] or [1])

    def words(self) -> str:
        topic = self.chance.choice(["Angebot", "leping", "عرض", "offer", "*Rechnung*", "tea 🫖"])
        return f"{topic} {self.chance.randrange(10**6)}"

    def acts(self) -> dict[str, tuple[int, Act]]:
        """Name → how often in proportion, and the act itself."""
        return {**self._words(), **self._marks(), **self._polls(), **self._own(), **self._room()}

    def _words(self) -> dict[str, tuple[int, Act]]:
        colleague = self.chance.choice(self.colleagues)
        name = f"@{colleague.name}"
        naming = [{"text": name, "user_id": str(colleague.user_id)}]
        seq = self.some_seq()
        return {
            "say": (30, lambda: self.say(self.words())),
            "reply": (8, lambda: self.say(self.words(), reply_to=seq)),
            "answer in a thread": (8, lambda: self.say(self.words(), thread=seq)),
            "name somebody": (5, lambda: self.say(f"{name} {self.words()}", mentions=naming)),
            "say quietly": (2, lambda: self.say(self.words(), silent=True)),
            "edit": (6, lambda: self.desk.client.edit(self.room, self.own_seq(), self.words())),
            "remove": (2, lambda: self.desk.client.remove(self.room, self.own_seq())),
            "forward": (2, self.forward),
            "schedule": (2, self.schedule),
        }

    def _marks(self) -> dict[str, tuple[int, Act]]:
        api, room, seq = self.desk.client.api, self.room, self.some_seq()
        emoji = self.chance.choice("👍🎉❤")
        frame = {"c": str(room), "seq": seq, "emoji": emoji}
        return {
            "react": (12, lambda: self.desk.client.submit({"t": "react", **frame})),
            "take a reaction back": (4, lambda: self.desk.client.submit({"t": "unreact", **frame})),
            "pin": (2, lambda: api.pin_message(room, seq)),
            "unpin": (1, lambda: api.unpin_message(room, seq)),
            "follow a thread": (2, lambda: api.follow_thread(room, seq)),
            "leave a thread": (1, lambda: api.unfollow_thread(room, seq)),
            "read": (12, lambda: api.mark_read(room, seq=self.line["head_seq"])),
        }

    def _polls(self) -> dict[str, tuple[int, Act]]:
        api, room, seq = self.desk.client.api, self.room, self.some_poll()
        choices = self.chance.choice([[0], [1], [0, 2], []])
        return {
            "ask": (2, self.ask),
            "vote": (6, lambda: api.cast_vote(room, seq, client_id=new_client_id(), choices=choices)),
            "close a poll": (1, lambda: api.close_poll(room, seq, client_id=new_client_id())),
        }

    def some_poll(self) -> int:
        entries = self.desk.device.rooms[str(self.room)].entries
        polls = [seq for seq, entry in entries.items() if "poll" in (entry["content"] or ())]
        return self.chance.choice(sorted(polls)[-5:] or [1])

    async def ask(self) -> int:
        """Ask a question that can be answered by choosing; gives its place."""
        poll = Poll(
            options=[self.words() for _ in range(3)], multiple=True, anonymous=self.chance.random() < 0.3
        )
        said = await self.desk.client.api.send_message(
            self.room, client_id=new_client_id(), text=self.words(), poll=poll
        )
        return said.seq

    def _own(self) -> dict[str, tuple[int, Act]]:
        api, room, seq, chance = self.desk.client.api, self.room, self.some_seq(), self.chance
        soon = int((time.time() + chance.uniform(1, 4)) * 1000)
        return {
            "draft": (5, self.draft),
            "star": (3, lambda: api.add_star(room, seq)),
            "take a star away": (1, lambda: api.take_star_away(room, seq)),
            "put on top": (2, lambda: api.change_my_side(room, pinned=chance.random() < 0.5)),
            "archive": (1, lambda: api.change_my_side(room, archived=chance.random() < 0.5)),
            "folder": (1, lambda: api.put_section(new_client_id(), name=self.words())),
            "remind me": (2, lambda: api.put_reminder(new_client_id(), conversation_id=room, due_at=soon)),
            "prefer": (1, lambda: api.change_preferences(typing=chance.random() < 0.5)),
        }

    def _room(self) -> dict[str, tuple[int, Act]]:
        api, room = self.desk.client.api, self.room
        other = self.chance.choice(self.colleagues).user_id
        return {
            "rename": (1, lambda: api.change_conversation(room, title=self.words())),
            "bring in": (2, lambda: api.add_member(room, other)),
            "take out": (1, lambda: api.remove_member(room, other)),
            "give a role": (1, lambda: api.change_member_role(room, other, role="deputy")),
            "hand over": (1, lambda: api.change_owner(room, user_id=other)),
            "close": (1, self.close_for_a_moment),
        }

    async def say(self, text: str, **more: object) -> int:
        said = await self.desk.client.send(self.room, text, **more)  # type: ignore[arg-type]  # as the frame has them
        self.desk.mine.append((self.room, said.seq))
        return said.seq

    async def forward(self) -> None:
        target = Target(conversation_id=self.chance.choice(self.desk.rooms), client_id=new_client_id())
        await self.desk.client.api.forward_message(self.room, self.some_seq(), targets=[target])

    async def schedule(self) -> None:
        at = int((time.time() + self.chance.uniform(1, 4)) * 1000)
        text, client_id = self.words(), new_client_id()
        await self.desk.client.api.schedule_message(self.room, client_id=client_id, text=text, at=at)

    async def draft(self) -> None:
        here = await self.desk.client.api.get_draft(self.room)
        text = self.words() if self.chance.random() < 0.7 else ""
        await self.desk.client.api.save_draft(self.room, text=text, revision=here.revision)

    async def close_for_a_moment(self) -> None:
        await self.desk.client.api.close_room(self.room)
        await self.desk.client.api.reopen_room(self.room)

    async def one(self) -> str:
        """Do something; give the code of the refusal, or nothing."""
        acts = self.acts()
        (name,) = self.chance.choices(list(acts), [weight for weight, _ in acts.values()])
        return await self.do(name, acts[name][1])

    async def do(self, name: str, act: Act) -> str:
        """Do it. People meet refusals all day; what must not come is noted."""
        try:
            await act()
        except Refused as refused:
            if refused.code in NEVER:
                self.desk.wrong.append(f"{self.desk.person.name}: {name}: {refused}")
            return refused.code
        except httpx.TransportError:
            return "lost"  # what may not be repeated, in the moment of a kill
        return ""

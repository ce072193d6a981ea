"""Load, kills, and the judgement afterwards."""

import asyncio
import contextlib
import os
import random
import signal
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import httpx

from tests.faults.device import Device
from tests.support.client import Person, Refused, join_many, new_client_id, set_up
from tests.support.history import History, Row, faults
from tests.support.server import ServerProcess

MESSAGE_KIND = 10
LAST_MONTH_SHARE = 0.1


@dataclass
class Plan:
    """At least so many messages and so many kills, and how random."""

    messages: int
    seed: int
    kills: int
    rooms: int = 4
    people: int = 5
    inflight: int = 8
    pause_s: tuple[float, float] = (0.5, 2.5)
    drop: float = 0.2
    limit_s: float = 240.0


@dataclass
class Outcome:
    history: History
    wrong: list[str] = field(default_factory=list)
    acked: int = 0
    dropped: int = 0
    resent: int = 0
    reconnects: int = 0
    kills: list[str] = field(default_factory=list)

    def summary(self) -> str:
        return (
            f"{self.acked} acked, {self.dropped} acks dropped, {self.resent} sent again, "
            f"{self.reconnects} connections lost, kills: {', '.join(self.kills)}"
        )


class FaultRun:
    """People send without pause while server and database are killed at random moments."""

    def __init__(self, server: ServerProcess, plan: Plan) -> None:
        self.server = server
        self.plan = plan
        self.chance = random.Random(plan.seed)
        self.people: list[Person] = []
        self.rooms: list[UUID] = []
        self.devices: list[Device] = []
        self.kills: list[str] = []
        self.left = plan.messages
        first_of_month = datetime.now(UTC).replace(day=1, hour=0, minute=0, second=0)
        self.last_month_s = (first_of_month - timedelta(days=3)).timestamp()

    async def run(self) -> Outcome:
        """Set up, send under fire, let everything settle, collect what there is."""
        await self.prepare()
        for device in self.devices:
            device.start()
        killing = asyncio.create_task(self.kill_at_random())
        try:
            async with asyncio.timeout(self.plan.limit_s):
                await asyncio.gather(
                    *(self.keep_sending(device) for device in self.devices for _ in range(self.plan.inflight))
                )
        finally:
            killing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await killing
        await self.ensure_running()
        await self.settle()
        return await self.judge()

    async def prepare(self) -> None:
        await self.server.start()
        owner = await set_up(self.server.base_url, self.server.setup_secret())
        names = [f"Person {number}" for number in range(2, self.plan.people + 1)]
        self.people = [owner, *await join_many(owner, names)]
        for number in range(self.plan.rooms):
            self.rooms.append(await owner.create_group(f"Room {number}", self.people[1:]))
        for person in self.people:
            chance = random.Random(self.chance.random())
            self.devices.append(Device(person, self.rooms, chance, drop=self.plan.drop))

    async def keep_sending(self, device: Device) -> None:
        while self.left > 0 or len(self.kills) < self.plan.kills:
            self.left -= 1
            await self.send_one(device)

    async def send_one(self, device: Device) -> None:
        # Written last month and still in the outbox: its retry key belongs to last month's partition.
        old = device.chance.random() < LAST_MONTH_SHARE
        written_s = self.last_month_s + device.chance.random() * 86_400 if old else None
        client_id = new_client_id(written_s)
        await device.post(device.chance.choice(self.rooms), self.text_of(client_id), client_id)

    def text_of(self, client_id: UUID) -> str:
        """What the message of this id says."""
        return f"message {client_id}"

    async def kill_at_random(self) -> None:
        while True:
            await asyncio.sleep(self.chance.uniform(*self.plan.pause_s))
            victim = self.chance.choice(["server", "server", "postmaster", "backend", "both"])
            self.kills.append(victim)
            if victim in {"postmaster", "both"}:
                kill(self.server.postmaster_pid())
            if victim == "backend" and (backends := self.server.backend_pids()):
                kill(self.chance.choice(backends))
            if victim in {"server", "both"}:
                await self.server.kill()
                await asyncio.shield(self.server.start())

    async def ensure_running(self) -> None:
        if self.server.process is None or self.server.process.poll() is not None:
            await self.server.start()

    async def settle(self) -> None:
        """Wait until every screen has the newest message."""
        deadline = time.monotonic() + 60
        heads: dict[UUID, int] = {}
        while time.monotonic() < deadline:
            with contextlib.suppress(httpx.HTTPError, Refused):
                found = await self.people[0].call("GET", "/v1/sync")
                heads = {UUID(line["conversation_id"]): line["head_seq"] for line in found["conversations"]}
                if all(
                    device.last.get(room) == heads[room] for device in self.devices for room in self.rooms
                ):
                    break
            await asyncio.sleep(0.2)
        for device in self.devices:
            await device.stop()

    async def judge(self) -> Outcome:
        history = History()
        for device in self.devices:
            history.operations += device.operations
        history.rows = await self.rows_by_sql()
        history.rows.sort(key=lambda row: (row.conversation, row.seq))
        for device in self.devices:
            for room in self.rooms:
                history.screens[(room, device.person.name)] = device.screens[room]
        await self.compare_unread(history)
        wrong = [line for device in self.devices for line in device.wrong] + faults(history)
        wrong += await self.compare_api(history)
        return Outcome(
            history,
            wrong,
            sum(device.acked for device in self.devices),
            sum(device.dropped for device in self.devices),
            sum(device.resent for device in self.devices),
            sum(device.reconnects for device in self.devices),
            self.kills,
        )

    async def rows_by_sql(self) -> list[Row]:
        """The log as it is on the disk, read by the database's superuser behind the server's back."""
        connection = await asyncpg.connect(self.server.superuser_dsn())
        try:
            rows = await connection.fetch("SELECT conversation_id, seq, client_id, kind FROM amana.event")
            heads = await connection.fetch("SELECT conversation_id, seq, msg_no FROM amana.conversation_head")
        finally:
            await connection.close()
        found = [
            Row(row["conversation_id"], row["seq"], row["client_id"], row["kind"] == MESSAGE_KIND)
            for row in rows
        ]
        for head in heads:
            mine = [row for row in found if row.conversation == head["conversation_id"]]
            assert (len(mine), sum(row.message for row in mine)) == (head["seq"], head["msg_no"]), "head"
        return found

    async def compare_unread(self, history: History) -> None:
        """Everybody reads up to some place; then the server's count against ours."""
        for number, person in enumerate(self.people):
            for room in self.rooms:
                newest = max(row.seq for row in history.rows if row.conversation == room)
                place = self.chance.randint(0, newest) if number else 0
                if place:
                    await person.call("PUT", f"/v1/conversations/{room}/read", {"seq": place})
            for line in (await person.call("GET", "/v1/sync"))["conversations"]:
                key = (UUID(line["conversation_id"]), person.name)
                history.unread[key] = line["msg_no"] - line["read_no"]
                history.read_up_to[key] = line["read_seq"]

    async def compare_api(self, history: History) -> list[str]:
        """What the API pages out equals what the database holds."""
        wrong = []
        for room in self.rooms:
            events: list[Any] = []
            while True:
                after = events[-1]["seq"] if events else 0
                path = f"/v1/conversations/{room}/events?after={after}&limit=200"
                page = await self.people[-1].call("GET", path)
                events += page["events"]
                if not page["limited"] or not page["events"]:
                    break
            stored = [(row.seq, row.client_id) for row in history.rows if row.conversation == room]
            if [(event["seq"], UUID(event["client_id"])) for event in events] != stored:
                wrong.append(f"the API pages out something else than the database holds of {room}")
            for event in events:
                text = self.text_of(UUID(event["client_id"]))
                if event["kind"] == "message.created" and event["content"]["text"] != text:
                    wrong.append(f"{event['client_id']} reads {event['content']['text']!r}")
        return wrong


def kill(pid: int | None) -> None:
    """kill −9, if it is still there."""
    if pid is not None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


class SteadyRun(FaultRun):
    """People send without pause until it is told that it is enough; what happens to them the test decides."""

    def __init__(self, server: ServerProcess, plan: Plan) -> None:
        super().__init__(server, plan)
        self.is_enough = False
        self.began = asyncio.Event()

    async def kill_at_random(self) -> None:
        self.began.set()

    async def keep_sending(self, device: Device) -> None:
        while not self.is_enough:
            client_id = new_client_id()
            await device.post(device.chance.choice(self.rooms), self.text_of(client_id), client_id)

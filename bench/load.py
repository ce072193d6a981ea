"""Load generator and checker: connects members to rooms, sends, waits for the durable
acknowledgement, counts every delivery at every member, and verifies that nothing is lost,
doubled or out of order.

    python -m bench.load '{"server": "amana", "scenario": "pairs-closed", ...}'

prints one JSON object. ``closed`` keeps a number of messages in flight per sender (saturation);
``rate`` sends evenly and counts latency from the scheduled moment, so that a stall cannot hide.
"""

import asyncio
import gc
import json
import sys
import time
from collections import Counter, defaultdict
from typing import Protocol

import msgspec
import psutil  # type: ignore[import-untyped]  # has no types of its own
import uvloop

from bench.work import ID_DIGITS, OnMessage, Scenario

now = time.perf_counter
QUIET_ROUNDS = 50  # ten a second: how long a missing delivery is waited for


class Client(Protocol):
    """One connected member of one server under test."""

    async def connect(self, on_message: OnMessage) -> None: ...

    async def join(self, room: int) -> None: ...

    async def send(self, room: int, body: str) -> None:
        """Return when the server has acknowledged the message as stored."""

    async def close(self) -> None: ...


class Server(Protocol):
    """What the load generator needs to know of a server.

    Attributes:
        echo: whether the sender is delivered its own message.
    """

    echo: bool

    async def prepare(self, rooms: list[list[int]]) -> None: ...

    def client(self, member: int) -> Client: ...


class Job(msgspec.Struct):
    """One run, as given on the command line."""

    server: str
    scenario: Scenario
    process_ids: list[int]
    options: dict[str, str]
    seconds: float = 4.0
    warm_up_s: float = 1.0
    body_bytes: int = 200


class Result(msgspec.Struct):
    server: str
    scenario: str
    sent: int
    sent_per_s: float
    delivered_per_s: float
    ack_ms: list[float]  # p50, p99
    deliver_ms: list[float]  # p50, p99
    cpu_us_per_message: float
    database_us_per_message: float  # the part of it that is PostgreSQL's
    server_cores: float
    generator_cores: float
    memory_mb: float
    lost: int
    doubled: int
    disordered: int
    errors: dict[str, int]


class Sent(msgspec.Struct, frozen=True, gc=False):
    scheduled: float
    room: int
    sender: int


class Run:
    """One scenario on one server."""

    def __init__(self, job: Job, server: Server) -> None:
        self.job = job
        self.scenario = job.scenario
        self.server = server
        self.members = self.scenario.members
        everyone = range(self.scenario.rooms * self.scenario.size)
        self.clients = [server.client(member) for member in everyone]
        self.received: list[list[tuple[int, int]]] = [[] for _ in everyone]
        self.sent: dict[int, Sent] = {}
        self.expected = self.delivered = 0
        self.measure_from: int | None = None
        self.last_delivery = 0.0
        self.acks: list[float] = []
        self.deliveries: list[float] = []
        self.errors: Counter[str] = Counter()
        self.padding = "x" * (job.body_bytes - ID_DIGITS - 1)

    def receiver(self, member: int) -> OnMessage:
        received, sent = self.received[member], self.sent

        def on_message(room: int, body: str) -> None:
            moment = now()
            number = int(body[:ID_DIGITS])
            received.append((room, number))
            message = sent.get(number)
            if message is None:
                self.errors["unknown message"] += 1
            elif message.sender != member:
                self.delivered += 1
                self.last_delivery = moment
                if self.measure_from is not None and number >= self.measure_from:
                    self.deliveries.append(moment - message.scheduled)

        return on_message

    async def connect(self) -> None:
        await self.server.prepare(self.members)
        limit = asyncio.Semaphore(8)

        async def one(member: int) -> None:
            async with limit:
                await self.clients[member].connect(self.receiver(member))

        await asyncio.gather(*map(one, range(len(self.clients))))
        for room, members in enumerate(self.members):
            for member in members:
                await self.clients[member].join(room)
        await asyncio.sleep(0.5)

    async def send(self, room: int, sender: int, scheduled: float) -> None:
        number = len(self.sent) + 1
        self.sent[number] = Sent(scheduled, room, sender)
        self.expected += self.scenario.size - 1
        try:
            await self.clients[sender].send(room, f"{number:0{ID_DIGITS}d} {self.padding}")
        except Exception as error:
            self.errors[repr(error)[:150]] += 1
            await asyncio.sleep(0.05)
            return
        if self.measure_from is not None and number >= self.measure_from:
            self.acks.append(now() - scheduled)

    async def closed(self, until: float) -> None:
        async def worker(room: int, sender: int) -> None:
            while now() < until:
                await self.send(room, sender, now())

        await asyncio.gather(
            *(
                worker(room, sender)
                for room, members in enumerate(self.members)
                for sender in members[: self.scenario.senders]
                for _ in range(self.scenario.inflight)
            )
        )

    async def rated(self, until: float) -> None:
        sources = [
            (room, members[place])
            for place in range(self.scenario.senders)
            for room, members in enumerate(self.members)
        ]
        start, count, tasks = now(), 0, set()
        while (scheduled := start + count / self.scenario.rate) < until:
            if (wait_s := scheduled - now()) > 0:
                await asyncio.sleep(wait_s)
            room, sender = sources[count % len(sources)]
            task = asyncio.create_task(self.send(room, sender, scheduled))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
            count += 1
        if tasks:
            await asyncio.wait(tasks, timeout=30)

    async def drain(self) -> None:
        """Wait until everything sent has arrived, or nothing more comes."""
        quiet, before = 0, -1
        while self.delivered < self.expected and quiet < QUIET_ROUNDS:
            quiet = quiet + 1 if self.delivered == before else 0
            before = self.delivered
            await asyncio.sleep(0.1)

    async def measure(self) -> Result:
        run = self.rated if self.scenario.rate else self.closed
        await self.connect()
        await run(now() + self.job.warm_up_s)
        await self.drain()
        self.measure_from = len(self.sent) + 1
        delivered_before = self.delivered
        gc.collect()
        gc.freeze()
        cpu_before, database_before = self.cpu_s()
        own_before, start = time.process_time(), now()
        await run(start + self.job.seconds)
        sending_s = now() - start
        await self.drain()
        cpu_after, database_after = self.cpu_s()
        cpu_s, database_s = cpu_after - cpu_before, database_after - database_before
        own_s = time.process_time() - own_before
        elapsed_s = max(self.last_delivery - start, sending_s)
        sent = len(self.sent) - self.measure_from + 1
        lost, doubled, disordered = self.verify()
        result = Result(
            server=self.job.server,
            scenario=self.scenario.name,
            sent=sent,
            sent_per_s=round(sent / elapsed_s, 1),
            delivered_per_s=round((self.delivered - delivered_before) / elapsed_s, 1),
            ack_ms=quantiles_ms(self.acks),
            deliver_ms=quantiles_ms(self.deliveries),
            cpu_us_per_message=round(cpu_s / max(1, sent) * 1e6, 1),
            database_us_per_message=round(database_s / max(1, sent) * 1e6, 1),
            server_cores=round(cpu_s / elapsed_s, 2),
            generator_cores=round(own_s / elapsed_s, 2),
            memory_mb=round(self.memory_mb(), 1),
            lost=lost,
            doubled=doubled,
            disordered=disordered,
            errors=dict(self.errors),
        )
        await asyncio.gather(*(client.close() for client in self.clients), return_exceptions=True)
        return result

    def verify(self) -> tuple[int, int, int]:
        """Lost, doubled and out of order over everything ever sent, at every member.

        The order of reference of a room is that of its first member; where senders do not see
        their own messages, each member is compared on what both of them see.
        """
        by_room: dict[int, set[int]] = defaultdict(set)
        for number, message in self.sent.items():
            by_room[message.room].add(number)
        lost = doubled = disordered = 0
        for room, members in enumerate(self.members):
            reference: list[int] | None = None
            for member in members:
                shown = [number for where, number in self.received[member] if where == room]
                seen = set(shown)
                doubled += len(shown) - len(seen)
                others = {number for number in by_room[room] if self.sent[number].sender != member}
                lost += len(others - seen)
                if reference is None:
                    reference = shown
                    continue
                common = seen.intersection(reference)
                if [number for number in reference if number in common] != [
                    number for number in shown if number in common
                ]:
                    disordered += 1
        return lost, doubled, disordered

    def processes(self) -> list[psutil.Process]:
        found: dict[int, psutil.Process] = {}
        for process_id in self.job.process_ids:
            process = psutil.Process(process_id)
            for each in [process, *process.children(recursive=True)]:
                found[each.pid] = each
        return list(found.values())

    def cpu_s(self) -> tuple[float, float]:
        """CPU seconds of the server with its database, and of the database alone."""
        total = database = 0.0
        for process in self.processes():
            try:
                times, name = process.cpu_times(), process.name()
            except psutil.Error:
                continue
            spent = times.user + times.system
            total += spent
            database += spent if name.startswith("postgres") else 0.0
        return total, database

    def memory_mb(self) -> float:
        total = 0
        for process in self.processes():
            try:
                total += process.memory_full_info().pss
            except psutil.Error:
                continue
        return total / 1e6


def quantiles_ms(values: list[float]) -> list[float]:
    """p50 and p99 in milliseconds."""
    if not values:
        return [0.0, 0.0]
    values.sort()
    return [round(values[min(len(values) - 1, int(len(values) * part))] * 1e3, 2) for part in (0.5, 0.99)]


def server_of(job: Job) -> Server:
    if job.server.startswith("amana"):
        from bench.amana import AmanaServer

        return AmanaServer(job.options)
    if job.server.startswith("reference"):
        from bench.reference_client import ReferenceServer

        return ReferenceServer(job.options)
    from bench.xmpp import XmppServer

    return XmppServer(job.options)


def main() -> None:
    job = msgspec.json.decode(sys.argv[1], type=Job)
    result = uvloop.run(Run(job, server_of(job)).measure())
    print(json.dumps(msgspec.to_builtins(result)))


if __name__ == "__main__":
    main()

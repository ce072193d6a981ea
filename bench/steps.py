"""What each step of growing costs: one process, workers, an own database, a standby, a pooler.

    python -m bench.steps [--seconds 6] [--steps one,two,four,own,standby,pooler] [--devices 2]

The same talk on each: rooms of ten, everybody connected, messages in a closed loop. What counts is processor
time for each message and memory, which a busy machine changes little; rates are only told.
"""

import argparse
import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from uuid import UUID

import psutil

from tests.support.bouncer import Bouncer
from tests.support.client import Socket, join_many, new_client_id, set_up
from tests.support.fixtures import FLOOR_BINARIES
from tests.support.replicas import Pair
from tests.support.server import ServerProcess

ROOMS, MEMBERS, SENDERS, INFLIGHT = 6, 10, 20, 6


@dataclass
class Cost:
    """What one step used while it carried ``messages``."""

    messages: int = 0
    seconds: float = 0.0
    waits_ms: list[float] = field(default_factory=list)
    cpu_s: dict[str, float] = field(default_factory=dict)
    memory_mb: dict[str, float] = field(default_factory=dict)

    def line(self, name: str) -> str:
        waits = sorted(self.waits_ms)
        per = {kind: used / self.messages * 1e6 for kind, used in self.cpu_s.items()}
        cells = [
            f"{sum(per.values()):.0f}",
            " · ".join(f"{kind} {used:.0f}" for kind, used in sorted(per.items()) if used >= 1),
            " · ".join(f"{kind} {used:.0f}" for kind, used in sorted(self.memory_mb.items())),
            f"{waits[len(waits) // 2]:.1f}",
            f"{waits[len(waits) * 99 // 100]:.1f}",
            f"{self.messages / self.seconds:.0f}",
        ]
        return f"| {name} | " + " | ".join(cells) + " |"


def kind_of(process: psutil.Process) -> str:
    name, command = process.name(), process.cmdline()
    if "postgres" in name:
        return "PostgreSQL"
    if "nats" in name:
        return "NATS"
    if "pgbouncer" in name:
        return "PgBouncer"
    return "workers" if "amana.app.worker" in command else "server"


def everybody(roots: Sequence[int]) -> list[psutil.Process]:
    found = []
    for root in roots:
        with contextlib.suppress(psutil.NoSuchProcess):
            process = psutil.Process(root)
            found += [process, *process.children(recursive=True)]
    return found


def used(processes: Sequence[psutil.Process]) -> dict[str, float]:
    total: dict[str, float] = {}
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            total[kind_of(process)] = total.get(kind_of(process), 0.0) + times.user + times.system
    return total


def memory(processes: Sequence[psutil.Process]) -> dict[str, float]:
    total: dict[str, float] = {}
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            # What it has for itself and its share of what it has with others.
            total[kind_of(process)] = (
                total.get(kind_of(process), 0.0) + process.memory_full_info().pss / 2**20
            )
    return total


async def talk(server: ServerProcess, roots: Sequence[int], seconds: float, devices: int) -> Cost:
    owner = await set_up(server.base_url, server.setup_secret())
    people = [owner, *await join_many(owner, [f"Person {number}" for number in range(2, MEMBERS + 1)])]
    rooms = [await owner.create_group(f"Room {number}", people[1:]) for number in range(ROOMS)]
    sockets = [await Socket.open(person) for person in people for _ in range(devices)]
    cost = Cost()
    enough = asyncio.Event()
    talking = [
        asyncio.create_task(chat(socket, rooms[number % ROOMS], cost, enough, inflight=number < SENDERS))
        for number, socket in enumerate(sockets)
    ]
    await asyncio.sleep(1)  # warm
    processes = everybody([server.pid, *roots])
    cost.messages, cost.waits_ms = 0, []
    begun, before = time.monotonic(), used(processes)
    await asyncio.sleep(seconds)
    after, cost.seconds = used(processes), time.monotonic() - begun
    messages, waits = cost.messages, list(cost.waits_ms)
    cost.memory_mb = memory(processes)
    enough.set()
    for task in talking:
        task.cancel()
    await asyncio.gather(*talking, return_exceptions=True)
    cost.messages, cost.waits_ms = messages, waits
    cost.cpu_s = {kind: after[kind] - before.get(kind, 0.0) for kind in after}
    return cost


async def chat(socket: Socket, room: UUID, cost: Cost, enough: asyncio.Event, *, inflight: bool) -> None:
    """Keep some messages under way; everything that arrives is taken."""
    sent: dict[str, float] = {}

    async def post() -> None:
        client_id = new_client_id()
        sent[str(client_id)] = time.monotonic()
        await socket.post(room, "a sentence of ordinary length, as people write it", client_id)

    for _ in range(INFLIGHT if inflight else 0):
        await post()
    while not enough.is_set():
        element = await socket.receive()
        if element["t"] == "ack" and element["client_id"] in sent:
            cost.waits_ms.append((time.monotonic() - sent.pop(element["client_id"])) * 1e3)
            cost.messages += 1
            await post()
        elif element["t"] == "refused":
            await asyncio.sleep(0.1)
            await post()


@contextlib.asynccontextmanager
async def step(name: str) -> AsyncIterator[tuple[ServerProcess, list[int]]]:
    """A server of one step, and the processes beside it that belong to its cost."""
    async with contextlib.AsyncExitStack() as stack:
        workers = {"one": 1, "two": 2, "four": 4}.get(name, 2)
        environment = {"AMANA_WORKERS": str(workers)}
        roots: list[int] = []
        if name in {"own", "standby", "pooler"}:
            pair = Pair(FLOOR_BINARIES)
            stack.callback(pair.close)
            await pair.start(standby=name == "standby")
            environment["AMANA_DATABASE_URL"] = pair.dsn if name == "standby" else pair.primary.dsn
            roots += [one.process.pid for one in (pair.primary, pair.standby) if one.process is not None]
            if name == "pooler":
                bouncer = Bouncer(pair.primary.dsn, server_connections=10)
                stack.callback(bouncer.close)
                await bouncer.start()
                environment["AMANA_DATABASE_POOL_URL"] = bouncer.dsn
                roots.append(bouncer.process.pid if bouncer.process else 0)
        server = ServerProcess()
        server.environment.update(environment)
        stack.push_async_callback(server.remove)
        await server.start()
        yield server, roots


async def main(names: Sequence[str], seconds: float, devices: int) -> None:
    print("| step | CPU µs a message | of these | memory MB | ack p50 ms | p99 ms | messages/s |")
    print("|---|---|---|---|---|---|---|")
    for name in names:
        async with step(name) as (server, roots):
            print((await talk(server, roots, seconds, devices)).line(name), flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=6.0)
    parser.add_argument("--steps", default="one,two,four,own,standby,pooler")
    parser.add_argument("--devices", type=int, default=2)
    chosen = parser.parse_args()
    asyncio.run(main(chosen.steps.split(","), chosen.seconds, chosen.devices))

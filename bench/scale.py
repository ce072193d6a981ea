"""What large means: many rooms, many members, many messages, many sockets at once.

    python -m bench.scale [list] [room] [history] [idle] [storm] [--part 1.0]

Each experiment starts a server of its own on a folder of its own, fills it past the server with rows that it
would write itself (tests/support/filling.py), measures through the public API, and prints what it found.
``--part 0.1`` makes everything a tenth of its size. tests/scale holds the same with bounds.
"""

import argparse
import asyncio
import json
import random
import resource
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import httpx
import psutil
import uvloop

from bench.crowd import Crowd, Device, now, quantile, until
from tests.support.client import Api, Person, set_up
from tests.support.filling import Filling, Resident
from tests.support.server import ServerProcess

Figures = dict[str, Any]
WINDOW = 50
ROUNDS = 5


@asynccontextmanager
async def filled() -> AsyncIterator[tuple[ServerProcess, Filling]]:
    """A server with an organisation, and the way to fill it."""
    server = ServerProcess()
    try:
        base_url = await server.start()
        owner = await set_up(base_url, server.setup_secret())
        async with Filling.of(server, owner) as filling:
            yield server, filling
        await owner.api.close()
    finally:
        await server.remove()


def person(server: ServerProcess, one: Resident) -> Person:
    return Person("", one.user_id, one.token, Api(server.base_url, one.token))


def cpu_s(server: ServerProcess) -> float:
    """CPU seconds of the server process alone."""
    times = psutil.Process(server.pid).cpu_times()
    return times.user + times.system


def database_cpu_s(server: ServerProcess) -> float:
    """CPU seconds of PostgreSQL's processes that are there now."""
    total = 0.0
    for pid in server.backend_pids():
        try:
            times = psutil.Process(pid).cpu_times()
        except psutil.Error:
            continue
        total += times.user + times.system
    return total


def private_kb(server: ServerProcess) -> float:
    """Memory that belongs to the server process alone, in kB."""
    return psutil.Process(server.pid).memory_full_info().uss / 1000


async def timed(work: Callable[[], Awaitable[Any]], *, rounds: int = ROUNDS) -> list[float]:
    """Milliseconds of each round."""
    found = []
    for _ in range(rounds):
        begun = now()
        await work()
        found.append((now() - begun) * 1000)
    return found


def shown(values: Sequence[float]) -> str:
    return f"{min(values):.1f} / {quantile(values, 0.5):.1f} / {max(values):.1f}"


# -- one person in very many rooms -----------------------------------------------------------


async def list_of_rooms(server: ServerProcess, filling: Filling, *, rooms: int) -> Figures:
    """The list of somebody who is in ``rooms`` conversations: first window, all windows, everything, hello."""
    ana, *others = await filling.people(21)
    begun = now()
    ids = await filling.rooms(
        [[ana, others[number % 20]] for number in range(rooms)],
        messages=2,
        since=datetime.now(UTC) - timedelta(days=150),
    )
    await filling.settle()
    filled_s = now() - begun
    me = person(server, ana)

    first = await timed(lambda: me.call("GET", f"/v1/sync?limit={WINDOW}"))
    size = len((await me.api.http.get(f"/v1/sync?limit={WINDOW}")).content)
    walked: list[float] = []
    met: list[str] = []
    path = "/v1/sync?limit=200"
    while True:
        begun = now()
        page = await me.call("GET", path)
        walked.append((now() - begun) * 1000)
        met += [line["conversation_id"] for line in page["conversations"]]
        if page.get("next") is None:
            break
        path = f"/v1/sync?limit=200&after={page['next']}"
    whole = await timed(lambda: me.call("GET", "/v1/sync"), rounds=2)
    everything, moved = await greeted(server, ana, page["user_pos"], since=None), None
    moved = await greeted(server, ana, page["user_pos"], since=page.get("at"))
    await me.api.close()
    assert len(set(met)) == len(ids) == len(met), (len(set(met)), len(ids), len(met))
    return {
        "rooms": rooms,
        "filled_s": round(filled_s, 1),
        "first_window_ms": [round(value, 1) for value in first],
        "first_window_bytes": size,
        "page_of_200_ms": shown(walked),
        "all_pages_ms": round(sum(walked)),
        "whole_ms": [round(value) for value in whole],
        "hello": everything,
        "hello_since": moved,
    }


async def greeted(server: ServerProcess, one: Resident, user_pos: int, *, since: int | None) -> Figures:
    """Milliseconds from hello to welcome, and the bytes of it."""
    times, size, heads = [], 0, 0
    for _ in range(ROUNDS):
        device = Device(one.token)
        device.user_pos, device.since = user_pos, since
        begun = now()
        await device.connect(server.base_url)
        await device.welcomed.wait()
        times.append((now() - begun) * 1000)
        size, heads = device.bytes_in, len(device.heads)
        device.close()
    return {"ms": shown(times), "bytes": size, "heads": heads}


def all_hold(devices: Sequence[Device], room: str, seq: int) -> bool:
    return all(one.last[room] >= seq for one in devices)


# -- very many people in one room ------------------------------------------------------------


async def large_room(
    server: ServerProcess, filling: Filling, *, members: int, active: int, passive: int, posts: int = 20
) -> Figures:
    """A post in a room of ``members``: how long until every socket that has it open holds it."""
    everybody = await filling.people(members)
    ana = everybody[0]
    begun = now()
    (room_id,) = await filling.rooms([[ana]], messages=1)
    await filling.admit(room_id, ana, everybody[1:])
    await filling.settle()
    filled_s = now() - begun
    room = str(room_id)
    head = (await person(server, ana).call("GET", f"/v1/conversations/{room}"))["head_seq"]
    opened = [Device(one.token, {room: head}) for one in everybody[:active]]
    others = [Device(one.token) for one in everybody[active : active + passive]]
    crowd = Crowd(server.base_url, [*opened, *others])
    await crowd.connect()
    reached: list[float] = []
    acked: list[float] = []
    before = cpu_s(server)
    for number in range(posts):
        begun = now()
        acked.append(await opened[0].post(room, f"Post {number}") * 1000)
        await until(partial(all_hold, opened, room, head + number + 1), timeout_s=30, every_s=0.002)
        reached.append((now() - begun) * 1000)
    used_s = cpu_s(server) - before
    last = head + posts
    bumped_s = await until(lambda: all(one.heads.get(room, 0) >= last for one in others), timeout_s=30)
    bumps = sum(one.kinds["head"] for one in others) / max(1, len(others))
    crowd.close()
    return {
        "members": members,
        "active": active,
        "passive": passive,
        "filled_s": round(filled_s, 1),
        "post_to_all_active_ms": shown(reached),
        "post_to_all_active_max_ms": round(max(reached), 1),
        "ack_ms": shown(acked),
        "server_cpu_ms_a_post": round(used_s / posts * 1000, 1),
        "passive_know_after_s": round(bumped_s, 2),
        "heads_a_passive_socket": round(bumps, 2),
    }


# -- very many messages in one room ----------------------------------------------------------


async def long_room(server: ServerProcess, filling: Filling, *, messages: int, months: int = 6) -> Figures:
    """Pages of a room with ``messages`` over half a year: at its end, in the middle, at its beginning."""
    people = await filling.people(10)
    (room_id,) = await filling.rooms([people], messages=0)
    until_at = datetime.now(UTC) - timedelta(minutes=1)
    begun = now()
    await filling.talk(
        room_id, people, messages, since=until_at - timedelta(days=30 * months), until=until_at
    )
    await filling.settle()
    filled_s = now() - begun
    me = person(server, people[0])
    head = (await me.call("GET", f"/v1/conversations/{room_id}"))["head_seq"]
    path = f"/v1/conversations/{room_id}"
    places = {"newest": head, "middle": head // 2, "oldest": 300}
    found: Figures = {"messages": messages, "filled_s": round(filled_s, 1)}
    for name, place in places.items():
        found[f"page_of_50_{name}_ms"] = shown(
            await timed(partial(me.call, "GET", f"{path}/messages?before={place}&limit=50"), rounds=20)
        )
        found[f"events_after_{name}_ms"] = shown(
            await timed(partial(me.call, "GET", f"{path}/events?after={place - 250}&limit=50"), rounds=20)
        )
    found |= await whole_history(me, room_id, head)
    device = Device(people[1].token, {str(room_id): 0})
    begun = now()
    await device.connect(server.base_url)
    await until(lambda: device.last[str(room_id)] >= head, timeout_s=30)
    found["open_from_nothing_ms"] = round((now() - begun) * 1000, 1)
    device.close()
    found["digest_ms"] = await digest_cost(filling)
    await me.api.close()
    return found


async def whole_history(me: Person, room: UUID, head: int) -> Figures:
    """Every message on a new device, page by page, from the newest to the first."""
    times: list[float] = []
    before: int | None = head + 1
    count = 0
    async with httpx.AsyncClient(
        base_url=me.base_url, headers={"Authorization": f"Bearer {me.token}"}, timeout=30
    ) as http:
        begun_all = now()
        while before is not None:
            begun = now()
            answer = await http.get(f"/v1/conversations/{room}/messages?before={before}&limit=200")
            if answer.status_code == 429:
                await asyncio.sleep(float(answer.headers["retry-after"]))
                continue
            page = json.loads(answer.content)
            times.append((now() - begun) * 1000)
            entries = page["entries"]
            count += len(entries)
            before = entries[0]["seq"] if page["more"] else None
        took_s = now() - begun_all
    tenth = max(1, len(times) // 10)
    return {
        "history_entries": count,
        "history_pages": len(times),
        "history_s": round(took_s, 1),
        "history_page_ms": shown(times),
        # The quick ones of each: what else the machine does must not count as the page's price.
        "history_first_tenth_ms": round(quantile(times[:tenth], 0.1), 2),
        "history_last_tenth_ms": round(quantile(times[-tenth:], 0.1), 2),
    }


async def digest_cost(filling: Filling) -> str:
    """What the gateway asks every five seconds: which heads moved in the last half minute."""
    from amana.events import queries

    since_ms = int(time.time() * 1000) - 30_000

    async def ask() -> None:
        async with filling.database.read(filling.org_id) as tx:
            await queries.recent_heads(tx, since_ms=since_ms)

    return shown(await timed(ask))


# -- very many sockets -----------------------------------------------------------------------


async def idle_sockets(server: ServerProcess, filling: Filling, *, sockets: int, rooms_each: int) -> Figures:
    """Memory of the server for a socket that only listens."""
    people = await filling.people(sockets)
    if rooms_each:
        await filling.rooms(circles(people, rooms_each), messages=1, private=False)
    await filling.settle()
    warm = Crowd(server.base_url, [Device(one.token) for one in people[:50]])
    await warm.connect()
    before = private_kb(server)
    crowd = Crowd(server.base_url, [Device(one.token) for one in people[50:]])
    begun = now()
    await crowd.connect()
    took_s = now() - begun
    await asyncio.sleep(3)
    after = private_kb(server)
    spent = cpu_s(server)
    await asyncio.sleep(10)
    spent = cpu_s(server) - spent
    warm.close()
    crowd.close()
    return {
        "sockets": sockets,
        "rooms_each": rooms_each,
        "kb_a_socket": round((after - before) / len(crowd.devices), 1),
        "connected_s": round(took_s, 1),
        "server_mb": round(after / 1000),
        "idle_cpu_percent": round(spent * 10, 1),
    }


def circles(people: Sequence[Resident], rooms_each: int, *, size: int = 50) -> list[list[Resident]]:
    """Groups of ``size`` so that everybody is in ``rooms_each`` of them, with ever new neighbours."""
    chance = random.Random(4)
    size = min(size, len(people))
    groups: list[list[Resident]] = []
    for _ in range(rooms_each):
        order = list(people)
        chance.shuffle(order)
        groups += [order[start : start + size] for start in range(0, len(order), size)]
    return groups


# -- everybody comes back at once ------------------------------------------------------------


async def storm(
    server: ServerProcess,
    filling: Filling,
    *,
    sockets: int,
    rooms_each: int,
    held: int = 5,
    senders: int = 20,
) -> Figures:
    """The server restarts: all devices return, with what was said meanwhile, while some go on sending.

    Args:
        held: rooms each device names in its hello; the others it knows by their heads.
        senders: people besides who send one message a second each from the first moment on.
    """
    people = await filling.people(sockets)
    groups = circles(people, rooms_each)
    begun = now()
    days = timedelta(days=30)
    ids = await filling.rooms(groups, messages=1, private=False, since=datetime.now(UTC) - days)
    writers = await filling.people(senders, name="Writer")
    (meeting,) = await filling.rooms([writers], messages=1)
    await filling.settle()
    filled_s = now() - begun
    mine: dict[UUID, list[str]] = {one.user_id: [] for one in people}
    for room, group in zip(ids, groups, strict=True):
        for one in group:
            mine[one.user_id].append(str(room))
    devices = [Device(one.token, dict.fromkeys(mine[one.user_id][:held], 2)) for one in people]
    crowd = Crowd(server.base_url, devices)
    await server.stop()
    await server.start()
    crowd.base_url = server.base_url
    before_connect = now()
    await crowd.connect()
    calm_s = now() - before_connect

    await server.kill()
    await asyncio.gather(*(device.gone.wait() for device in devices))
    await server.start()
    await filling.database.close()
    await filling.reach()
    # Said before the first comes back: an event in every room.
    speakers = {room: group[0] for room, group in zip(ids, groups, strict=True)}
    await filling.say_everywhere(speakers, "While you were away")
    return await _returned(server, crowd, mine, writers, str(meeting), held) | {
        "filled_s": round(filled_s, 1),
        "calm_connect_s": round(calm_s, 1),
    }


async def _returned(
    server: ServerProcess,
    crowd: Crowd,
    mine: dict[UUID, list[str]],
    writers: Sequence[Resident],
    meeting: str,
    held: int,
) -> Figures:
    devices = crowd.devices
    crowd.attempts = 0
    for device in devices:
        device.heads = {}
        device.closes.clear()
        device.welcomed.clear()
    acks: list[float] = []
    refused: list[str] = []
    over = asyncio.Event()

    async def write(one: Resident) -> None:
        device = Device(one.token, {meeting: 0})
        own = Crowd(server.base_url, [device])
        await own.come(device)
        while not over.is_set():
            try:
                acks.append(await device.post(meeting, "Hello in the storm") * 1000)
            except RuntimeError as error:
                refused.append(str(error))
            except ConnectionError:
                refused.append("disconnected")
                return
            await asyncio.sleep(1)
        device.close()

    used, used_database = cpu_s(server), database_cpu_s(server)
    begun = now()
    writing = [asyncio.create_task(write(one)) for one in writers]
    welcomed: list[float] = []
    caught_up: list[float] = []

    async def come_back(device: Device, rooms: list[str]) -> None:
        # Whoever loses the connection waits up to a second before the first attempt.
        await crowd.come(device, first_wait_s=random.random())
        welcomed.append(now() - begun)
        wanted = set(rooms[:held])
        while not all(device.last[room] >= 3 for room in wanted) or len(device.heads) < len(rooms) - held:
            if device.gone.is_set():
                device.welcomed.clear()
                await crowd.come(device, first_wait_s=random.random())
            await asyncio.sleep(0.05)
        caught_up.append(now() - begun)

    await asyncio.gather(
        *(come_back(device, rooms) for device, rooms in zip(devices, mine.values(), strict=True))
    )
    used, used_database = cpu_s(server) - used, database_cpu_s(server) - used_database
    over.set()
    await asyncio.gather(*writing)
    closes = Counter[str]()
    for device in devices:
        closes.update(device.closes)
    crowd.close()
    return {
        "sockets": len(devices),
        "rooms_each": len(next(iter(mine.values()))),
        "welcomed_s": shown(welcomed),
        "caught_up_s": shown(caught_up),
        "caught_up_max_s": round(max(caught_up), 1),
        "attempts": crowd.attempts,
        "closes": dict(closes),
        "sent_meanwhile": len(acks),
        "ack_ms": f"{quantile(acks, 0.5):.0f} / {quantile(acks, 0.99):.0f} / {max(acks, default=0):.0f}",
        "refused": refused,
        "server_cpu_s": round(used, 1),
        "database_cpu_s": round(used_database, 1),
    }


EXPERIMENTS: dict[str, Callable[[ServerProcess, Filling, float], Awaitable[Figures]]] = {
    "list": lambda server, filling, part: list_of_rooms(server, filling, rooms=int(10_000 * part)),
    "room": lambda server, filling, part: large_room(
        server, filling, members=int(10_000 * part), active=int(2_500 * part), passive=int(2_500 * part)
    ),
    "history": lambda server, filling, part: long_room(server, filling, messages=int(1_000_000 * part)),
    "idle": lambda server, filling, part: idle_sockets(
        server, filling, sockets=int(5_000 * part), rooms_each=0
    ),
    "idle50": lambda server, filling, part: idle_sockets(
        server, filling, sockets=int(5_000 * part), rooms_each=50
    ),
    "storm": lambda server, filling, part: storm(server, filling, sockets=int(5_000 * part), rooms_each=50),
}


async def run(names: Sequence[str], part: float) -> None:
    for name in names:
        async with filled() as (server, filling):
            found = await EXPERIMENTS[name](server, filling, part)
        print(f"{name}:", flush=True)
        for key, value in found.items():
            print(f"  {key:28} {value}", flush=True)


def allow_many_files() -> None:
    """Each socket is a file, here and in the server that is started from here."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", default=list(EXPERIMENTS))
    parser.add_argument("--part", type=float, default=1.0)
    options = parser.parse_args()
    allow_many_files()
    uvloop.run(run(options.names, options.part))


if __name__ == "__main__":
    main()

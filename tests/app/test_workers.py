"""`--workers`: several processes behind one port are one server to everybody outside."""

import asyncio
import os
import re
import signal
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
import pytest_asyncio

from tests.support.client import Person, Socket, join, set_up
from tests.support.crew import at_every_worker, close_all, nats_pid, worker_pids
from tests.support.server import ServerProcess, free_port

WORKERS = 3
REVOKED_WITHIN_S = 5.0
HEALED_WITHIN_S = 10.0
NOT_SIGNED_IN, DRAINING = 4401, 4503
METRICS_PORT = free_port()


class Company:
    def __init__(self, server: ServerProcess, ana: Person, bo: Person) -> None:
        self.server, self.ana, self.bo = server, ana, bo


@pytest.fixture(scope="module")
async def company() -> AsyncIterator[Company]:
    server = ServerProcess(AMANA_WORKERS=str(WORKERS), AMANA_METRICS_PORT=str(METRICS_PORT))
    try:
        ana = await set_up(await server.start(), server.setup_secret())
        yield Company(server, ana, await join(ana.base_url, await ana.invite(), "Bo"))
    finally:
        await server.remove()


@pytest_asyncio.fixture
async def doorless(company: Company) -> AsyncIterator[Company]:
    """The doorbell hangs: workers are connected to it and hear nothing."""
    pid = nats_pid(company.server)
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    yield company
    os.kill(pid, signal.SIGCONT)


def says(text: str) -> Callable[[dict[str, Any]], bool]:
    return lambda element: element["t"] == "event" and element["content"].get("text") == text


async def everyone_hears(sockets: dict[int, Socket], text: str, within_s: float) -> None:
    async with asyncio.timeout(within_s):
        for socket in sockets.values():
            await socket.until(says(text), within_s)


async def everyone_follows(sockets: dict[int, Socket], room: UUID, within_s: float) -> None:
    """A new room shows up with its head; from then on what is said in it follows."""
    async with asyncio.timeout(within_s):
        for socket in sockets.values():
            await socket.until(lambda e: e["t"] == "head" and e["c"] == str(room), within_s)


async def test_whoever_is_at_another_worker_hears_at_once(company: Company) -> None:
    room = await company.ana.create_group("Everywhere", [company.bo])
    devices = await at_every_worker(company.server, company.bo)

    for number, socket in enumerate(devices.values()):
        await socket.post(room, f"from device {number}")
        await everyone_hears(devices, f"from device {number}", HEALED_WITHIN_S)

    await close_all([*devices.values()])


async def test_ticks_and_typing_cross_the_workers(company: Company) -> None:
    room = await company.ana.create_group("Ticks", [company.bo])
    devices = await at_every_worker(company.server, company.ana)
    reader = await Socket.open(company.bo)
    posted = await company.ana.post(room, "who has it?")
    for socket in (*devices.values(), reader):
        await socket.send({"t": "open", "c": str(room), "seq": posted["seq"]})
        await socket.send({"t": "ping"})
        await socket.until({"t": "pong"}.__eq__)
    about = {"c": str(room), "user": str(company.bo.user_id)}

    await reader.send({"t": "typing", "c": str(room)})
    await reader.send({"t": "delivered", "c": str(room), "seq": posted["seq"]})
    for socket in devices.values():
        await socket.until({"t": "typing", **about}.__eq__)
        await socket.until({"t": "delivered", **about, "seq": posted["seq"]}.__eq__)
    await reader.send({"t": "read", "c": str(room), "seq": posted["seq"]})
    for socket in devices.values():
        await socket.until({"t": "receipt", **about, "seq": posted["seq"]}.__eq__)

    await close_all([*devices.values(), reader])


async def test_a_new_room_appears_at_every_worker(company: Company) -> None:
    devices = await at_every_worker(company.server, company.bo)

    room = await company.ana.create_group("Fresh", [company.bo])
    await everyone_follows(devices, room, HEALED_WITHIN_S)
    await company.ana.post(room, "welcome everywhere")

    await everyone_hears(devices, "welcome everywhere", HEALED_WITHIN_S)
    await close_all([*devices.values()])


async def test_without_a_doorbell_the_digest_brings_messages_and_rooms(doorless: Company) -> None:
    devices = await at_every_worker(doorless.server, doorless.bo)

    room = await doorless.ana.create_group("In silence", [doorless.bo])
    await everyone_follows(devices, room, HEALED_WITHIN_S)
    await doorless.ana.post(room, "nobody rang")

    await everyone_hears(devices, "nobody rang", HEALED_WITHIN_S)
    await close_all([*devices.values()])


async def revoked_everywhere(company: Company) -> None:
    guest = await join(company.ana.base_url, await company.ana.invite(), "Leaving")
    devices = await at_every_worker(company.server, guest)

    await guest.call("DELETE", "/v1/sessions/current")

    codes = await asyncio.gather(*(socket.close_code(REVOKED_WITHIN_S) for socket in devices.values()))
    assert codes == [NOT_SIGNED_IN] * WORKERS
    async with httpx.AsyncClient(base_url=guest.base_url) as visitor, asyncio.timeout(REVOKED_WITHIN_S):
        for _ in range(4 * WORKERS):  # a connection each: any worker may answer
            headers = {"Authorization": f"Bearer {guest.token}", "Connection": "close"}
            while (await visitor.get("/v1/me", headers=headers)).status_code != 401:
                await asyncio.sleep(0.1)


async def test_signing_out_reaches_every_worker(company: Company) -> None:
    await revoked_everywhere(company)


async def test_signing_out_reaches_every_worker_without_a_doorbell(doorless: Company) -> None:
    await revoked_everywhere(doorless)


@pytest.mark.parametrize("silent", [False, True], ids=["rung", "not rung"])
async def test_who_is_removed_from_a_room_hears_nothing_more_of_it(company: Company, silent: bool) -> None:
    pid = nats_pid(company.server)
    assert pid is not None
    room = await company.ana.create_group("Closed circle", [company.bo])
    devices = await at_every_worker(company.server, company.bo)
    if silent:
        os.kill(pid, signal.SIGSTOP)
    try:
        await company.ana.call("DELETE", f"/v1/conversations/{room}/members/{company.bo.user_id}")
        await asyncio.gather(
            *(
                socket.until(
                    lambda e: e["t"] == "user" and e["kind"] == "conversation.left" and e["c"] == str(room),
                    REVOKED_WITHIN_S,
                )
                for socket in devices.values()
            )
        )
        await company.ana.post(room, "not for you")
        other = await company.ana.create_group("Afterwards", [company.bo])
        await everyone_follows(devices, other, HEALED_WITHIN_S)
        await company.ana.post(other, "the next thing you hear")

        for socket in devices.values():
            heard = await socket.until(
                lambda e: e["t"] == "event" and e["content"].get("text") is not None, HEALED_WITHIN_S
            )
            assert heard["content"]["text"] == "the next thing you hear"
    finally:
        os.kill(pid, signal.SIGCONT)
    await close_all([*devices.values()])


async def test_the_metrics_are_those_of_all_workers_together(company: Company) -> None:
    room = await company.ana.create_group("Counted")
    for sent in range(6):
        await company.ana.post(room, f"one of six {sent}")

    async def read() -> str:
        async with httpx.AsyncClient() as client:
            return (await client.get(f"http://127.0.0.1:{METRICS_PORT}/metrics")).text

    def number(text: str, name: str) -> float:
        found = re.search(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)
        return float(found[1]) if found else 0.0

    def is_whole(text: str) -> bool:
        """Reports come every other second, and a worker that lost the doorbell takes a moment to be back."""
        each = [
            f'amana_worker_{what}{{worker="{one}"}}'
            for what in ("up", "hears")
            for one in range(1, WORKERS + 1)
        ]
        return number(text, "amana_messages_total") >= 6 and all(number(text, name) == 1 for name in each)

    async with asyncio.timeout(60):
        while not is_whole(text := await read()):
            await asyncio.sleep(0.5)
    assert number(text, "amana_leader") == 1
    assert number(text, "amana_doorbell_heard_total") > 0


async def test_a_worker_that_dies_is_replaced_and_nobody_else_notices(company: Company) -> None:
    room = await company.ana.create_group("Carrying on", [company.bo])
    devices = await at_every_worker(company.server, company.bo)
    victim = next(iter(devices))

    os.kill(victim, signal.SIGKILL)
    await company.ana.post(room, "still here")

    del devices[victim]
    await everyone_hears(devices, "still here", HEALED_WITHIN_S)
    async with asyncio.timeout(30):
        while len(set(worker_pids(company.server)) - {victim}) < WORKERS:
            await asyncio.sleep(0.1)
        again = await at_every_worker(company.server, company.bo)
    await close_all([*devices.values(), *again.values()])


async def test_the_doorbell_is_on_loopback_with_a_password_nobody_can_read(company: Company) -> None:
    configuration = company.server.data_dir / "doorbell" / "nats.conf"
    told = configuration.read_text()
    port = int(re.search(r"127\.0\.0\.1:(\d+)", told)[1])  # type: ignore[index]
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    await reader.readline()
    writer.write(b'CONNECT {"verbose":true}\r\nSUB > 1\r\n')
    answer = await reader.readline()
    writer.close()
    command_lines = [Path(f"/proc/{pid}/cmdline").read_bytes() for pid in worker_pids(company.server)]

    assert configuration.stat().st_mode & 0o077 == 0
    assert b"Authorization Violation" in answer
    password = re.search(r'"password": "(\w{48})"', told)
    assert password is not None
    assert all(password[1].encode() not in line for line in command_lines)


async def test_start_kill_start_stop_and_a_start_that_fails_leave_nothing_behind() -> None:
    server = ServerProcess(AMANA_WORKERS="2")
    try:
        ana = await set_up(await server.start(), server.setup_secret())
        room = await ana.create_group("Room")
        orphans = [*worker_pids(server), nats_pid(server)]
        address = server.base_url

        await server.kill()
        assert await server.start() == address, "the port is free again at once"
        assert (await ana.post(room, "again"))["seq"] > 0
        async with asyncio.timeout(30):
            while any(pid is not None and Path(f"/proc/{pid}").exists() for pid in orphans):
                await asyncio.sleep(0.1)

        devices = await at_every_worker(server, ana)
        pids = [*worker_pids(server), nats_pid(server), server.postmaster_pid()]
        codes = [asyncio.create_task(socket.close_code(30)) for socket in devices.values()]
        assert await server.stop() == 0
        assert await asyncio.gather(*codes) == [DRAINING] * 2
        assert [pid for pid in pids if pid is not None and Path(f"/proc/{pid}").exists()] == []
        assert not (server.data_dir / "doorbell" / "nats.conf").exists()

        (server.data_dir / "keys" / "root.key").chmod(0o644)
        with pytest.raises(RuntimeError, match=r"cannot start: .*root\.key"):
            await server.start()
        assert server.process is not None
        assert server.process.returncode == 1
        assert server.postmaster_pid() is None
    finally:
        await server.remove()

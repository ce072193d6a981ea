"""A real server of several workers: which of them are there, and a device at each."""

import asyncio
from collections.abc import Sequence
from typing import Any

import psutil  # type: ignore[import-untyped]  # has no types of its own

from tests.support.client import Person, Socket
from tests.support.server import ServerProcess

WORKER = "amana.app.worker"


def worker_pids(server: ServerProcess) -> list[int]:
    """The processes that serve people."""
    return [child.pid for child in _children(server) if WORKER in child.cmdline()]


def nats_pid(server: ServerProcess) -> int | None:
    """The doorbell's server; None while there is none."""
    found = [child.pid for child in _children(server) if "nats-server" in child.name()]
    return found[0] if found else None


def _children(server: ServerProcess) -> list[Any]:
    alive = []
    for child in psutil.Process(server.pid).children():
        try:
            if child.status() != psutil.STATUS_ZOMBIE and child.cmdline():
                alive.append(child)
        except psutil.NoSuchProcess:
            continue
    return alive


def worker_of(server: ServerProcess, socket: Socket) -> int:
    """The process at the other end of a connection."""
    host, port = socket.connection.local_address[:2]
    for pid in worker_pids(server):
        for one in psutil.Process(pid).net_connections("tcp"):
            if one.raddr and (one.raddr.port, one.status) == (port, psutil.CONN_ESTABLISHED):
                return pid
    raise AssertionError(f"no worker holds the connection from {host}:{port}")


async def at_every_worker(server: ServerProcess, person: Person) -> dict[int, Socket]:
    """A device of a person at each worker: connections are opened until every worker has one."""
    found: dict[int, Socket] = {}
    spare = []
    for _ in range(200):
        socket = await Socket.open(person)
        await socket.until(lambda element: element["t"] == "welcome")
        pid = worker_of(server, socket)
        if pid in found:
            spare.append(socket)
        else:
            found[pid] = socket
        if len(found) == len(worker_pids(server)):
            break
    await close_all(spare)
    assert len(found) == len(worker_pids(server)), "the system spreads connections over all workers"
    return found


async def close_all(sockets: Sequence[Socket]) -> None:
    await asyncio.gather(*(socket.close() for socket in sockets))

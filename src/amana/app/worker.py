"""One of several processes that serve people: started by the supervisor, with the supervisor's storage.

``python -m amana.app.worker FD``: nothing else is on the command line, what must be known comes over FD.
"""

import asyncio
import os
import resource
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import structlog
import uvloop

from amana.app.between import nats_place
from amana.app.channel import Channel, Failed, Order, Ready, Report, tally_as_dict
from amana.app.edge import Edge
from amana.app.listening import listen
from amana.app.logs import configure_logs
from amana.app.process import alarm_jump, calm_garbage_collector
from amana.app.secure_context import SecureContext
from amana.app.serving import serving
from amana.app.settings import Settings
from amana.app.storage import reach_storage
from amana.app.wiring import Runtime, build_runtime
from amana.evidence import Sequencer
from amana.kernel.clock import SystemClock
from amana.kernel.entropy import SystemEntropy
from amana.kernel.errors import StartFailure
from amana.kernel.tally import TALLY

log = structlog.get_logger("amana.process")

REPORT_S = 2.0


def main() -> None:
    """Work until told to stop, or until the supervisor is gone."""
    # The terminal's Ctrl+C is for the supervisor.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.exit(uvloop.run(_work(socket.socket(fileno=int(sys.argv[1])))))


async def _work(end: socket.socket) -> int:
    channel = await Channel.over(end)
    order = await channel.order()
    if order is None:
        return 0
    settings = Settings(**order.settings)
    configure_logs(settings.log_level)
    structlog.contextvars.bind_contextvars(worker=order.number)
    try:
        async with _working(order, settings) as runtime:
            calm_garbage_collector()
            channel.say(Ready(runtime.notices))
            await _until_stopped(channel, runtime)
    except StartFailure as failure:
        channel.say(Failed(str(failure)))
        await channel.flushed()
        return 1
    return 0


@asynccontextmanager
async def _working(order: Order, settings: Settings) -> AsyncIterator[Runtime]:
    clock, entropy = SystemClock(on_jump=alarm_jump), SystemEntropy()
    async with AsyncExitStack() as stack:
        storage = await stack.enter_async_context(reach_storage(settings, order.dsn, clock))
        place = await nats_place(settings, order.nats, storage.dsn)
        runtime = await stack.enter_async_context(
            build_runtime(
                settings, storage, public_url=order.public_url, clock=clock, entropy=entropy, nats=place
            )
        )
        edge = Edge(settings, order.public_url, clock=clock, entropy=entropy)
        tls = edge.context(stack)
        runtime.port = order.port
        # Last: from now on the system gives this process its share of the connections.
        sock = listen(settings.host, order.port, fixed=True, shared=True)
        stack.callback(sock.close)
        app = SecureContext(runtime.app, public_url=order.public_url, trusted_proxies=runtime.trusted_proxies)
        await stack.enter_async_context(serving(app, sock, tls, name="http"))
        stack.push_async_callback(runtime.drain)
        yield runtime


async def _until_stopped(channel: Channel, runtime: Runtime) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    reporting = asyncio.create_task(_report(channel, runtime), name="report")
    told = asyncio.create_task(stop.wait(), name="stop")
    alone = asyncio.create_task(channel.until_alone(), name="alone")
    try:
        await asyncio.wait({told, alone}, return_when=asyncio.FIRST_COMPLETED)
        log.info("process.stopping", told=told.done())
    finally:
        for task in (reporting, told, alone):
            task.cancel()


async def _report(channel: Channel, runtime: Runtime) -> None:
    while True:
        channel.say(report_of(runtime))
        await asyncio.sleep(REPORT_S)


def report_of(runtime: Runtime) -> Report:
    """How this process is."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return Report(
        sockets=len(runtime.gateway.hub.sockets),
        leads=runtime.storage.leader.leads,
        hears=runtime.bridge is not None and runtime.bridge.is_connected,
        log_is_stopped=bool(runtime.services.get(Sequencer).stopped),
        memory_bytes=_resident_bytes(used.ru_maxrss),
        cpu_s=used.ru_utime + used.ru_stime,
        tally=tally_as_dict(TALLY),
    )


def _resident_bytes(most_kb: int) -> int:
    """Now where the system says so, else the most there ever was."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except (OSError, ValueError, IndexError):
        return most_kb * 1024
    return pages * os.sysconf("SC_PAGE_SIZE")


if __name__ == "__main__":
    main()

"""Several workers behind one port, and what they share: one process starts, watches and stops all of it.

The supervisor serves nobody. It owns the database (when it is the embedded one), the doorbell's server, the
port, TLS renewal, the metrics and the set-up link, so that a worker can die at any moment and take nothing
with it but its sockets, which come back to the others.
"""

import asyncio
import signal
import socket
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field

import structlog

from amana.app.between import own_servers
from amana.app.channel import (
    Channel,
    Failed,
    Order,
    Ready,
    Report,
    add_tally,
    settings_as_dict,
    tally_as_dict,
)
from amana.app.edge import Edge
from amana.app.listening import reserve
from amana.app.metrics import Facts, WorkerFacts
from amana.app.nats_server import NatsServer
from amana.app.serving import cancel
from amana.app.settings import Settings
from amana.app.storage import Storage, open_storage
from amana.kernel.clock import Clock
from amana.kernel.entropy import Entropy
from amana.kernel.errors import StartFailure
from amana.kernel.tally import TALLY, Tally
from amana.people import service as people

log = structlog.get_logger("amana.supervisor")

# A worker drains in ten seconds at most and then finishes requests for ten more.
STOP_LIMIT_S = 30.0
START_LIMIT_S = 60.0
LAST_WORDS_S = 5.0
RETRY_LIMIT_S = 30.0
STEADY_S = 60.0
# A worker reports every two seconds. One that is silent for so long hangs and helps nobody.
SILENT_S = 60.0


class Worker:
    """One worker, started again when it dies.

    Attributes:
        report: how it was when it last spoke; None before, and after it died.
    """

    def __init__(self, number: int) -> None:
        self.number = number
        self.report: Report | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._channel: Channel | None = None
        self._heard_s = 0.0
        self._retired = Tally()

    @property
    def pid(self) -> int | None:
        process = self._process
        return process.pid if process is not None and process.returncode is None else None

    async def spawn(self) -> None:
        """Start the process: it loads its code and waits for its order."""
        ours, theirs = socket.socketpair()
        try:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "amana.app.worker",
                str(theirs.fileno()),
                stdin=asyncio.subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                # Of its own: Ctrl+C in the terminal is for the supervisor, which then stops all in order.
                start_new_session=True,
            )
        finally:
            theirs.close()
        self._channel = await Channel.over(ours)

    async def begin(self, order: Order) -> list[str]:
        """Give the order and wait until the worker serves; gives its notices.

        Raises:
            StartFailure: it cannot, in its own words.
        """
        channel = self._open_channel()
        channel.say(order)
        try:
            async with asyncio.timeout(START_LIMIT_S):
                while (said := await channel.hear()) is not None:
                    if isinstance(said, Ready):
                        self._heard_s = asyncio.get_running_loop().time()
                        return said.notices
                    if isinstance(said, Failed):
                        raise StartFailure(said.sentence)
        except TimeoutError:
            self.kill()
            raise StartFailure(f"worker {self.number} did not start in {START_LIMIT_S:.0f} s.") from None
        with suppress(TimeoutError):  # it is writing its last words
            await asyncio.wait_for(self.ended(), LAST_WORDS_S)
        raise StartFailure(f"worker {self.number} ended while it started; its own words stand above.")

    async def listen(self) -> int:
        """Take its reports until it ends; gives its exit code (negative: the signal that killed it)."""
        channel = self._open_channel()
        while (said := await channel.hear()) is not None:
            self._heard_s = asyncio.get_running_loop().time()
            if isinstance(said, Report):
                self.report = said
        return await self.ended()

    async def ended(self) -> int:
        """Wait until it is gone."""
        code = 0 if self._process is None else await self._process.wait()
        if self._channel is not None:
            self._channel.close()
        if self.report is not None:
            add_tally(self._retired, self.report.tally)
            self.report = None
        return code

    def counted(self) -> Tally:
        """Everything it ever counted, in all its lives."""
        total = Tally()
        add_all(total, self._retired)
        if self.report is not None:
            add_tally(total, self.report.tally)
        return total

    def is_silent(self) -> bool:
        """Whether it hangs."""
        return self.pid is not None and asyncio.get_running_loop().time() - self._heard_s > SILENT_S

    def ask_to_stop(self) -> None:
        if self.pid is not None and self._process is not None:
            self._process.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        if self.pid is not None and self._process is not None:
            self._process.kill()

    def _open_channel(self) -> Channel:
        if self._channel is None:
            raise RuntimeError("spawn() comes first")
        return self._channel


def add_all(total: Tally, part: Tally) -> None:
    """Add one tally to another."""
    add_tally(total, tally_as_dict(part))


@dataclass(slots=True)
class Supervisor:
    """A running server of several workers; what the command line and the metrics ask.

    Attributes:
        notices: sentences for the person who started it.
    """

    settings: Settings
    storage: Storage
    clock: Clock
    entropy: Entropy
    public_url: str
    port: int
    workers: Sequence[Worker]
    orders: Sequence[Order]
    notices: list[str] = field(default_factory=list)
    restarts: int = 0
    stopping: bool = False

    async def issue_setup_secret(self) -> str | None:
        """Make the secret of the set-up link; None when there is an organisation already."""
        return await people.issue_setup_secret(self.storage.database, self.clock, self.entropy)

    def tally(self) -> Tally:
        """What all workers counted, and the supervisor itself (restarts of the database)."""
        total = Tally()
        for part in (TALLY, *(worker.counted() for worker in self.workers)):
            add_all(total, part)
        return total

    def facts(self) -> Facts:
        """How the workers are, each and together."""
        each = [_facts_of(worker) for worker in self.workers]
        space = self.storage.space
        return Facts(
            sockets=sum(one.sockets for one in each),
            is_leader=any(one.leads for one in each),
            disk_free_bytes=space.free if space else None,
            disk_reserve_bytes=space.reserve if space else None,
            is_read_only=space is not None and space.is_short,
            log_is_stopped=any(one.log_is_stopped for one in each),
            workers=each,
            worker_restarts=self.restarts,
        )

    async def begin(self) -> None:
        """Have every worker serve.

        Raises:
            StartFailure: one of them cannot; the first in its own words.
        """
        begun = await asyncio.gather(
            *(worker.begin(order) for worker, order in zip(self.workers, self.orders, strict=True))
        )
        self.notices += dict.fromkeys(notice for notices in begun for notice in notices)

    async def keep(self, worker: Worker, order: Order) -> None:
        """Start one worker again whenever it ends, until the supervisor stops."""
        loop = asyncio.get_running_loop()
        delay_s = 0.0
        while True:
            begun = loop.time()
            code = await worker.listen()
            while not self.stopping:
                delay_s = 0.0 if loop.time() - begun > STEADY_S else delay_s
                self.restarts += 1
                log.error("worker.died", worker=worker.number, code=code, again_in_s=delay_s)
                await asyncio.sleep(delay_s)
                delay_s = min(RETRY_LIMIT_S, delay_s * 2 + 0.5)
                begun = loop.time()
                try:
                    await worker.spawn()
                    await worker.begin(order)
                    log.info("worker.serves_again", worker=worker.number)
                    break
                except (StartFailure, OSError) as failure:
                    log.error("worker.not_restarted", worker=worker.number, reason=str(failure))
                    code = await worker.ended()
            if self.stopping:
                return

    async def end_silent(self) -> None:
        """End workers that hang, so that they are started again; a task of its own."""
        while True:
            await asyncio.sleep(SILENT_S / 10)
            for worker in self.workers:
                if worker.is_silent() and worker.report is not None:
                    log.error("worker.hangs", worker=worker.number)
                    worker.kill()

    async def stop(self) -> None:
        """Let every worker say goodbye to its sockets and finish what it began."""
        self.stopping = True
        for worker in self.workers:
            worker.ask_to_stop()
        with suppress(TimeoutError):
            async with asyncio.timeout(STOP_LIMIT_S):
                await asyncio.gather(*(worker.ended() for worker in self.workers))
        for worker in self.workers:
            if worker.pid is not None:
                log.error("worker.did_not_stop", worker=worker.number)
                worker.kill()
                await worker.ended()


def _facts_of(worker: Worker) -> WorkerFacts:
    report = worker.report
    if report is None:
        return WorkerFacts(worker.number)
    return WorkerFacts(
        worker.number,
        is_up=True,
        sockets=report.sockets,
        leads=report.leads,
        hears=report.hears,
        log_is_stopped=report.log_is_stopped,
        memory_bytes=report.memory_bytes,
        cpu_s=report.cpu_s,
    )


@asynccontextmanager
async def supervising(settings: Settings, clock: Clock, entropy: Entropy) -> AsyncIterator[Supervisor]:
    """Everything that makes up a running server of several workers; left in reverse order.

    Raises:
        StartFailure: something that the operator can mend.
    """
    servers = own_servers(settings)
    async with AsyncExitStack() as stack:
        sock = await reserve(settings.host, settings.port, fixed=settings.public_url is not None)
        stack.callback(sock.close)
        port = int(sock.getsockname()[1])
        public_url = settings.public_url or f"http://localhost:{port}"
        workers = [Worker(number) for number in range(1, settings.workers + 1)]
        stack.push_async_callback(_end_all, workers)
        for worker in workers:  # they load their code while the database starts
            await worker.spawn()
        storage = await stack.enter_async_context(open_storage(settings, clock, entropy))
        if not servers:
            servers = [await _start_nats(stack, settings, entropy)]
        edge = Edge(settings, public_url, clock=clock, entropy=entropy)
        notices = await edge.begin(stack, port=port)
        orders = [
            Order(
                number=worker.number,
                settings=settings_as_dict(settings),
                dsn=storage.dsn,
                nats=servers,
                public_url=public_url,
                port=port,
            )
            for worker in workers
        ]
        crew = Supervisor(
            settings, storage, clock, entropy, public_url, port, workers, orders, notices=list(notices)
        )
        stack.push_async_callback(crew.stop)
        await crew.begin()
        keeping = [asyncio.create_task(crew.end_silent(), name="silent workers")]
        for worker, order in zip(workers, orders, strict=True):
            keeping.append(asyncio.create_task(crew.keep(worker, order), name=f"worker {worker.number}"))
        for task in keeping:
            stack.push_async_callback(cancel, task)
        stack.push_async_callback(crew.stop)
        yield crew


async def _start_nats(stack: AsyncExitStack, settings: Settings, entropy: Entropy) -> str:
    server = NatsServer(settings.data_dir / "doorbell", entropy)
    stack.push_async_callback(server.stop)
    await server.start()
    watching = asyncio.create_task(server.watch(), name="nats")
    stack.push_async_callback(cancel, watching)
    return server.url


async def _end_all(workers: Sequence[Worker]) -> None:
    """After a start that failed: nobody may be left behind."""
    for worker in workers:
        worker.kill()
        await worker.ended()

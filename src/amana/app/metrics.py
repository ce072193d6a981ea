"""`/metrics` for Prometheus, on a listener of its own: what the process counted and where things stand.

Nothing here names a person, a room or a message. What needs the database is read at most once in
``REMEMBERED_S``, however often somebody asks.
"""

import asyncio
import hmac
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

from amana import __version__
from amana.app.settings import LOCAL_HOSTS, Settings
from amana.http.asgi import Receive, Scope, Send, header
from amana.kernel.clock import Clock
from amana.kernel.errors import Refusal, StartFailure
from amana.kernel.tally import TALLY, Distribution, Tally

REMEMBERED_S = 5.0
TOKEN_MIN_CHARACTERS = 16


@dataclass(frozen=True, slots=True)
class WorkerFacts:
    """One of several workers; only ``number`` while it is being started again.

    Attributes:
        hears: whether the doorbell reaches it.
    """

    number: int
    is_up: bool = False
    sockets: int = 0
    leads: bool = False
    hears: bool = False
    log_is_stopped: bool = False
    memory_bytes: int = 0
    cpu_s: float = 0.0


@dataclass(slots=True)
class Facts:
    """Where things stand now; None = not known or not in use, and then not shown.

    Attributes:
        backup_age_s: since the newest whole object of each part: base, wal, keyring.
        witness_delay_s: by witness: since the newest checkpoint it has not cosigned was made; 0 = none.
        workers: each of several; empty when one process does everything.
    """

    sockets: int = 0
    is_leader: bool = False
    disk_free_bytes: int | None = None
    disk_reserve_bytes: int | None = None
    is_read_only: bool = False
    log_entries: int | None = None
    log_age_s: float | None = None
    log_is_stopped: bool = False
    witness_delay_s: dict[str, float] = field(default_factory=dict)
    backup_age_s: dict[str, float] = field(default_factory=dict)
    database_up: bool = True
    workers: Sequence[WorkerFacts] = ()
    worker_restarts: int = 0


class AmanaCollector(Collector):
    """Turns the tally and the facts into Prometheus' shapes."""

    def __init__(self, tally: Callable[[], Tally]) -> None:
        self.facts = Facts()
        self._tally = tally

    def describe(self) -> Iterable[Metric]:
        """Nothing: the registry need not collect in order to register."""
        return ()

    def collect(self) -> Iterator[Metric]:
        yield InfoMetricFamily("amana", "The running version.", {"version": __version__})
        yield from self._counted()
        yield from self._standing()
        yield from self._ages()
        if self.facts.workers:
            yield from self._of_workers()

    def _counted(self) -> Iterator[Metric]:
        tally = self._tally()
        counters = (
            ("amana_messages", "Messages stored, each once.", tally.messages),
            ("amana_commits", "Transactions that changed something.", tally.commits),
            ("amana_queue_overflows", "Sockets closed because they read too slowly.", tally.overflows),
            ("amana_vault_damage", "Stored contents that could not be opened.", tally.damage),
            ("amana_clock_jumps", "Leaps of the machine's clock.", tally.clock_jumps),
            ("amana_postgres_restarts", "Times the database died and came back.", tally.postgres_restarts),
        )
        for name, text, value in counters:
            yield CounterMetricFamily(name, text, value)
        yield _by_label("amana_refusals", "Refusals by code.", "code", tally.refusals)
        yield _by_label("amana_failed_jobs", "Failed runs of timed work.", "job", tally.failed_jobs)
        yield _histogram("amana_batch_messages", "Messages and changes in a commit.", tally.batches)
        yield _histogram("amana_commit_seconds", "Duration of such a commit.", tally.commit_s)
        yield _histogram("amana_ack_seconds", "Longest wait in a batch until it is durable.", tally.ack_s)

    def _standing(self) -> Iterator[Metric]:
        facts = self.facts
        gauges = (
            ("amana_sockets", "Open sockets.", facts.sockets),
            ("amana_leader", "1 when this process does the timed work.", int(facts.is_leader)),
            ("amana_database_up", "1 when the database answers.", int(facts.database_up)),
            ("amana_read_only", "1 while the disk is nearly full.", int(facts.is_read_only)),
            ("amana_disk_free_bytes", "Free on the data's disk.", facts.disk_free_bytes),
            ("amana_disk_reserve_bytes", "Below this nothing new is taken.", facts.disk_reserve_bytes),
            ("amana_log_entries", "Leaves in the transparency log.", facts.log_entries),
            ("amana_log_age_seconds", "Since the newest checkpoint.", facts.log_age_s),
            ("amana_log_stopped", "1 while the log is not signed any more.", int(facts.log_is_stopped)),
            ("amana_clock_offset_seconds", "The last leap of the clock.", self._tally().clock_offset_s),
        )
        for name, text, value in gauges:
            if value is not None:
                yield GaugeMetricFamily(name, text, value)

    def _ages(self) -> Iterator[Metric]:
        labelled = (
            ("amana_backup_age_seconds", "Since the newest of each part.", "part", self.facts.backup_age_s),
            ("amana_witness_delay_seconds", "How far behind.", "witness", self.facts.witness_delay_s),
        )
        for name, text, label, values in labelled:
            metric = GaugeMetricFamily(name, text, labels=[label])
            for key, seconds in values.items():
                metric.add_metric([key], seconds)
            yield metric

    def _of_workers(self) -> Iterator[Metric]:
        workers, tally = self.facts.workers, self._tally()
        counters = (
            ("amana_worker_restarts", "Workers that ended and were replaced.", self.facts.worker_restarts),
            ("amana_doorbell_sent", "Letters to other workers.", tally.doorbell_sent),
            ("amana_doorbell_heard", "Letters from other workers.", tally.doorbell_heard),
            ("amana_doorbell_lost", "What could not be told; the digest finds it.", tally.doorbell_lost),
        )
        for name, text, value in counters:
            yield CounterMetricFamily(name, text, value)
        of_each: tuple[tuple[str, str, Callable[[WorkerFacts], float]], ...] = (
            ("amana_worker_up", "1 while this worker serves.", lambda one: one.is_up),
            ("amana_worker_sockets", "Open sockets of this worker.", lambda one: one.sockets),
            ("amana_worker_hears", "1 while the doorbell reaches this worker.", lambda one: one.hears),
            ("amana_worker_memory_bytes", "Resident memory.", lambda one: one.memory_bytes),
            ("amana_worker_cpu_seconds", "Processor time since its start.", lambda one: one.cpu_s),
        )
        for name, text, read in of_each:
            metric = GaugeMetricFamily(name, text, labels=["worker"])
            for one in workers:
                metric.add_metric([str(one.number)], float(read(one)))
            yield metric


Source = Callable[[Facts], Awaitable[None]]


class Look:
    """Asks the parts of a running server where they stand.

    Args:
        base: fills what this process knows by itself.
        sources: each adds what it reads from the database; one that is refused leaves its part out.
    """

    def __init__(self, base: Callable[[], Facts], sources: Sequence[Source]) -> None:
        self._base = base
        self._sources = sources

    async def facts(self) -> Facts:
        found = self._base()
        for source in self._sources:
            try:
                await source(found)
            except (Refusal, OSError):
                found.database_up = False
                break
        return found


class MetricsPage:
    """ASGI application with one page.

    Args:
        look: gives the facts; asked at most once in ``REMEMBERED_S``.
        token: what ``Authorization: Bearer`` must carry; None = whoever reaches the listener may read.
        tally: what was counted, by this process or by several together.
    """

    def __init__(
        self, look: Look, clock: Clock, *, token: str | None, tally: Callable[[], Tally] = lambda: TALLY
    ) -> None:
        self._look = look
        self._clock = clock
        self._token = token
        self._until_s = 0.0
        self._looking = asyncio.Lock()
        self._collector = AmanaCollector(tally)
        self._registry = CollectorRegistry()
        self._registry.register(self._collector)
        ProcessCollector(registry=self._registry)
        PlatformCollector(registry=self._registry)
        GCCollector(registry=self._registry)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        if not self._may_read(scope):
            await _answer(send, 401, b"text/plain", b"a token is needed\n")
        elif scope["path"] != "/metrics":
            await _answer(send, 404, b"text/plain", b"the page is /metrics\n")
        else:
            await self._refresh()
            await _answer(send, 200, CONTENT_TYPE_LATEST.encode(), generate_latest(self._registry))

    def _may_read(self, scope: Scope) -> bool:
        if self._token is None:
            return True
        sent = header(scope, b"authorization") or ""
        return hmac.compare_digest(sent.encode(), f"Bearer {self._token}".encode())

    async def _refresh(self) -> None:
        async with self._looking:
            now_s = self._clock.monotonic_s()
            if now_s >= self._until_s:
                self._collector.facts = await self._look.facts()
                self._until_s = now_s + REMEMBERED_S


def metrics_token(settings: Settings) -> str | None:
    """The token that readers must show.

    Raises:
        StartFailure: the file cannot be read or holds too little, or the page would be open to a network.
    """
    path = settings.metrics_token_file
    if path is None:
        if settings.metrics_host not in LOCAL_HOSTS:
            raise StartFailure(
                f"the metrics would be open to everybody who reaches {settings.metrics_host}. Put a token "
                "into a file and name it in AMANA_METRICS_TOKEN_FILE, or listen on 127.0.0.1."
            )
        return None
    return _read_token(path)


def _read_token(path: Path) -> str:
    try:
        token = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise StartFailure(f"the file of AMANA_METRICS_TOKEN_FILE cannot be read: {error}.") from None
    if len(token) < TOKEN_MIN_CHARACTERS:
        raise StartFailure(f"the token in {path} is too short: {TOKEN_MIN_CHARACTERS} characters at least.")
    return token


def _by_label(name: str, text: str, label: str, counts: Mapping[str, int]) -> Metric:
    metric = CounterMetricFamily(name, text, labels=[label])
    for key, count in counts.items():
        metric.add_metric([key], count)
    return metric


def _histogram(name: str, text: str, seen: Distribution) -> Metric:
    buckets, below = [], 0
    for bound, cell in zip([*map(str, seen.bounds), "+Inf"], seen.cells, strict=True):
        below += cell
        buckets.append((bound, float(below)))
    return HistogramMetricFamily(name, text, buckets=buckets, sum_value=seen.total)


async def _answer(send: Send, status: int, kind: bytes, body: bytes) -> None:
    headers = [(b"content-type", kind), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})

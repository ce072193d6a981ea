"""Taking backups: what the leader does all the time, and what ``amana backup now`` does once."""

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

import structlog

from amana.backup import journal, keyring, layout, lsn, pruning, wal
from amana.backup.copying import BaseJob, take_base
from amana.backup.errors import BackupFailure, BaseFailed
from amana.backup.handshake import introduce
from amana.backup.layout import BaseInfo, Description
from amana.backup.memory import Memory
from amana.backup.plan import Plan
from amana.backup.server import ServerFacts, connected, facts_of
from amana.backup.target import Target
from amana.evidence.service import Evidence
from amana.kernel.clock import Clock
from amana.kernel.entropy import Entropy
from amana.kernel.ids import OrgId
from amana.storage.database import Database
from amana.storage.faults import DRIVER_ERRORS
from amana.storage.leader import Leader

log = structlog.get_logger("amana.backup")

SHIP_PERIOD = timedelta(seconds=20)
JOURNAL_PERIOD = timedelta(seconds=15)
KEYRING_PERIOD = timedelta(minutes=10)
BASE_CHECK_PERIOD = timedelta(minutes=5)
# A little less than a day, so that it does not wander through the day by the checks between.
BASE_PERIOD = timedelta(hours=23, minutes=50)
BASE_LOCK = int.from_bytes(b"basecpy", "big")
# How long ``now`` waits for the server that ships the log to have shipped what a base needs.
SHIPPED_WAIT_S = 120.0

T = TypeVar("T")
Moved = Callable[[int], None]
Organisation = Callable[[], Awaitable[OrgId | None]]


@dataclass(slots=True)
class Health:
    """What the running server knows about its backups without asking the targets; for metrics.

    Attributes:
        failing: (target, what) → since when; what is base, keyring, journal, wal or prune.
        taken: (target, what) → when it last went well.
    """

    failing: dict[tuple[str, str], datetime] = field(default_factory=dict)
    taken: dict[tuple[str, str], datetime] = field(default_factory=dict)


class Backups:
    """Everything that is put into the targets of one plan."""

    def __init__(
        self,
        plan: Plan,
        *,
        dsn: str,
        database: Database,
        evidence: Evidence,
        organisation: Organisation,
        clock: Clock,
        entropy: Entropy,
    ) -> None:
        """Prepare; nothing is asked or written yet.

        Args:
            dsn: of the account that owns the database; the pool's role could not read the log.
            organisation: gives the one organisation, None before set-up.
        """
        self.plan = plan
        self.health = Health()
        self.shipper = wal.Shipper(dsn, plan.targets, plan.recipients, clock)
        self.memory = Memory(plan.data_dir)
        self._dsn = dsn
        self._database = database
        self._evidence = evidence
        self._organisation = organisation
        self._clock = clock
        self._entropy = entropy

    def register(self, leader: Leader) -> None:
        """Let the leader do everything in time."""
        for name, period, work in (
            ("wal", SHIP_PERIOD, self.ship),
            ("journal", JOURNAL_PERIOD, self.journal),
            ("keyring", KEYRING_PERIOD, self.keyring),
            ("base", BASE_CHECK_PERIOD, self.base_if_due),
            ("prune", pruning.PERIOD, self.prune),
        ):
            leader.every(period, f"backup {name}", partial(self._alarmed, name, work))

    async def close(self) -> None:
        """Let go of the log. Nothing is under way any more; half of a base leaves nothing behind."""
        await self.shipper.close()

    async def ship(self) -> bool:
        """Ship the log to every target; whether it was this process that does it."""
        shipped = await self.shipper.run_once()
        for name, state in (shipped or {}).items():
            await self._note(name, "wal", state.reason)
        return shipped is not None

    async def keyring(self) -> None:
        """Put the keyring into every target."""
        org_id = await self._organisation()

        async def put(target: Target, _: Description) -> None:
            async with connected(self._dsn) as connection:
                await keyring.put_snapshot(
                    connection, target, self.plan.recipients, self._clock.now(), org_id=org_id
                )

        await self._everywhere("keyring", put)

    async def journal(self) -> None:
        """Add what was erased since the last time to every target."""
        org_id = await self._organisation()
        if org_id is None:
            return
        facts = await self._facts()

        async def put(target: Target, description: Description) -> None:
            name = f"{facts.system_identifier}/{facts.timeline}"
            mark, count = self.memory.mark(description.id, name), journal.PIECE
            while count == journal.PIECE:
                count, mark = await journal.ship(
                    self._database,
                    org_id,
                    target,
                    mark,
                    recipients=self.plan.recipients,
                    now=self._clock.now(),
                )
                if count:
                    self.memory.set_mark(description.id, name, mark)

        await self._everywhere("journal", put)

    async def base_if_due(self) -> None:
        """Take a base into every target whose newest is a day old, or whose log has a hole."""
        await self.ship()

        async def put(target: Target, _: Description) -> None:
            if await asyncio.to_thread(is_due, target, self._clock.now()):
                await self._base(target, lambda _: None)

        await self._everywhere("base", put)
        # A base is usable once the log up to its end is there too.
        await self.ship()

    async def now(self, moved: Callable[[Target, int], Moved]) -> list[tuple[Target, BaseInfo]]:
        """Take a whole set into every target now: base, log, keyring, journal.

        Args:
            moved: given a target and about how many bytes there are, gives what is told of each block.

        Raises:
            BackupFailure: the first thing that went wrong; targets before it have their set.
        """
        facts = await self._facts()
        ships = await self.ship()
        taken = []
        for target in self.plan.targets:
            await self._introduce(target, facts)
            taken.append((target, await self._base(target, moved(target, facts.size_bytes))))
        if ships:
            await self.ship()
        await self._wait_for_log([info for _, info in taken], limit_s=0.0 if ships else SHIPPED_WAIT_S)
        await self.keyring()
        await self.journal()
        for name, what in self.health.failing:
            raise BackupFailure(f"{name} did not take everything ({what}); the log names the reason.")
        return taken

    async def prune(self) -> list[tuple[Target, pruning.Pruned]]:
        """Remove from every target what is too old."""
        done: list[tuple[Target, pruning.Pruned]] = []

        async def put(target: Target, _: Description) -> None:
            pruned = await asyncio.to_thread(pruning.prune, target, self.plan.keep, self._clock.now())
            done.append((target, pruned))
            if pruned.bases:
                await self._record("backup.pruned", target.name, {"bases": pruned.bases})

        await self._everywhere("prune", put)
        return done

    async def _base(self, target: Target, moved: Moved) -> BaseInfo:
        async with self._alone():
            facts, stop = await self._facts(), threading.Event()
            job = BaseJob(self._dsn, facts, self.plan.recipients, moved, stop)
            info = await _until_done(stop, lambda: take_base(target, job, self._clock))
        log.info("backup.taken", target=target.name, stamp=info.stamp, sealed_bytes=info.sealed_bytes)
        await self._record(
            "backup.taken",
            target.name,
            {"stamp": info.stamp, "bytes": info.sealed_bytes, "sha256": info.sealed_sha256},
        )
        return info

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator[None]:
        async with connected(self._dsn) as connection:
            if not await connection.fetchval("SELECT pg_try_advisory_lock($1)", BASE_LOCK):
                raise BaseFailed("A backup is being taken right now. Wait until it is done.")
            yield

    async def _wait_for_log(self, infos: list[BaseInfo], *, limit_s: float) -> None:
        """A base is worth nothing before the log up to its end is there too."""
        end = max((lsn.parse(info.end_lsn) for info in infos), default=0)
        give_up_s = self._clock.monotonic_s() + limit_s
        while True:
            async with connected(self._dsn) as connection:
                kept = await connection.fetchval(
                    "SELECT restart_lsn::text FROM pg_replication_slots WHERE slot_name = $1", wal.SLOT
                )
            lacking = await self._lacking(infos)
            if kept is not None and lsn.parse(kept) >= end and not lacking:
                return
            if self._clock.monotonic_s() >= give_up_s:
                where = f" to {lacking[0]}" if lacking else ""
                raise BaseFailed(
                    f"The base is there, but the log that it needs is not shipped{where}. Give the running "
                    "server the same AMANA_BACKUP_TARGET and AMANA_BACKUP_RECIPIENT and restart it."
                )
            await asyncio.sleep(1)

    async def _lacking(self, infos: list[BaseInfo]) -> list[str]:
        def look() -> list[str]:
            return [
                target.name
                for target, info in zip(self.plan.targets, infos, strict=True)
                if not pruning.is_good(info, layout.list_wal(target))
            ]

        return await asyncio.to_thread(look)

    async def _everywhere(self, what: str, put: Callable[[Target, Description], Awaitable[None]]) -> None:
        """Do the same with every target; one that fails does not keep the others from it."""
        facts = await self._facts()
        for target in self.plan.targets:
            try:
                await put(target, await self._introduce(target, facts))
            except (BackupFailure, *DRIVER_ERRORS) as failure:
                reason = str(failure) if isinstance(failure, BackupFailure) else type(failure).__name__
                await self._note(target.name, what, reason)
            else:
                await self._note(target.name, what, None)

    async def _introduce(self, target: Target, facts: ServerFacts) -> Description:
        return await asyncio.to_thread(
            lambda: introduce(
                self.plan,
                target,
                facts.system_identifier,
                memory=self.memory,
                entropy=self._entropy,
                now=self._clock.now(),
            )
        )

    async def _facts(self) -> ServerFacts:
        async with connected(self._dsn) as connection:
            return await facts_of(connection)

    async def _note(self, target: str, what: str, reason: str | None) -> None:
        """Keep the state of one thing in one target; what changes is recorded, what stays is not."""
        now, key = self._clock.now(), (target, what)
        if reason is None:
            self.health.taken[key] = now
            if self.health.failing.pop(key, None) is not None:
                log.info("backup.recovered", target=target, what=what)
                await self._record("backup.recovered", target, {"what": what})
        elif key not in self.health.failing:
            self.health.failing[key] = now
            log.error("backup.failed", target=target, what=what, reason=reason)
            await self._record("backup.failed", target, {"what": what, "reason": reason})

    async def _record(self, action: str, target: str, detail: Mapping[str, object]) -> None:
        org_id = await self._organisation()
        if org_id is None:
            return  # nobody has set it up yet: there is nothing to account for
        async with self._database.write(org_id) as tx:
            await self._evidence.record(
                tx,
                org_id=org_id,
                actor_id=None,
                action=action,
                subject=None,
                now=self._clock.now(),
                detail={"target": target, **detail},
            )

    async def _alarmed(self, name: str, work: Callable[[], Awaitable[object]]) -> None:
        """Do one piece of work; what fails is an alarm of every target until it works again."""
        try:
            await work()
        except (BackupFailure, *DRIVER_ERRORS) as failure:
            reason = str(failure) if isinstance(failure, BackupFailure) else type(failure).__name__
            log.error("backup.failed", what=name, reason=reason)
            for target in self.plan.targets:
                self.health.failing.setdefault((target.name, name), self._clock.now())


def is_due(target: Target, now: datetime) -> bool:
    """Whether a target needs a new base; blocks."""
    bases, segments = pruning.readable_bases(target), layout.list_wal(target)
    if not bases or now - bases[-1].started_at >= BASE_PERIOD:
        return True
    newest = bases[-1]
    switched = any(int(segment.key[:8], 16) > newest.timeline for segment in segments)
    return switched or bool(wal.holes(newest, segments))


async def _until_done(stop: threading.Event, work: Callable[[], T]) -> T:
    """Run in a thread; when we are cancelled, the thread is told, and waited for."""
    running = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        stop.set()
        await asyncio.wait([running], timeout=60)
        raise

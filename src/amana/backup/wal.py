"""Continuous backup: the write-ahead log goes to every target while the server runs.

WAL is read through SQL from the server's own folder, as ``pg_rewind`` does, up to what is flushed to
its disk: there is no second copy of it in the clear anywhere, and no child process. A physical
replication slot keeps what is not shipped; it is moved when every target has it. The server drops the
slot's WAL when nothing is shipped for too long (``max_slot_wal_keep_size``), and a target that is
down alone is given up after ``MAX_BEHIND_BYTES``, so that no target can fill the server's disk. Such a
gap is noticed (``holes``), and a new base closes it.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import asyncpg
import structlog

from amana.backup import layout, lsn, segments
from amana.backup.errors import BackupFailure, NoBackupRights
from amana.backup.keys import Recipient
from amana.backup.server import RIGHTS
from amana.backup.target import Target
from amana.kernel.clock import Clock

log = structlog.get_logger("amana.backup")

SLOT = "amana_backup"
SHIP_LOCK = int.from_bytes(b"walship", "big")
# Four times what a busy office writes in a day of text, and small on any disk of today.
MAX_BEHIND_BYTES = 4 << 30
# A piece is written when something is new; so many of them are joined into one.
MAX_PIECES = 60
READ_BYTES = 4 << 20
# Where nobody writes, the log stands still. One empty record now and then shows that it still arrives:
# the age of the newest piece in a target is then the age of what it holds.
HEARTBEAT = timedelta(minutes=2)

_SLOT = """
SELECT restart_lsn::text AS restart_lsn, wal_status FROM pg_replication_slots WHERE slot_name = $1
"""
_PLACE = """
SELECT pg_current_wal_flush_lsn()::text AS flushed, pg_walfile_name(pg_current_wal_flush_lsn()) AS file,
       (SELECT setting::bigint FROM pg_settings WHERE name = 'wal_segment_size') AS segment_bytes
"""

_READ = "SELECT pg_read_binary_file('pg_wal/' || $1, $2, $3)"


@dataclass(slots=True)
class Shipped:
    """How far one target is.

    Attributes:
        lsn: it holds every byte before this.
        caught_up_at: it held everything that was flushed at this time; None when it never did.
        pieces: written of the current segment.
        failing: since when it does not take anything, and the sentence why.
    """

    lsn: int
    caught_up_at: datetime | None = None
    behind_bytes: int = 0
    pieces: int = 0
    failing: datetime | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class _Place:
    flushed: int
    timeline: int
    segment_bytes: int

    def segment(self, at: int) -> str:
        return lsn.segment_name(self.timeline, at // self.segment_bytes, self.segment_bytes)


class Shipper:
    """Ships to all targets over one connection, which holds the lock that only one shipper has.

    Attributes:
        shipped: by the target's name; empty while another process ships.
        gaps: how often WAL was lost for the backup since the start.
    """

    def __init__(
        self, dsn: str, targets: Sequence[Target], recipients: Sequence[Recipient], clock: Clock
    ) -> None:
        self._dsn = dsn
        self._targets = targets
        self._recipients = recipients
        self._clock = clock
        self._connection: asyncpg.Connection | None = None
        self._timeline = 0
        self._moved: tuple[int, datetime] | None = None
        self._working = asyncio.Lock()
        self._reading = asyncio.Lock()
        self.shipped: dict[str, Shipped] = {}
        self.gaps = 0

    async def run_once(self) -> Mapping[str, Shipped] | None:
        """Bring every target up to what is flushed now; None when another process does that.

        A target that fails does not hold up the others; it is tried again the next time.

        Raises:
            NoBackupRights: the account may not.
        """
        async with self._working:
            try:
                connection = await self._lead()
                if connection is None:
                    return None
                await self._ship(connection)
            except asyncpg.InsufficientPrivilegeError as error:
                await self._leave()
                raise NoBackupRights(RIGHTS) from error
            except BaseException:
                await self._leave()
                raise
            return self.shipped

    async def close(self) -> None:
        """Let go of the lock; the slot stays and keeps what is not shipped."""
        async with self._working:
            await self._leave()

    async def _lead(self) -> asyncpg.Connection | None:
        if self._connection is not None and not self._connection.is_closed():
            return self._connection
        connection = await asyncpg.connect(
            self._dsn, timeout=10, server_settings={"application_name": "amana-backup-wal"}
        )
        try:
            leads = await connection.fetchval("SELECT pg_try_advisory_lock($1)", SHIP_LOCK)
        except BaseException:
            connection.terminate()
            raise
        if not leads:
            await connection.close()
            return None
        self.shipped.clear()
        self._connection = connection
        return connection

    async def _leave(self) -> None:
        connection, self._connection = self._connection, None
        self.shipped.clear()
        if connection is not None:
            connection.terminate()

    async def _ship(self, connection: asyncpg.Connection) -> None:
        now = self._clock.now()
        kept_from = await self._slot(connection)
        await self._beat(connection, now)
        row = await connection.fetchrow(_PLACE)
        place = _Place(lsn.parse(row["flushed"]), int(row["file"][:8], 16), row["segment_bytes"])
        if place.timeline != self._timeline:
            self._timeline = place.timeline
            self.shipped.clear()
        begin = kept_from - kept_from % place.segment_bytes
        states = [self.shipped.setdefault(target.name, Shipped(begin)) for target in self._targets]
        # Side by side: one target that answers slowly does not make the others late.
        await asyncio.gather(
            *(
                self._ship_to(connection, target, state, place, now)
                for target, state in zip(self._targets, states, strict=True)
            )
        )
        for target, state in zip(self._targets, states, strict=True):
            if place.flushed - state.lsn > MAX_BEHIND_BYTES:
                self._give_up(target, state, place)
        everywhere = min(state.lsn for state in self.shipped.values())
        if everywhere > kept_from:
            await connection.execute(
                "SELECT pg_replication_slot_advance($1, $2::text::pg_lsn)", SLOT, lsn.written(everywhere)
            )

    async def _slot(self, connection: asyncpg.Connection) -> int:
        """From where on the server keeps WAL for us; makes the slot when there is none or it lost some."""
        found = await connection.fetchrow(_SLOT, SLOT)
        if found is not None and (found["restart_lsn"] is None or found["wal_status"] == "lost"):
            self.gaps += 1
            log.error("backup.wal_gap", reason="the server dropped what was not shipped in time")
            await connection.execute("SELECT pg_drop_replication_slot($1)", SLOT)
            found = None
        if found is None:
            await connection.execute("SELECT pg_create_physical_replication_slot($1, true)", SLOT)
            self.shipped.clear()
            found = await connection.fetchrow(_SLOT, SLOT)
        return lsn.parse(found["restart_lsn"])

    async def _beat(self, connection: asyncpg.Connection, now: datetime) -> None:
        """Write something when nobody else did for a while."""
        flushed = lsn.parse((await connection.fetchrow(_PLACE))["flushed"])
        if self._moved is None or flushed != self._moved[0]:
            self._moved = (flushed, now)
        elif now - self._moved[1] >= HEARTBEAT:
            await connection.execute("SELECT pg_logical_emit_message(true, 'amana', '')")

    def _give_up(self, target: Target, state: Shipped, place: _Place) -> None:
        """Keep nothing more for a target that is down for too long: the server's disk comes first."""
        self.gaps += 1
        log.error("backup.wal_gap", target=target.name, lost_bytes=place.flushed - state.lsn)
        state.lsn = place.flushed - place.flushed % place.segment_bytes

    async def _ship_to(
        self, connection: asyncpg.Connection, target: Target, state: Shipped, place: _Place, now: datetime
    ) -> None:
        try:
            while state.lsn < place.flushed:
                await self._ship_segment(connection, target, state, place)
        except BackupFailure as failure:
            state.failing, state.reason = state.failing or now, str(failure)
        else:
            state.failing = state.reason = None
            state.caught_up_at = now
        state.behind_bytes = place.flushed - state.lsn

    async def _ship_segment(
        self, connection: asyncpg.Connection, target: Target, state: Shipped, place: _Place
    ) -> None:
        segment, offset = place.segment(state.lsn), state.lsn % place.segment_bytes
        begin = state.lsn - offset
        end = min(place.flushed, begin + place.segment_bytes)
        if end == begin + place.segment_bytes:
            data = await self._read(connection, segment, 0, place.segment_bytes)
            await asyncio.to_thread(segments.put_whole, target, segment, data, self._recipients)
            state.pieces = 0
        else:
            if state.pieces >= MAX_PIECES:
                offset = 0
            data = await self._read(connection, segment, offset, end - begin - offset)
            await asyncio.to_thread(segments.put_piece, target, segment, offset, data, self._recipients)
            state.pieces = 1 if offset == 0 else state.pieces + 1
        state.lsn = end

    async def _read(
        self, connection: asyncpg.Connection, segment: str, offset: int, size_bytes: int
    ) -> bytes:
        parts = []
        for start in range(offset, offset + size_bytes, READ_BYTES):
            count = min(READ_BYTES, offset + size_bytes - start)
            async with self._reading:
                part = await connection.fetchval(_READ, segment, start, count, timeout=60)
            if len(part) != count:
                raise BackupFailure(f"The server's WAL segment {segment} is shorter than it says.")
            parts.append(part)
        return b"".join(parts)


async def drop_slot(dsn: str) -> bool:
    """Remove the slot of a backup that is switched off, so that it keeps nothing; True when there was one."""
    connection = await asyncpg.connect(dsn, timeout=10)
    try:
        if await connection.fetchrow(_SLOT, SLOT) is None:
            return False
        await connection.execute("SELECT pg_drop_replication_slot($1)", SLOT)
        return True
    finally:
        await connection.close()


def holes(info: layout.BaseInfo, found: Sequence[layout.Segment]) -> list[str]:
    """Segments that are missing between a base's first one and the newest of its timeline."""
    timeline, first = lsn.segment_place(info.first_wal, info.wal_segment_bytes)
    _, needed = lsn.segment_place(info.last_wal, info.wal_segment_bytes)
    places = [lsn.segment_place(one.key, info.wal_segment_bytes) for one in found]
    present = {number for line, number in places if line == timeline}
    newest = max((*present, needed))
    names = (n for n in range(first, newest + 1) if n not in present)
    return [lsn.segment_name(timeline, number, info.wal_segment_bytes) for number in names]

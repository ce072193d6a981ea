"""From a target to a running copy of the database at some moment, in a folder of its own.

The restore of everything, of one conversation and the drill all begin with this.
"""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractContextManager, AsyncExitStack, asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal, Protocol

from amana.backup import layout
from amana.backup.envelope import opened
from amana.backup.keys import Identity
from amana.backup.restore_errors import NotEnoughSpace
from amana.backup.restore_files import make_folder, unpack
from amana.backup.restore_recovery import Plan, Recovered, clear, recovered
from amana.backup.restore_source import Source, choose
from amana.backup.target import Target
from amana.kernel.clock import Clock
from amana.kernel.entropy import Entropy
from amana.storage.binaries import prepare
from amana.storage.cluster import Layout, open_for
from amana.storage.migrations import migrate
from amana.storage.osuser import choose_user
from amana.storage.partitions import ensure_month_partitions

# The log that PostgreSQL keeps while it recovers, its own files, and room to work.
MARGIN_BYTES = 600 << 20
# A copy has few users: small and short of log.
COPY_SETTINGS = {"shared_buffers": "64MB", "max_connections": "20", "max_wal_size": "256MB"}


class Step(Protocol):
    """Progress of one piece of work."""

    def advance(self, count: int = 1) -> None: ...


class Begin(Protocol):
    """Tells the person who waits that a piece of work begins; the block is its length."""

    def __call__(
        self, total: int | None, what: str, *, unit: Literal["", "bytes"] = ""
    ) -> AbstractContextManager[Step]: ...


class _Silent:
    def advance(self, count: int = 1) -> None:
        """Nobody listens."""


def silently(
    total: int | None, what: str, *, unit: Literal["", "bytes"] = ""
) -> AbstractContextManager[Step]:
    """For work that nobody watches."""
    return nullcontext(_Silent())


@dataclass(frozen=True, slots=True)
class Workshop:
    """What every kind of restore works with.

    Attributes:
        schemas: the migrations of this build: an older backup is brought up to them.
        user: account for the database when this process is root.
    """

    clock: Clock
    entropy: Entropy
    schemas: Sequence[Path]
    user: str | None = None
    begin: Begin = field(default=silently)


async def find_source(
    target: Target, identities: Sequence[Identity], workshop: Workshop, *, until: datetime | None, root: Path
) -> Source:
    """Choose what to take from a target; touches nothing but ``root``'s folder of programs.

    Raises:
        BackupFailure: nothing there can be restored on this machine.
    """

    def look() -> Source:
        place = Layout(root.absolute())
        user = choose_user(workshop.user, None)
        return choose(target, identities, until=until, major=prepare(None, user, place.runtime).major)

    return await asyncio.to_thread(look)


@asynccontextmanager
async def brought_up(
    source: Source, root: Path, workshop: Workshop, *, until: datetime | None
) -> AsyncIterator[Recovered]:
    """Unpack, recover and bring to this build's schema; the database runs for the length of the block.

    ``root`` is made; what an earlier attempt left there is removed first. Afterwards it is the
    caller's to keep or to remove with ``clear``.

    Raises:
        StartFailure: says what is in the way and what to do.
    """
    await clear(root)
    await asyncio.to_thread(require_space, root.parent, source.base.plain_bytes)
    begin = workshop.begin
    with begin(source.base.plain_bytes, "Unpacking the base backup", unit="bytes") as step:
        await asyncio.to_thread(_unpack, source, root, workshop.user, step.advance)
    plan = Plan(
        root,
        source.segment,
        until=until,
        timelines=source.timelines,
        user=workshop.user,
        settings=dict(COPY_SETTINGS),
    )
    async with AsyncExitStack() as stack:
        with begin(source.log_written, "Applying the write-ahead log") as step:
            up = await stack.enter_async_context(recovered(plan, workshop.entropy, moved=step.advance))
        await migrate(up.dsn, workshop.schemas, clock=workshop.clock)
        await ensure_month_partitions(up.dsn, clock=workshop.clock)
        yield up


def require_space(folder: Path, plain_bytes: int, *, free: Callable[[Path], int] | None = None) -> None:
    """Refuse to begin what the disk cannot hold.

    Raises:
        NotEnoughSpace: says how much is there and how much is needed.
    """
    while not folder.exists():
        folder = folder.parent
    there = free(folder) if free is not None else shutil.disk_usage(folder).free
    needed = plain_bytes + plain_bytes // 10 + MARGIN_BYTES
    if there < needed:
        raise NotEnoughSpace(
            f"{folder} has {there >> 20} MB free, and the restored database needs {needed >> 20} MB. "
            "Make room or choose another folder."
        )


def _unpack(source: Source, root: Path, user_name: str | None, moved: Callable[[int], None]) -> None:
    user = choose_user(user_name, None)
    root.mkdir(mode=0o711, parents=True)
    open_for(Layout(root.absolute()), user)
    data = make_folder(root / "postgres", user)
    chunks = opened(source.target.get(layout.base_tar(source.base.stamp)), source.identities)
    unpack(chunks, data, user, moved=moved)

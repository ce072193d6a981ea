"""The restore of everything, on an empty machine.

The order is what makes it safe. Keys are tried first, so that a wrong one costs seconds and not hours.
Everything happens in ``<data>/restoring`` and becomes the server's data by one rename at the end: what
was killed half-way is no database, and the next attempt begins anew. Before that rename erased content
has been erased again, every device is signed out, every conversation has a new fence, and the log of
evidence has a successor that names the last checkpoint of the old one.
"""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from amana.backup.journal import read_journal
from amana.backup.keys import Identity
from amana.backup.restore_bringup import Workshop, brought_up, find_source
from amana.backup.restore_errors import FolderNotEmpty
from amana.backup.restore_keys import KeySnapshot, newest_keys
from amana.backup.restore_overlay import overlay
from amana.backup.restore_recovery import Recovered, clear
from amana.backup.restore_report import Report
from amana.backup.restore_source import Source
from amana.backup.target import Target
from amana.compliance.again import Request, erase_again
from amana.compliance.queries import every_request
from amana.conversations.membership.queries import every_membership
from amana.evidence import Evidence, log_queries
from amana.evidence.sequencer import Sequencer
from amana.kernel.ids import ConversationId, Ids, OrgId, UserId
from amana.people.queries import find_organisation
from amana.storage.cluster import Layout, lock_data
from amana.storage.database import Database, Tx
from amana.vault import Vault
from amana.vault.erasure import Erasure
from amana.vault.rootkey import RootKey


@dataclass(frozen=True, slots=True)
class Order:
    """What to restore, and where to.

    Attributes:
        until: the moment to go back to; None takes everything there is.
        root: holds the root key; not unlocked yet.
        prior: the newest checkpoint of the evidence log that somebody else has, a witness's note.
    """

    target: Target
    identities: Sequence[Identity]
    data_dir: Path
    root: RootKey
    until: datetime | None = None
    prior: str | None = None


async def restore(order: Order, workshop: Workshop) -> Report:
    """Restore into an empty data folder; afterwards the server can be started on it.

    Raises:
        StartFailure: nothing was restored; says why and what to do. The folder is as before, but
            for ``restoring``, which the next attempt removes.
    """
    place = Layout(order.data_dir.absolute())
    held = await asyncio.to_thread(_take, place)
    try:
        root = place.restoring
        source = await find_source(
            order.target, order.identities, workshop, until=order.until, root=place.root
        )
        keys = await asyncio.to_thread(newest_keys, source)
        await keys.require_root(order.root)
        journal = await asyncio.to_thread(read_journal, order.target, order.identities)
        known = Known(keys, journal, await _since(order, root, workshop))
        async with brought_up(source, root, workshop, until=order.until) as up:
            report = await _make_right(order, source, up, known, workshop)
        await asyncio.to_thread(_move_in, place)
        return report
    finally:
        held.close()


@dataclass(frozen=True, slots=True)
class Since:
    """What happened to people after the moment that is restored."""

    members: frozenset[tuple[ConversationId, UserId]]
    erased: Sequence[Request]


@dataclass(frozen=True, slots=True)
class Known:
    """What the target knows and the restored state may not."""

    keys: KeySnapshot
    journal: Sequence[Erasure]
    since: Since | None


async def _since(order: Order, root: Path, workshop: Workshop) -> Since | None:
    """What the end of the backup says of people; None when that end is what is restored.

    A return to an earlier moment also returns those who were removed or erased after it, and nobody
    else would notice. So the newest state is brought up first, looked at and removed again.
    """
    if order.until is None:
        return None
    source = await find_source(order.target, order.identities, workshop, until=None, root=root.parent)
    try:
        async with (
            brought_up(source, root, workshop, until=None) as up,
            _opened(up.dsn) as (database, org_id),
        ):
            if org_id is None:
                return None
            async with database.read(org_id) as tx:
                return Since(await every_membership(tx), await every_request(tx))
    finally:
        await clear(root)


@asynccontextmanager
async def _opened(dsn: str) -> AsyncIterator[tuple[Database, OrgId | None]]:
    """The restored database and its organisation."""
    database = await Database.connect(dsn, pool_size=2)
    try:
        async with database.system() as tx:
            organisation = await find_organisation(tx)
        yield database, None if organisation is None else organisation.org_id
    finally:
        await database.close()


async def _make_right(
    order: Order, source: Source, up: Recovered, known: Known, workshop: Workshop
) -> Report:
    now, since = workshop.clock.now(), known.since
    async with _opened(up.dsn) as (database, org_id):
        if org_id is None:
            return Report.of(source, up, None, order.until)
        put_back = None if known.keys.is_covered_by(up.end_lsn) else known.keys.put_back
        laid = await overlay(up.dsn, org_id, put_back=put_back, journal=known.journal, now=now)
        report = Report.of(source, up, laid, order.until)
        if since is not None:
            async with database.write(org_id) as tx:
                report.not_erased = await erase_again(tx, org_id, since.erased, now=now)
                erased = {person for person, _, _ in since.erased}
                again = await every_membership(tx) - since.members
            report.members_again = sorted(one for one in again if one[1] not in erased)
        await _record(database, org_id, order, report, workshop)
        return report


async def _record(
    database: Database, org_id: OrgId, order: Order, report: Report, workshop: Workshop
) -> None:
    """Say in the record what was done, in a log that cannot be taken for the old one."""
    vault = Vault(database, order.root, workshop.entropy)
    await vault.start()
    evidence = Evidence(vault, Ids(workshop.clock, workshop.entropy))
    async with database.write(org_id) as tx:
        await evidence.record(
            tx,
            org_id=org_id,
            actor_id=None,
            action="restore.done",
            subject=None,
            now=workshop.clock.now(),
            detail=report.detail(),
        )
        await _begin_next_log(tx, database, vault, org_id, order.prior, workshop)


async def _begin_next_log(
    tx: Tx, database: Database, vault: Vault, org_id: OrgId, prior: str | None, workshop: Workshop
) -> None:
    """Others may have seen more of the old log than was restored: it is never signed again.

    Always, even when nothing seems to be missing: what the last minute brought nobody here can know.
    """
    old = await log_queries.newest_log(tx, org_id)
    if old is None:
        return
    host = old.origin.rpartition("/log/")[0]
    sequencer = Sequencer(database, vault, workshop.clock, workshop.entropy, host=host)
    await sequencer.begin_next_log(tx, org_id, "restore", prior=prior)


def _take(place: Layout) -> BinaryIO:
    """Lock the folder for this restore and see that nothing in it can be lost.

    Only a database could be: keys and what a server leaves beside it are not touched.
    """
    for there in (place.data, place.unfinished_data):
        if there.exists():
            raise FolderNotEmpty(
                f"{place.root} is not empty: {there} is a database. A restore never writes over anything. "
                "Name another folder with --data-dir, or move the database away."
            )
    return lock_data(place)


def _move_in(place: Layout) -> None:
    """The restored database becomes the server's. Its password first: the data are the sign of success."""
    done = Layout(place.restoring)
    done.password.replace(place.password)
    done.data.rename(place.data)
    descriptor = os.open(place.root, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    shutil.rmtree(place.restoring, ignore_errors=True)

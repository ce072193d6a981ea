"""A restored copy beside the live database: is it the same, but for what came in the last moments?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

import asyncpg

from amana.backup.restore_bringup import Workshop
from amana.events import queries as events
from amana.events.fences import newest_places
from amana.events.model import StoredEvent
from amana.evidence.verify import verify_database
from amana.kernel.clock import unix_ms
from amana.kernel.entropy import Entropy
from amana.kernel.ids import ConversationId, OrgId, Seq
from amana.storage.database import SEARCH_PATH, Database
from amana.vault import Vault, issue
from amana.vault.model import Unreadable

if TYPE_CHECKING:
    from amana.backup.drill import DrillOrder

SAMPLE = 200
# What is younger need not be in the backup yet; older entries that are missing mean that it does not keep up.
LATE = timedelta(minutes=10)
_FINDINGS_TOLD = 5

_TABLES = """
SELECT c.oid::regclass::text AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE n.nspname IN ('amana', 'keyring') AND c.relkind IN ('r', 'p') AND NOT c.relispartition ORDER BY 1
"""


@dataclass(slots=True)
class Found:
    """What the comparison found; see ``DrillReport``."""

    rows: dict[str, int] = field(default_factory=dict)
    opened: int = 0
    behind: int = 0
    problems: list[str] = field(default_factory=list)


async def compare(order: "DrillOrder", copy: Database, copy_dsn: str, workshop: Workshop) -> Found:
    """Count, recompute every chain, look what is missing, and open a sample on both sides."""
    found = Found(rows=await _counts(copy_dsn))
    report = await verify_database(copy, order.org_id, name="the restored copy")
    found.problems += [finding.sentence for finding in report.findings[:_FINDINGS_TOLD]]
    async with copy.read(order.org_id) as tx:
        restored = await newest_places(tx)
    await _missing(order, restored, found, workshop)
    await _sample(order, copy, restored, found, workshop)
    return found


async def _counts(dsn: str) -> dict[str, int]:
    connection = await asyncpg.connect(dsn, timeout=30, server_settings={"search_path": SEARCH_PATH})
    try:
        names = [row["name"] for row in await connection.fetch(_TABLES)]
        return {
            name: await connection.fetchval(f"SELECT count(*) FROM {name}")  # noqa: S608  names of the catalogue
            for name in names
        }
    finally:
        await connection.close()


async def _missing(
    order: "DrillOrder", restored: Mapping[ConversationId, Seq], found: Found, workshop: Workshop
) -> None:
    """Entries that are here and not in the copy: fine for the last moments, not for older ones."""
    before_ms = unix_ms(workshop.clock.now() - LATE)
    async with order.database.read(order.org_id) as tx:
        live = await newest_places(tx)
        lacking = [
            (room, Seq(restored.get(room, 0) + 1)) for room in live if restored.get(room, 0) < live[room]
        ]
        first = await events.events_at_each(tx, lacking)
    found.behind = sum(live[room] - restored.get(room, 0) for room, _ in lacking)
    late = [event for event in first if event.ts_ms < before_ms]
    if late:
        minutes = int(LATE.total_seconds() // 60)
        found.problems.append(
            f"{len(late)} conversations have entries older than {minutes} minutes that are not in the backup."
        )
    if ahead := [room for room, seq in restored.items() if seq > live.get(room, 0)]:
        found.problems.append(f"{len(ahead)} conversations are longer in the backup than here.")


async def _sample(
    order: "DrillOrder",
    copy: Database,
    restored: Mapping[ConversationId, Seq],
    found: Found,
    workshop: Workshop,
) -> None:
    """Open the same random messages on both sides."""
    places = _chosen(restored, order.sample, workshop.entropy)
    there = Vault(copy, order.root, workshop.entropy)
    await there.start()
    copies = await _opened(copy, there, order.org_id, places)
    here = await _opened(order.database, order.vault, order.org_id, places)
    differing = 0
    for place, content in here.items():
        # Edited, removed or erased since: then there is nothing to compare.
        if isinstance(content, Unreadable):
            continue
        found.opened += 1
        differing += copies.get(place) != content
    if differing:
        found.problems.append(
            f"{differing} of {found.opened} messages that were tried are not in the copy as they are here."
        )


def _chosen(
    restored: Mapping[ConversationId, Seq], count: int, entropy: Entropy
) -> list[tuple[ConversationId, Seq]]:
    """Places drawn from all entries alike; fewer when there are not so many."""
    rooms = [(room, seq) for room, seq in restored.items() if seq]
    total = sum(seq for _, seq in rooms)
    drawn = {int.from_bytes(entropy.token_bytes(8), "big") % total for _ in range(count)} if total else set()
    places, begin = [], 0
    for room, seq in rooms:
        places += [(room, Seq(number - begin + 1)) for number in drawn if begin <= number < begin + seq]
        begin += seq
    return places


async def _opened(
    database: Database, vault: Vault, org_id: OrgId, places: Sequence[tuple[ConversationId, Seq]]
) -> dict[tuple[ConversationId, Seq], bytes | Unreadable]:
    async with database.read(org_id) as tx:
        rows: list[StoredEvent] = await events.events_at_each(tx, places)
        proof = issue.system(org_id=org_id, job="backup drill")
        opened = await vault.open(tx, proof, [row.sealed for row in rows])
    return {(row.conversation_id, row.seq): content for row, content in zip(rows, opened, strict=True)}

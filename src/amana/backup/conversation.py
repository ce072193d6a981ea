"""One conversation back from a backup, on the live server, without touching any other.

The backup is brought up beside the server at the moment that was asked for. Its rows of the conversation
are laid beside the live ones and put back byte for byte where they are missing or were changed. Three
things stay as they are: entries that were written after that moment, whatever has ended since (the
journal is replayed in the copy first), and everything that legitimately moved on.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from uuid import UUID

import asyncpg

from amana.backup.conversation_rows import Difference, Rows, Table
from amana.backup.journal import read_journal
from amana.backup.keys import Identity
from amana.backup.restore_bringup import Workshop, brought_up, find_source
from amana.backup.restore_errors import RoomInTheWay, RoomUnknown
from amana.backup.restore_overlay import replay_journal
from amana.backup.restore_recovery import clear
from amana.backup.target import Target
from amana.conversations.membership.queries import who_stayed
from amana.events import queries as events
from amana.events.fences import bump_fences
from amana.events.repair import HeadRow, find_head, put_head
from amana.evidence import Evidence, Leaf, fold
from amana.kernel.ids import ConversationId, Ids, OrgId, Seq
from amana.storage.database import SEARCH_PATH, Database, Tx
from amana.vault import Vault, erasure, issue
from amana.vault.erasure import BEGINNING, Erasure
from amana.vault.model import Unreadable

FOLDER = "restoring-conversation"
EVENTS, HEAD, WRAPS = "amana.event", "amana.conversation_head", "keyring.wrap"
MONTHS = "amana.conversation_bucket"
KEYS, JOURNAL = "keyring.conversation_key", "keyring.erasure"
MEMBERS, STAYS, LISTS = "amana.member", "amana.membership", "amana.user_conversation"
# What one member has in it for themselves: it ends with their stay.
PERSONAL = ("amana.thread_follow", "amana.mention")
# Taken away by deleting the row.
MARKS = frozenset({"amana.reaction", "amana.reaction_total", "amana.pin"})
# Sealed once and never changed: another content is damage, whenever it came.
_UNCHANGING = {EVENTS: "true", WRAPS: "true", KEYS: "l.epoch = r.epoch"}
_JOURNAL_PAGE = 10_000


@dataclass(frozen=True, slots=True)
class RoomOrder:
    """Which conversation, from where, to which moment.

    Attributes:
        live_dsn: the running database, as its superuser.
        data_dir: the server's; the copy of the backup works in a folder below it.
        apply: False only says what would be done.
    """

    target: Target
    identities: Sequence[Identity]
    live_dsn: str
    database: Database
    vault: Vault
    data_dir: Path
    org_id: OrgId
    conversation_id: ConversationId
    until: datetime
    apply: bool = False


@dataclass(slots=True)
class RoomReport:
    """What was found and done.

    Attributes:
        upto: the newest entry at the moment that was asked for.
        later: entries written after it; they stay.
        tables: only those in which something is not the same.
        forged: entries up to ``upto`` that nobody wrote; they are removed.
        chain_holds: whether the entries after ``upto`` still give the head's chain value.
    """

    conversation_id: ConversationId
    until: datetime
    applied: bool
    upto: int
    later: int = 0
    tables: dict[str, Difference] = field(default_factory=dict)
    chain_holds: bool = True
    forged: int = 0

    @property
    def put_back(self) -> int:
        return self.forged + sum(one.put_back for one in self.tables.values())

    def detail(self) -> dict[str, object]:
        """For the record: numbers and times."""
        rows = {name: one.put_back for name, one in self.tables.items() if one.put_back}
        return {
            "until": self.until.isoformat(),
            "upto": self.upto,
            "rows": rows,
            "forged": self.forged,
        }


async def restore_conversation(order: RoomOrder, workshop: Workshop) -> RoomReport:
    """Compare, and put back when ``order.apply`` says so.

    Raises:
        RoomUnknown: the backup does not know the conversation at that moment.
        RoomInTheWay: people's own entries stand where the backup has others.
        BackupFailure: the backup cannot be brought up.
    """
    root = order.data_dir.absolute() / FOLDER
    source = await find_source(order.target, order.identities, workshop, until=order.until, root=root.parent)
    journal = await asyncio.to_thread(read_journal, order.target, order.identities)
    journal += await _own_journal(order)
    mine = [row for row in journal if row.conversation_id == order.conversation_id]
    try:
        async with brought_up(source, root, workshop, until=order.until) as up:
            copy, live = await _connect(up.dsn), await _connect(order.live_dsn)
            try:
                return await _side_by_side(order, copy, live, mine, workshop)
            finally:
                await copy.close()
                await live.close()
    finally:
        await clear(root)


async def _own_journal(order: RoomOrder) -> list[Erasure]:
    """What the live database has ended and perhaps not sent away yet."""
    rows: list[Erasure] = []
    mark = BEGINNING
    async with order.database.read(order.org_id) as tx:
        while True:
            page, mark = await erasure.journal_after(tx, mark, limit=_JOURNAL_PAGE)
            rows += page
            if len(page) < _JOURNAL_PAGE:
                return rows


async def _connect(dsn: str) -> asyncpg.Connection:
    return await asyncpg.connect(dsn, timeout=30, server_settings={"search_path": SEARCH_PATH})


async def _side_by_side(
    order: RoomOrder,
    copy: asyncpg.Connection,
    live: asyncpg.Connection,
    journal: Sequence[Erasure],
    workshop: Workshop,
) -> RoomReport:
    async with copy.transaction():
        await replay_journal(copy, order.org_id, journal)
        then = await find_head(Tx(copy, order.org_id), order.conversation_id)
    if then is None:
        raise RoomUnknown(
            f"The backup knows no conversation {order.conversation_id} at {_utc(order.until)}. "
            "Check the id, or ask for a later time."
        )
    transaction = live.transaction()
    await transaction.start()
    try:
        report = await _Repair(order, live, then).run(copy)
        if order.apply:
            await _record(order, Tx(live, order.org_id), report, workshop)
    except BaseException:
        await transaction.rollback()
        raise
    if order.apply:
        await transaction.commit()
    else:
        await transaction.rollback()
    return report


class _Repair:
    """One live transaction: everything is done, and a rehearsal only rolls it back."""

    def __init__(self, order: RoomOrder, live: asyncpg.Connection, then: HeadRow) -> None:
        self._order = order
        self._live = live
        self._tx = Tx(live, order.org_id)
        self._then = then
        self._rows = Rows(live, order.conversation_id)

    async def run(self, copy: asyncpg.Connection) -> RoomReport:
        order, then = self._order, self._then
        await self._live.execute("SELECT set_config('amana.org', $1, true)", str(order.org_id))
        now = await find_head(self._tx, order.conversation_id)
        await self._rows.lay_beside(copy)
        report = RoomReport(order.conversation_id, order.until, order.apply, then.seq)
        moved_on = await self._rows.newest(self._rows.tables[EVENTS]) > then.seq
        # A key row may never be changed: nobody else gets past the triggers.
        await self._live.execute("SET LOCAL session_replication_role = replica")
        for table in self._in_order():
            if table.name == EVENTS:
                report.forged = await self._clear_the_way()
            difference = await self._put_back(table, moved_on=moved_on)
            if difference.missing or difference.changed:
                report.tables[table.name] = difference
        await self._live.execute("SET LOCAL session_replication_role = origin")
        await self._settle_head(now, report)
        return report

    def _in_order(self) -> list[Table]:
        """Who stayed is known before the members come, and where entries are before they are read.

        The head is settled at the end, by itself.
        """
        tables = [table for name, table in self._rows.tables.items() if name != HEAD]
        return sorted(tables, key=lambda table: (table.name not in {STAYS, MONTHS}, table.name))

    async def _put_back(self, table: Table, *, moved_on: bool) -> Difference:
        difference = await self._rows.compare(table)
        where, values = await self._allowed(table, moved_on=moved_on)
        if difference.missing:
            difference.put_back += await self._rows.put_missing(table, where=where, values=values)
        if difference.changed:
            condition = _UNCHANGING.get(table.name)
            if condition is None and not moved_on and table.name != LISTS:
                condition = "true"
            if condition is not None:
                difference.put_back += await self._rows.put_changed(table, where=condition)
        return difference

    async def _allowed(self, table: Table, *, moved_on: bool) -> tuple[str, list[object]]:
        """Which missing rows may come back: nobody becomes a member again who has left.

        Nor does a reaction or a pin come back that may have been taken away since.
        """
        if moved_on and table.name in MARKS:
            return "false", []
        if table.name in {MEMBERS, LISTS, *PERSONAL}:
            stayed = await who_stayed(self._tx, self._order.conversation_id)
            return "r.user_id = ANY($1)", [list(stayed)]
        return "true", []

    async def _clear_the_way(self) -> int:
        """Remove entries that nobody wrote; gives how many. What people wrote is not overwritten.

        Numbers may have been given out anew after a loss. An entry that the backup does not know and
        that opens with its key was written by somebody; one that does not open is a forgery.

        Raises:
            RoomInTheWay: people wrote there.
        """
        table, upto = self._rows.tables[EVENTS], self._then.seq
        strangers = await self._rows.strangers(table, upto=upto)
        room, seqs = self._order.conversation_id, sorted({Seq(seq) for seq, _ in strangers})
        there = await events.events_at(self._tx, room, seqs)
        found = [event for event in there if (event.seq, event.bucket) in strangers]
        proof = issue.system(org_id=self._order.org_id, job="restore of a conversation")
        opened = await self._order.vault.open(self._tx, proof, [event.sealed for event in found])
        pairs = zip(found, opened, strict=True)
        genuine = [event.seq for event, content in pairs if not isinstance(content, Unreadable)]
        if genuine:
            raise RoomInTheWay(
                f"{len(genuine)} entries from number {genuine[0]} on were written where the backup has "
                "others: the conversation went on after something was lost. Restoring would overwrite them, "
                "so nothing was done. Choose a time before the first of them."
            )
        return await self._rows.remove_surplus(table, upto=upto)

    async def _settle_head(self, now: HeadRow | None, report: RoomReport) -> None:
        room, then = self._order.conversation_id, self._then
        later = await events.events_between(self._tx, room, after=then.seq, upto=(1 << 62))
        report.later = len(later)
        chain = then.chain
        for event in later:
            chain = fold(chain, Leaf(event.kind, event.seq, event.ts_ms // 60_000, event.commitment))
        if now is not None and now.seq > then.seq:
            report.chain_holds = chain == now.chain
            return
        right = then
        if later:
            last = later[-1]
            right = HeadRow(last.seq, last.msg_no, last.ts_ms, last.bucket, then.fence, chain)
        if now is not None:
            right = replace(right, fence=now.fence)
        if now != right:
            difference = Difference(missing=int(now is None), changed=int(now is not None), put_back=1)
            report.tables[HEAD] = difference
            await put_head(self._tx, room, right)


async def _record(order: RoomOrder, tx: Tx, report: RoomReport, workshop: Workshop) -> None:
    now = workshop.clock.now()
    if report.put_back:
        await bump_fences(tx, now=now, conversation_ids=[order.conversation_id])
    await Evidence(order.vault, Ids(workshop.clock, workshop.entropy)).record(
        tx,
        org_id=order.org_id,
        actor_id=None,
        action="conversation.restored",
        subject=order.conversation_id,
        now=now,
        detail=report.detail(),
    )


_PLAIN: Mapping[str, str] = {
    EVENTS: "messages and other entries",
    WRAPS: "keys of entries",
    KEYS: "keys of the conversation",
    JOURNAL: "notes of what was erased",
    HEAD: "its newest place",
    MEMBERS: "members",
    STAYS: "times of membership",
    LISTS: "places in people's lists",
}


def sentences(report: RoomReport) -> list[str]:
    """The report in plain words."""
    done, gone = ("were put back", "were removed")
    if not report.applied:
        done, gone = ("would be put back", "would be removed")
    first = f"Conversation {report.conversation_id} had {report.upto} entries at {_utc(report.until)}."
    told = [first]
    if report.later:
        told.append(f"{report.later} entries were written after that. They stay.")
    for name, one in sorted(report.tables.items()):
        what = _PLAIN.get(name, f"rows of {name.partition('.')[2]}")
        kept = one.missing + one.changed - one.put_back
        told.append(
            f"  {what}: {one.missing} missing, {one.changed} changed; {one.put_back} {done}"
            + (f", {kept} stay as they are now" if kept else "")
        )
    if report.forged:
        told.append(f"  {report.forged} entries that nobody wrote {gone}")
    if not report.tables:
        told.append("Nothing is missing and nothing was changed.")
    if not report.chain_holds:
        told.append(
            "ATTENTION: the entries after that moment do not fit the head's chain value. Something in them "
            "was changed too: run amana verify."
        )
    if not report.applied and report.put_back:
        told.append("Nothing was changed yet. Run the same command with --apply to do it.")
    if report.applied and report.put_back:
        told.append("Every device loads this conversation anew within seconds.")
    return told


def room_of(text: str) -> ConversationId | None:
    """A conversation's id as typed; None when it is none."""
    try:
        return ConversationId(UUID(text))
    except ValueError:
        return None


def _utc(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"

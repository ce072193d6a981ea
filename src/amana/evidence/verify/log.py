"""One log from its first leaf to its last: tree, tiles, checkpoints, and the rows its leaves stand for."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from amana.evidence.tlog.policy import Policy
from amana.evidence.verify import signatures
from amana.evidence.verify.findings import Area, Code, Finding, Place, Report
from amana.evidence.verify.leaves import (
    AnyLeaf,
    PriorLeaf,
    RecordLeaf,
    RoomsLeaf,
    commits_to,
    parse_leaf,
    rooms_root,
)
from amana.evidence.verify.signatures import at
from amana.evidence.verify.source import (
    CheckpointRow,
    CosignatureRow,
    LeafRow,
    LogRow,
    RecordRow,
    RoomRow,
    Source,
    TileRow,
    Walk,
)
from amana.evidence.verify.steps import Steps
from amana.evidence.verify.tree import GrowingTree
from amana.evidence.verify.trust import Trust
from amana.evidence.verify.words import counted, day_and_minute

MAX_ROOMS_IN_A_LEAF = 1_000_000
"""More rows than that under one leaf are not read: the leaf counts them."""


@dataclass(frozen=True, slots=True)
class LogEnd:
    """How a log ended, as far as it was read.

    Attributes:
        key: whose signatures it carries.
        final: the newest stored checkpoint.
        minute: the newest time a leaf names, in minutes since 1970; None for no leaf.
        first: what the first leaf says.
    """

    key: signatures.LogKey
    final: CheckpointRow | None
    minute: int | None
    first: AnyLeaf | None


class LogCheck:
    """Walks one log. Reports the first of each kind of fault that everything after it would repeat."""

    def __init__(
        self,
        source: Source,
        log: LogRow,
        trust: Trust,
        report: Report,
        records: Walk[RecordRow],
        steps: Steps,
    ) -> None:
        self._log = log
        self._report = report
        self._steps = steps
        self._key = signatures.log_key(log, trust)
        self._records = records
        self._leaves: Walk[LeafRow] = Walk(source.leaves(log.log_no))
        self._tiles: Walk[TileRow] = Walk(source.tiles(log.log_no))
        self._rooms: Walk[RoomRow] = Walk(source.rooms(log.log_no))
        self._checkpoints: Walk[CheckpointRow] = Walk(source.checkpoints(log.log_no))
        self._lines: Walk[CosignatureRow] = Walk(source.cosignatures(log.log_no))
        self._known = sorted(
            (one for one in trust.known if one.checkpoint.origin == log.origin),
            key=lambda one: one.checkpoint.size,
        )
        self._tree = GrowingTree()
        self._tile_no = 0
        self._final: CheckpointRow | None = None
        self._right = 0
        self._agreed = 0
        self._minute: int | None = None
        self._first: AnyLeaf | None = None
        self._told: set[Code] = set()

    async def run(self, policy: Policy | None, *, successor: LogRow | None, insists: bool) -> LogEnd:
        """Check everything about this log.

        Args:
            policy: whose cosignatures count.
            successor: the log that took over from this one.
            insists: the policy was brought along, so a missing quorum is a finding and not a note.
        """
        self._tell(signatures.check_key(self._log, self._key))
        self._cosignatures = signatures.Cosignatures(self._log, policy)
        await self._at_size()
        while (leaf := await self._leaves.take()) is not None:
            await self._take(leaf)
            await self._at_size()
        await self._finish_tiles()
        await self._finish_rows()
        self._finish_known(successor)
        self._say_key()
        self._say_witnesses(policy, insists=insists, is_newest=successor is None)
        return LogEnd(self._key, self._final, self._minute, self._first)

    def _tell(self, findings: Iterable[Finding], *, always: bool = False) -> None:
        for finding in findings:
            if always or finding.code not in self._told:
                self._told.add(finding.code)
                self._report.add([finding])

    async def _take(self, row: LeafRow) -> None:
        expected = self._tree.size
        if row.idx != expected:
            self._tell(_misplaced(self._log.log_no, row.idx, expected))
        self._tree.add(row.data)
        self._report.count("leaves of the log")
        self._steps.advance(1)
        leaf = self._read(row, expected)
        if expected == 0:
            self._first = leaf
        if leaf is not None:
            self._minute = max(leaf.minute, self._minute or 0)
        await self._check_rooms(row.idx, leaf)
        await self._check_record(row, leaf)
        if self._tree.tile_is_full:
            await self._check_tile((0, self._tile_no), self._tree.take_tile())
            self._tile_no += 1

    def _read(self, row: LeafRow, index: int) -> AnyLeaf | None:
        try:
            return parse_leaf(row.data)
        except ValueError as wrong:
            text = f"Leaf {index} of log {self._log.log_no} cannot be read: {wrong}."
            self._tell([Finding(Code.LEAF_MALFORMED, at(self._log.log_no, index), text)])
            return None

    async def _check_rooms(self, index: int, leaf: AnyLeaf | None) -> None:
        """The stored heads under this leaf against the root in it."""
        rows: list[RoomRow] = []
        while (row := await self._rooms.peek()) is not None and row.idx <= index:
            await self._rooms.take()
            if len(rows) < MAX_ROOMS_IN_A_LEAF:
                rows.append(row)
        if not rows and not isinstance(leaf, RoomsLeaf):
            return
        self._report.count("room heads in the log", len(rows))
        if not isinstance(leaf, RoomsLeaf) or leaf.rooms != len(rows) or rooms_root(rows) != leaf.root:
            self._tell([_rooms_changed(self._log.log_no, index, leaf, len(rows))], always=True)

    async def _check_record(self, row: LeafRow, leaf: AnyLeaf | None) -> None:
        """The stored entry of the record under this leaf against the commitment in it."""
        place: tuple[float, float] = (self._log.log_no, row.idx)
        found: RecordRow | None = None
        while (record := await self._records.peek()) is not None and _leaf_of(record) <= place:
            await self._records.take()
            if _leaf_of(record) == place:
                found = record
            self._report.count("entries of the record")
        if isinstance(leaf, RecordLeaf):
            self._tell(_compared(self._log.log_no, row, leaf, found), always=True)
        elif found is not None:
            text = (
                f"Leaf {row.idx} of log {self._log.log_no} is no longer that of record entry {found.row.id}."
            )
            self._tell([Finding(Code.RECORD_CHANGED, _record_place(self._log.log_no, row.idx, found), text)])

    async def _at_size(self) -> None:
        """Every checkpoint over exactly the leaves so far."""
        size = self._tree.size
        root: bytes | None = None
        row: CheckpointRow | None = None
        while (peeked := await self._checkpoints.peek()) is not None and peeked.size <= size:
            row = await self._checkpoints.take() or peeked
            root = self._tree.root if root is None else root
            self._tell(signatures.check_note(self._log, row, self._key))
            self._tell(signatures.check_root(self._log, row, root, self._right))
            self._right = size if row.root == root else self._right
            self._final = row
            self._report.count("signed checkpoints")
        while (line := await self._lines.peek()) is not None and line.size <= size:
            await self._lines.take()
            self._tell(self._cosignatures.check(line, row if row and row.size == line.size else None))
        while self._known and self._known[0].checkpoint.size <= size:
            known = self._known.pop(0)
            root = self._tree.root if root is None else root
            here = row if row and row.size == size else None
            self._tell(signatures.check_known(self._log, known, root, here, since=self._agreed))
            self._tell(signatures.check_known_note(self._log, known, self._key))
            self._agreed = size if known.checkpoint.root == root else self._agreed
            self._report.count("checkpoints from elsewhere")

    async def _check_tile(self, place: tuple[int, int], hashes: bytes) -> None:
        row = await self._tiles.peek()
        while row is not None and (row.level, row.n) < place:
            await self._tiles.take()
            self._tell([_tile_finding(self._log.log_no, (row.level, row.n), None)])
            row = await self._tiles.peek()
        if row is None or (row.level, row.n) != place:
            self._tell([_tile_finding(self._log.log_no, place, None)])
            return
        await self._tiles.take()
        self._report.count("tiles")
        if row.hashes != hashes:
            self._tell([_tile_finding(self._log.log_no, place, _first_difference(row.hashes, hashes))])

    async def _finish_tiles(self) -> None:
        if self._tree.size % 256:
            await self._check_tile((0, self._tile_no), self._tree.take_tile())
        for place, hashes in self._tree.upper_tiles().items():
            await self._check_tile(place, hashes)
        if (row := await self._tiles.take()) is not None:
            self._tell([_tile_finding(self._log.log_no, (row.level, row.n), None)])

    async def _finish_rows(self) -> None:
        """What belongs to leaves that are not there."""
        log_no, size = self._log.log_no, self._tree.size
        final = self._final.size if self._final else 0
        if (beyond := await self._checkpoints.take()) is not None:
            text = (
                f"The end of log {log_no} was cut off: a checkpoint over {beyond.size} leaves is stored, "
                f"but there are only {size}."
            )
            self._tell([Finding(Code.LOG_GAP, at(log_no, size), text)])
        elif size > final:
            text = f"Leaf {final} of log {log_no} was added without being signed: no checkpoint covers it."
            self._tell([Finding(Code.TREE_CHANGED, at(log_no, final), text)])
        if (line := await self._lines.take()) is not None:
            self._tell(self._cosignatures.check(line, None))
        if (room := await self._rooms.take()) is not None:
            self._tell([_rooms_changed(log_no, room.idx, None, 1)], always=True)

    def _finish_known(self, successor: LogRow | None) -> None:
        """Checkpoints from elsewhere that are larger than the log."""
        size = self._tree.size
        declared = signatures.declared_end(self._log, successor, self._key) if successor else None
        if successor is not None and declared is not None and declared > size:
            lost = f"Leaves {size} to {declared - 1}" if declared - size > 1 else f"Leaf {size}"
            self._report.notes.append(
                f"{lost} of log {self._log.log_no} and what belonged to it were lost in a recovery: the "
                f"first leaf of log {successor.log_no} says so. Its record tells who did it and when."
            )
        for known in self._known:
            self._report.count("checkpoints from elsewhere")
            if declared is None or known.checkpoint.size > declared:
                self._tell([signatures.unreached(self._log, known, size, successor)])

    def _say_key(self) -> None:
        if self._key.verifier is not None and not self._key.pinned:
            self._report.notes.append(
                f"The key of log {self._log.log_no} was taken from what is being checked, so a replaced key "
                f"is not noticed. Keep it elsewhere and bring it along next time: {self._key.verifier.vkey}"
            )

    def _say_witnesses(self, policy: Policy | None, *, insists: bool, is_newest: bool) -> None:
        found, final = self._cosignatures, self._final.size if self._final else 0
        name = f"log {self._log.log_no}"
        self._report.count("cosignatures of witnesses", found.checked)
        if found.unknown:
            lines = counted(found.unknown, "cosignature", "cosignatures")
            self._report.unchecked.append(f"{lines} of {name}: the policy names no key for that.")
        if self._agreed:
            self._report.notes.append(
                f"Up to leaf {self._agreed} of {final}, {name} is what the checkpoints you brought along say."
            )
        elif is_newest and (policy is None or not policy.witnesses):
            self._report.unchecked.append(
                f"Whether anybody outside has seen {name}: there is no witness policy, so whoever has the "
                "database and the keys could have rewritten all of it. Compare with --checkpoint."
            )
        if policy is None or not policy.witnesses:
            return
        if found.covered is None:
            text = f"No checkpoint of {name} has the cosignatures that the policy asks for."
            if insists and is_newest:
                self._tell([Finding(Code.QUORUM_MISSING, at(self._log.log_no, final), text)])
            else:
                self._report.notes.append(text)
        else:
            self._report.notes.append(
                f"Witnesses have signed {name} up to leaf {found.covered} of {final}, as the policy asks."
            )


def check_succession(before: LogRow, end: LogEnd, log: LogRow, first: AnyLeaf | None) -> Iterator[Finding]:
    """Whether a later log begins with the final checkpoint of the one before it, or a newer one of it."""
    fits = isinstance(first, PriorLeaf) and first.prior == log.prior
    if end.final is not None and log.prior != end.final.note:
        declared = signatures.declared_end(before, log, end.key)
        fits = fits and declared is not None and declared > end.final.size
    if not fits:
        yield Finding(
            Code.SUCCESSION_BROKEN,
            at(log.log_no, 0),
            f"Log {log.log_no} does not begin with the final checkpoint of log {before.log_no}: one of the "
            "two was exchanged, or a log was begun that no recovery accounts for.",
        )


def _misplaced(log_no: int, idx: int, expected: int) -> Iterator[Finding]:
    if idx > expected:
        missing = f"leaves {expected} to {idx - 1} are" if idx - expected > 1 else f"leaf {expected} is"
        yield Finding(Code.LOG_GAP, at(log_no, expected), f"From log {log_no} {missing} missing: deleted.")
    else:
        yield Finding(Code.LOG_GAP, at(log_no, expected), f"Leaf {idx} of log {log_no} is there twice.")


def _leaf_of(record: RecordRow) -> tuple[float, float]:
    """Where the entry's leaf is; after everything when it has none."""
    if record.log_no is None or record.idx is None:
        return (float("inf"), float("inf"))
    return (record.log_no, record.idx)


def _record_place(log_no: int, idx: int, record: RecordRow | None) -> Place:
    return Place(Area.RECORD, log_no=log_no, leaf=idx, record=record.row.id if record else None)


def _compared(log_no: int, row: LeafRow, leaf: RecordLeaf, found: RecordRow | None) -> Iterator[Finding]:
    when = day_and_minute(leaf.minute)
    if found is None:
        yield Finding(
            Code.RECORD_MISSING,
            Place(Area.RECORD, log_no=log_no, leaf=row.idx, record=row.entry_id),
            f"An entry of the record was deleted: log {log_no} holds leaf {row.idx} ({leaf.action}, {when}), "
            "but the entry is not there.",
        )
    elif not commits_to(leaf, found):
        yield Finding(
            Code.RECORD_CHANGED,
            _record_place(log_no, row.idx, found),
            f"Record entry {found.row.id} was changed or exchanged: it is not the one that log {log_no} took "
            f"up as leaf {row.idx} ({leaf.action}, {when}).",
        )


def _rooms_changed(log_no: int, index: int, leaf: AnyLeaf | None, rows: int) -> Finding:
    place, name = at(log_no, index), f"leaf {index} of log {log_no}"
    if not isinstance(leaf, RoomsLeaf):
        text = (
            f"Leaf {index} of log {log_no} says nothing of rooms, but {rows} room heads claim to be under it."
        )
    elif leaf.rooms != rows:
        text = (
            f"{name.capitalize()} ({day_and_minute(leaf.minute)}) was made over {leaf.rooms} rooms, but "
            f"{rows} are stored under it: heads were deleted or inserted."
        )
    else:
        text = (
            f"The room heads under {name} ({day_and_minute(leaf.minute)}) were changed: they "
            "do not give the root that the leaf holds."
        )
    return Finding(Code.ROOMS_CHANGED, place, text)


def _first_difference(one: bytes, other: bytes) -> int:
    """Number of the first hash that differs."""
    size = min(len(one), len(other))
    for start in range(0, size, 32):
        if one[start : start + 32] != other[start : start + 32]:
            return start // 32
    return size // 32


def _tile_finding(log_no: int, place: tuple[int, int], difference: int | None) -> Finding:
    level, n = place
    name = f"tile {n} of level {level} of log {log_no}"
    if difference is None:
        return Finding(Code.TILE_CHANGED, at(log_no), f"The {name} is missing or belongs to no leaf.")
    if level == 0:
        leaf = n * 256 + difference
        text = (
            f"Leaf {leaf} of log {log_no} and the tile with its hash do not agree: one of them was changed."
        )
        return Finding(Code.TILE_CHANGED, at(log_no, leaf), text)
    return Finding(
        Code.TILE_CHANGED, at(log_no), f"The {name} was changed: its hashes are not those of the leaves."
    )

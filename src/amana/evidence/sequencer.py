"""Takes what was recorded and where the conversations stand into the log, and signs it.

One writer at a time (row locks on ``evidence_log``), one transaction for each step: leaves, tiles
and the signed checkpoint appear together or not at all. What was signed is checked against what is
stored before anything is added: a log that does not go on from its own last checkpoint is not
signed again, whoever changed it. The server keeps working.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog

from amana.evidence import log_queries as queries
from amana.evidence.fork_guard import LogStopped, State, Stop, check_prior, stored_state
from amana.evidence.log_keys import LogKeys, origin_of
from amana.evidence.log_queries import CheckpointRow, LeafRow, LogRow
from amana.evidence.tlog import growth, leaves, merkle, notes
from amana.evidence.tlog.notes import Checkpoint
from amana.evidence.tlog.tiles import MAX_ENTRY_BYTES
from amana.kernel.clock import Clock
from amana.kernel.entropy import Entropy
from amana.kernel.ids import ConversationId, OrgId
from amana.storage.database import Database, Tx
from amana.vault import Vault

log = structlog.get_logger("amana.evidence")

PERIOD = timedelta(seconds=10)
# One step holds a connection and, for milliseconds, the event loop; a backlog takes several.
ENTRIES_A_STEP = 500


class Sequencer:
    """The writer of every organisation's log in one database.

    Attributes:
        stopped: organisations whose log is refused, with the reason; empty when all is well.
    """

    def __init__(
        self, database: Database, vault: Vault, clock: Clock, entropy: Entropy, *, host: str
    ) -> None:
        """Prepare.

        Args:
            host: ``host[:port]`` of the public address: the first part of a new log's origin.
        """
        self._database = database
        self._vault = vault
        self._clock = clock
        self._keys = LogKeys(vault, entropy)
        self._host = host
        self._signed: dict[OrgId, tuple[int, int, bytes]] = {}
        self.stopped: dict[OrgId, LogStopped] = {}

    async def run_once(self, org_id: OrgId) -> Checkpoint | None:
        """Bring the log of one organisation up to date; gives the new checkpoint.

        None when there was nothing to add, and when the log is refused: then ``stopped`` says why,
        and the next call looks again.
        """
        newest: Checkpoint | None = None
        try:
            while True:
                async with self._database.write(org_id) as tx:
                    signed, has_more = await self._step(tx, org_id)
                newest = signed or newest
                if not has_more:
                    break
        except LogStopped as stop:
            if self.stopped.get(org_id) is None:
                log.error("evidence.log_stopped", org_id=str(org_id), why=stop.why.value, reason=str(stop))
            self.stopped[org_id] = stop
            return newest
        if self.stopped.pop(org_id, None) is not None:
            log.info("evidence.log_goes_on", org_id=str(org_id))
        return newest

    async def begin_next_log(
        self, tx: Tx, org_id: OrgId, reason: str, *, prior: str | None = None
    ) -> Checkpoint:
        """The recovery ceremony: close the log and begin the next one, with a new key and origin.

        Its leaf 0 holds the final checkpoint of the old log, so that whoever knew that one sees
        what came after it. Conversations and entries that the old log has not taken up go into the new one.

        Args:
            tx: the caller's transaction; nothing is signed unless it commits.
            reason: a code such as ``restore``; it is published.
            prior: the newest checkpoint that anybody has of the old log, such as a witness's, where it
                is newer than the stored one. A note that the old log signed.

        Raises:
            ValueError: there is no log yet, or ``prior`` is not of it.
        """
        await queries.lock_logs(tx, org_id)
        old = await queries.newest_log(tx, org_id)
        if old is None:
            raise ValueError("This organisation has no log yet.")
        last = await queries.last_checkpoint(tx, org_id, old.log_no)
        final = last.note if last is not None else None
        if prior is not None:
            check_prior(old, prior, at_least=last.size if last is not None else 0)
            final = prior
        now = self._clock.now()
        row = await self._new_log(tx, org_id, old.log_no + 1, now, prior=final)
        first = LeafRow(leaves.succession_leaf(final, reason, now))
        log.warning("evidence.next_log", org_id=str(org_id), log_no=row.log_no, reason=reason)
        return await self._append(tx, org_id, State(row, 0, merkle.EMPTY_ROOT, {}), [first], now)

    async def _step(self, tx: Tx, org_id: OrgId) -> tuple[Checkpoint | None, bool]:
        """Add one batch; gives what was signed and whether more is waiting."""
        await queries.lock_logs(tx, org_id)
        row = await queries.newest_log(tx, org_id)
        now = self._clock.now()
        if row is None:
            await self._new_log(tx, org_id, 1, now, prior=None)
            await queries.lock_logs(tx, org_id)
            row = await queries.newest_log(tx, org_id)
            if row is None:
                raise RuntimeError("A log that was just begun is not there.")
        state = await stored_state(tx, org_id, row)
        self._check_memory(org_id, state)
        entries = await queries.pending_entries(tx, org_id, ENTRIES_A_STEP)
        added = [LeafRow(leaves.entry_leaf(entry), entry.id) for entry in entries]
        has_more = len(entries) == ENTRIES_A_STEP
        if not has_more:
            added += await self._rooms(tx, org_id, row.log_no, state.size + len(added), now)
        if not added:
            return None, False
        signed = await self._append(tx, org_id, state, added, now)
        await queries.delete_pending(tx, org_id, [entry.id for entry in entries])
        return signed, has_more

    async def _new_log(
        self, tx: Tx, org_id: OrgId, log_no: int, now: datetime, *, prior: str | None
    ) -> LogRow:
        public, sealed = await self._keys.new(tx, org_id, log_no)
        row = LogRow(log_no, origin_of(self._host, log_no), now, public, sealed, prior)
        await queries.insert_log(tx, org_id, row)
        return row

    def _check_memory(self, org_id: OrgId, state: State) -> None:
        """What this process signed itself cannot be gone: that would be a database from before."""
        log_no, size, root = self._signed.get(org_id, (0, 0, b""))
        row = state.row
        if row.log_no < log_no or (row.log_no == log_no and state.size < size):
            raise LogStopped(
                Stop.BEHIND, f"Size {size} was signed, and the last checkpoint says {state.size}."
            )
        if (row.log_no, state.size) == (log_no, size) and state.root != root:
            raise LogStopped(Stop.CHECKPOINT, f"Another root was signed for size {size}.")

    async def _rooms(self, tx: Tx, org_id: OrgId, log_no: int, index: int, now: datetime) -> list[LeafRow]:
        """The one leaf of all conversations that moved, and what it commits to; no leaf for none."""
        moved: list[queries.MovedRoom] = []
        for room in await queries.moved_rooms(tx, org_id, log_no):
            if room.seq < room.logged:
                log.error(
                    "evidence.room_went_back",
                    org_id=str(org_id),
                    conversation_id=str(room.conversation_id),
                    seq=room.seq,
                    logged=room.logged,
                )
            else:
                moved.append(room)
        heads = await self._heads(tx, org_id, moved)
        if not heads:
            return []
        # Ten thousand rooms take tens of milliseconds; nobody's message waits for them.
        data = await asyncio.to_thread(leaves.rooms_leaf, heads.values(), now)
        await queries.insert_rooms(tx, org_id, log_no, index, heads)
        return [LeafRow(data)]

    async def _heads(
        self, tx: Tx, org_id: OrgId, moved: Sequence[queries.MovedRoom]
    ) -> dict[ConversationId, leaves.RoomHead]:
        """Each conversation under its pseudonym; those whose first key is gone are left out."""
        names = {room.conversation_id: room.pseudonym for room in moved if room.pseudonym is not None}
        unnamed = [room.conversation_id for room in moved if room.pseudonym is None]
        for start in range(0, len(unnamed), ENTRIES_A_STEP):
            part = unnamed[start : start + ENTRIES_A_STEP]
            names |= await self._vault.pseudonyms.of(tx, org_id, part)
        return {
            room.conversation_id: leaves.RoomHead(names[room.conversation_id], room.seq, room.chain)
            for room in moved
            if room.conversation_id in names
        }

    async def _append(
        self, tx: Tx, org_id: OrgId, state: State, added: Sequence[LeafRow], now: datetime
    ) -> Checkpoint:
        """Store leaves, let the tiles grow, sign."""
        if any(len(leaf.data) > MAX_ENTRY_BYTES for leaf in added):
            raise ValueError("A leaf has at most 65,535 bytes.")
        row, size = state.row, state.size + len(added)
        grown = growth.grown(state.size, state.held, [merkle.leaf_hash(leaf.data) for leaf in added])
        checkpoint = Checkpoint(row.origin, size, growth.root_at(size, {**state.held, **grown}))
        signer = await self._keys.signer(tx, org_id, row)
        if signer is None:
            raise LogStopped(Stop.KEY, "The signing key of the log is not the one it began with.")
        note = notes.sign_note(checkpoint.text(), [signer])
        await queries.insert_leaves(tx, org_id, row.log_no, start=state.size, at=now, rows=added)
        await queries.store_tiles(tx, org_id, row.log_no, grown)
        signed = CheckpointRow(size, checkpoint.root, note, now)
        await queries.insert_checkpoint(tx, org_id, row.log_no, signed)

        def remember() -> None:
            self._signed[org_id] = (row.log_no, size, checkpoint.root)

        tx.after_commit(remember)
        return checkpoint

"""Asks the witnesses of the policy to cosign every new checkpoint.

The leader only looks what is due; each witness is asked in a task of its own, so that a slow or
missing one delays neither the others nor anything else. Nothing waits for a cosignature: when a
witness comes back, its next one covers everything that it has missed.
"""

import asyncio
import ssl
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import httpx
import structlog

from amana.evidence import cosigning_asking as asking
from amana.evidence import cosigning_queries as queries
from amana.evidence import log_queries, log_reader
from amana.evidence.cosigning_asking import Answered, Cosigned, Failed, Problem
from amana.evidence.cosigning_coverage import current_policy, key_of
from amana.evidence.cosigning_queries import WitnessRow
from amana.evidence.log_queries import CheckpointRow
from amana.evidence.tlog.notes import split_note
from amana.evidence.tlog.policy import PolicyWitness
from amana.evidence.witness.request import write_request
from amana.kernel.clock import Clock
from amana.kernel.entropy import Entropy
from amana.kernel.errors import Busy, places
from amana.kernel.ids import OrgId
from amana.storage.database import Database

log = structlog.get_logger("amana.witness")

LOOK_PERIOD = timedelta(seconds=2)
# Also without anything new: a fresh time stamp, and the only way to notice a database from yesterday
# that has not been written to since.
REFRESH = timedelta(minutes=10)
FIRST_PAUSE_S = 5.0
LONGEST_PAUSE_S = 300.0
# A witness that knows another size than expected is asked again with its own; twice is enough.
ROUNDS = 3
ALARMS = {Problem.ROLLED_BACK, Problem.FORKED}


@dataclass(slots=True)
class _Pace:
    """When one witness is asked next; only in memory, a restart asks at once."""

    failures: int = 0
    due_s: float = 0.0
    signed: int = -1
    refresh_s: float = 0.0


@dataclass(frozen=True, slots=True)
class _Place:
    """Which witness is asked about which log."""

    org_id: OrgId
    log_no: int
    witness: PolicyWitness

    @property
    def key(self) -> str:
        return key_of(self.witness.verifier)


class Cosigning:
    """Asks witnesses on behalf of one process."""

    def __init__(self, database: Database, clock: Clock, entropy: Entropy, trust: ssl.SSLContext) -> None:
        self._database = database
        self._clock = clock
        self._entropy = entropy
        self._http = asking.client(trust)
        self._paces: dict[tuple[OrgId, int, str], _Pace] = {}
        self._tasks: dict[tuple[OrgId, int, str], asyncio.Task[None]] = {}

    async def ask_due(self, org_id: OrgId) -> None:
        """Begin to ask every witness that has something to sign; returns before any of them answers."""
        async with self._database.read(org_id) as tx:
            policy = await current_policy(tx, org_id)
            newest_log = await log_queries.newest_log(tx, org_id) if policy.witnesses else None
            last = (
                await log_queries.last_checkpoint(tx, org_id, newest_log.log_no)
                if newest_log is not None
                else None
            )
        if newest_log is None or last is None:
            return
        for witness in policy.witnesses.values():
            place = _Place(org_id, newest_log.log_no, witness)
            if self._is_due(place, last.size):
                key = (org_id, place.log_no, place.key)
                self._tasks[key] = asyncio.create_task(self._visit(place), name="cosigning")

    async def settle(self) -> None:
        """Wait for the questions that are under way."""
        await asyncio.gather(*self._tasks.values())

    async def close(self) -> None:
        """Give up what is under way. Nothing is lost: a witness that signed says so the next time."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._http.aclose()

    def _is_due(self, place: _Place, size: int) -> bool:
        key = (place.org_id, place.log_no, place.key)
        task = self._tasks.get(key)
        if task is not None and not task.done():
            return False
        pace = self._paces.setdefault(key, _Pace())
        now_s = self._clock.monotonic_s()
        return now_s >= pace.due_s and (pace.signed != size or now_s >= pace.refresh_s)

    async def _visit(self, place: _Place) -> None:
        """Ask one witness and remember how it went."""
        pace = self._paces[place.org_id, place.log_no, place.key]
        try:
            signed, problem = await self._bring_up(place)
            if problem is None:
                pace.failures, pace.due_s, pace.signed = 0, 0.0, signed
                pace.refresh_s = self._clock.monotonic_s() + REFRESH.total_seconds()
                return
        except Busy:
            # The database is away; the leader notices that, too.
            pass
        except Exception as error:  # noqa: BLE001  outermost of this task: one witness must not end the others
            log.error("witness.ask_failed", kind=type(error).__name__, where=places(error))
        pace.failures += 1
        pace.due_s = self._clock.monotonic_s() + self._pause_s(pace.failures)

    def _pause_s(self, failures: int) -> float:
        """Doubling pauses with up to half of chance: servers that lost a witness together come back apart."""
        pause_s: float = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2 ** min(failures - 1, 10))
        return pause_s * (1 - self._entropy.token_bytes(1)[0] / 512)

    async def _bring_up(self, place: _Place) -> tuple[int, Problem | None]:
        """Get the newest checkpoint cosigned; gives its size and what stood in the way."""
        if place.witness.url is None:
            return 0, await self._note_problem(place, Problem.NO_ADDRESS, 0)
        known = await self._known_size(place)
        for _ in range(ROUNDS):
            last, body = await self._request(place, known)
            if last is None:
                return 0, None
            if known > last.size:
                # Read again just now: no other process of ours made that larger tree.
                return 0, await self._note_problem(place, Problem.ROLLED_BACK, known)
            if body is None:
                return 0, await self._note_problem(place, Problem.OWN_LOG_DAMAGED, known)
            answer = await self._exchange(place.witness, body, last)
            if isinstance(answer, Cosigned):
                await self._store(place, last, answer)
                return last.size, None
            if isinstance(answer, Failed):
                return 0, await self._note_problem(place, answer.problem, known)
            if answer.size == known:
                # It knows this very size, so what it does not agree with is the tree.
                problem = Problem.FORKED if known == last.size else Problem.UNEXPECTED_ANSWER
                return 0, await self._note_problem(place, problem, known)
            known = answer.size
        return 0, await self._note_problem(place, Problem.UNEXPECTED_ANSWER, known)

    async def _known_size(self, place: _Place) -> int:
        async with self._database.read(place.org_id) as tx:
            row = (await queries.witness_rows(tx, place.org_id, place.log_no)).get(place.key)
            signed = await queries.cosigned(tx, place.org_id, place.log_no, [place.key])
            last = await log_queries.last_checkpoint(tx, place.org_id, place.log_no)
        known = max(row.known_size if row else 0, signed[place.key].size)
        # More than there is: asked with what there is, the witness says itself what it has seen.
        return min(known, last.size if last else 0)

    async def _request(self, place: _Place, known: int) -> tuple[CheckpointRow | None, bytes | None]:
        """The newest checkpoint and what to send for it; no body when the stored tree gives no proof."""
        async with self._database.read(place.org_id) as tx:
            last = await log_queries.last_checkpoint(tx, place.org_id, place.log_no)
            if last is None or known > last.size:
                return last, None
            try:
                proof = await log_reader.consistency_proof(
                    tx, place.org_id, place.log_no, old=known, new=last.size
                )
            except ValueError:
                return last, None
        return last, write_request(known, proof, last.note)

    async def _exchange(self, witness: PolicyWitness, body: bytes, last: CheckpointRow) -> Answered:
        try:
            status, media_type, content = await asking.ask(self._http, witness.url or "", body)
        except (httpx.HTTPError, TimeoutError, OSError) as error:
            return Failed(asking.unreachable(error))
        except (ValueError, httpx.InvalidURL):
            return Failed(Problem.UNEXPECTED_ANSWER)
        return asking.meaning(
            status, media_type, content, text=split_note(last.note).text, key=witness.verifier
        )

    async def _store(self, place: _Place, last: CheckpointRow, answer: Cosigned) -> None:
        now = self._clock.now()
        async with self._database.write(place.org_id) as tx:
            before = (await queries.witness_rows(tx, place.org_id, place.log_no)).get(place.key)
            await queries.store_cosignature(
                tx,
                place.org_id,
                place.log_no,
                last.size,
                witness=place.key,
                line=answer.line,
                at=now,
            )
            row = _without_problem(before or WitnessRow(place.key), last.size, now)
            await queries.store_witness(tx, place.org_id, place.log_no, row)
        if before is not None and before.last_error is not None:
            log.info("witness.back", witness=place.key, size=last.size, was=before.last_error)

    async def _note_problem(self, place: _Place, problem: Problem, known: int) -> Problem:
        """Remember a failure; said in the log when it is another one than before."""
        now = self._clock.now()
        async with self._database.write(place.org_id) as tx:
            before = (await queries.witness_rows(tx, place.org_id, place.log_no)).get(place.key)
            row = _with_problem(before or WitnessRow(place.key), problem, known, now)
            await queries.store_witness(tx, place.org_id, place.log_no, row)
        is_new = before is None or before.last_error != problem
        if is_new and problem in ALARMS:
            log.error(
                "witness.alarm",
                alarm=problem.value,
                witness=place.key,
                log_no=place.log_no,
                witness_size=known,
            )
        elif is_new:
            log.warning("witness.failed", witness=place.key, problem=problem.value)
        return problem


def _without_problem(row: WitnessRow, size: int, now: datetime) -> WitnessRow:
    row = replace(row, known_size=size, tried_at=now, last_error=None, failing_since=None)
    # It proved to itself that its larger tree is the beginning of this one: nothing was lost after all.
    if row.alarm is not None and size >= (row.alarm_size or 0):
        row = replace(row, alarm=None, alarm_at=None, alarm_size=None)
    return row


def _with_problem(row: WitnessRow, problem: Problem, known: int, now: datetime) -> WitnessRow:
    row = replace(
        row, tried_at=now, last_error=problem.value, failing_since=row.failing_since or now, known_size=known
    )
    if problem in ALARMS and row.alarm != problem:
        largest = max(known, row.alarm_size or 0)
        row = replace(row, alarm=problem.value, alarm_at=row.alarm_at or now, alarm_size=largest)
    return row

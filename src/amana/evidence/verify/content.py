"""With the root key at hand: does every seal hold, and is readable what should be, and nothing else?

Content is opened and thrown away inside the vault; only whether it held comes out.
"""

import json
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import asyncpg

from amana.events import verifying
from amana.events.model import StoredEvent
from amana.evidence import log_queries
from amana.evidence.log_keys import LogKeys
from amana.evidence.verify.database import DatabaseSource
from amana.evidence.verify.findings import MAX_FINDINGS, Area, Code, Finding, Place, Report
from amana.evidence.verify.source import Walk
from amana.evidence.verify.steps import Silent, Steps
from amana.kernel.entropy import SystemEntropy
from amana.kernel.ids import ConversationId, bucket_at, time_ms_of
from amana.vault import DamagedPart, Ground, KeyUnavailable, Vault, issue
from amana.vault.examining import Examined, ExaminedPerson, ended

PAGE = 500
"""Bodies are larger than what a chain needs: fewer at once."""

CHANGES = (11, 12)
"""``message.edited`` and ``message.removed``: what they change is readable no longer. Numbers are final."""

MARKS = (14, 15, 16, 17)
"""Reactions and pins: they say which message they stand beside, and change nothing that is readable."""

MESSAGE = 10
"""``message.created``: one that stands in a thread says so."""

TARGETED = frozenset({MESSAGE, *CHANGES, *MARKS})
"""Their seal says which message the row has to name."""

LISTED = 20
"""Findings of one kind in one room that are told one by one; the rest is counted."""

_CODES = {
    DamagedPart.KEY: Code.KEY_CHANGED,
    DamagedPart.WRAP: Code.WRAP_CHANGED,
    DamagedPart.BODY: Code.BODY_CHANGED,
    DamagedPart.COMMITMENT: Code.COMMITMENT_CHANGED,
}
_GROUNDS = {
    Ground.LIVE: "for its readers",
    Ground.TRACE: "as a trace",
    Ground.RESTRICTED: "as restricted",
    Ground.HOLD: "for a hold",
    Ground.RECORD: "as a record",
}
# Kept for a reason of its own, and not shown: then no live wrap is missing.
_INSTEAD = frozenset({Ground.RESTRICTED, Ground.HOLD, Ground.RECORD})


@dataclass(slots=True)
class _Room:
    """What is known of the room that is being walked.

    Attributes:
        superseded: entry that was changed → the newest change of it.
        ended: rows of the journal that reach this place: last seq and time.
        retargeted: changes whose row names another entry than their seal.
        again: the change that should have made an entry unreadable, and the finding that it did not.
    """

    id: UUID
    superseded: dict[int, int] = field(default_factory=dict)
    ended: list[tuple[int, datetime]] = field(default_factory=list)
    told: dict[Code, int] = field(default_factory=dict)
    retargeted: set[int] = field(default_factory=set)
    again: list[tuple[int, Finding]] = field(default_factory=list)


class ContentCheck:
    """Walks all events of an organisation with their wraps, through the vault."""

    def __init__(
        self, source: DatabaseSource, vault: Vault, report: Report, steps: Steps | None = None
    ) -> None:
        self._source = source
        self._vault = vault
        self._report = report
        self._steps = steps or Silent()
        tx = source.tx
        self._changes: Walk[asyncpg.Record] = Walk(_listed(verifying.last_changes(tx, CHANGES, size=PAGE)))
        self._ended: Walk[asyncpg.Record] = Walk(_listed(ended(tx, Ground.LIVE, size=PAGE)))
        self._proof = issue.system(org_id=source.org_id, job="verify")
        self._room = _Room(UUID(int=0))

    async def run(self) -> None:
        """Check everything. Adds to the report."""
        async for events in verifying.stored(self._source.tx, size=PAGE):
            items = [event.sealed for event in events]
            verdicts = await self._vault.examiner.examine(self._source.tx, self._proof, items, _target)
            for event, verdict in zip(events, verdicts, strict=True):
                await self._enter(event)
                self._tell(self._compare(event, verdict))
            self._report.count("seals", len(events))
            self._steps.advance(len(events))
        self._leave()
        await self._check_pseudonyms()
        await self._check_people()
        await self._check_signing_key()

    async def _enter(self, event: StoredEvent) -> None:
        """Bring the changes and the journal up to this place."""
        room = self._room
        if room.id != event.conversation_id:
            self._leave()
            room = self._room = _Room(event.conversation_id)
        here = (event.conversation_id.bytes, event.seq)
        while (change := await self._changes.peek()) is not None and _place(change, "target_seq") <= here:
            await self._changes.take()
            if change["conversation_id"] == room.id:
                room.superseded[change["target_seq"]] = change["seq"]
        while (row := await self._ended.peek()) is not None and _place(row, "seq_first") <= here:
            await self._ended.take()
            if row["conversation_id"] == room.id:
                room.ended.append((row["seq_last"], row["at"]))
        room.ended = [(last, at) for last, at in room.ended if last >= event.seq]

    def _compare(self, event: StoredEvent, verdict: Examined[int | None]) -> Iterator[Finding]:
        room, seq = self._room, event.seq
        for ground, part in verdict.grounds.items():
            if part is not None:
                yield self._finding(_CODES[part], seq, _damage(part, ground))
        if not _is_in_its_month(event):
            yield self._finding(Code.ENTRY_MOVED, seq, "stands in another month than the one it was made in")
        replaced_by = room.superseded.get(_group(event), 0)
        if Ground.LIVE in verdict.grounds:
            if replaced_by > seq:
                text = f"is readable again, although entry {replaced_by} replaced or removed it"
                # Told at the end of the room: the change itself may turn out to be of another entry.
                if len(room.again) < MAX_FINDINGS:
                    room.again.append((replaced_by, self._finding(Code.WRAP_SURPLUS, seq, text)))
            elif (erased := self._erased_since(event)) is not None:
                text = f"is readable again, although it was erased on {erased:%Y-%m-%d %H:%M} UTC"
                yield self._finding(Code.WRAP_SURPLUS, seq, text)
            elif verdict.grounds[Ground.LIVE] is None:
                yield from self._compare_target(event, verdict.seen if event.kind in TARGETED else None)
        elif replaced_by <= seq and not room.ended and not _INSTEAD & verdict.grounds.keys():
            text = (
                "cannot be read any more: its key was deleted or moved, but nobody removed the entry and no "
                "erasure is written down"
            )
            yield self._finding(Code.WRAP_MISSING, seq, text)

    def _erased_since(self, event: StoredEvent) -> datetime | None:
        """When this entry was erased. An older erasure is of another entry, which a restore took back."""
        return max((at for _, at in self._room.ended if at.timestamp() * 1000 > event.ts_ms), default=None)

    def _compare_target(self, event: StoredEvent, target: int | None) -> Iterator[Finding]:
        if target != event.target_seq:
            self._room.retargeted.add(event.seq)
            row, seal = (place or "none" for place in (event.target_seq, target))
            text = f"was made to change another entry: its row says {row}, its seal says {seal}"
            yield self._finding(Code.TARGET_CHANGED, event.seq, text)

    def _finding(self, code: Code, seq: int, text: str) -> Finding:
        place = Place(Area.CONTENT, room=self._room.id, first=seq, last=seq)
        return Finding(code, place, f"In room {self._room.id} entry {seq} {text}.")

    def _tell(self, findings: Iterator[Finding]) -> None:
        told = self._room.told
        for finding in findings:
            told[finding.code] = told.get(finding.code, 0) + 1
            if told[finding.code] <= LISTED:
                self._report.add([finding])

    def _leave(self) -> None:
        room = self._room
        self._tell(finding for change, finding in room.again if change not in room.retargeted)
        for code, number in self._room.told.items():
            if number > LISTED:
                place = Place(Area.CONTENT, room=self._room.id)
                more = f"{number - LISTED} more entries like that ({code.value})"
                text = f"In room {self._room.id} there are {more}."
                self._report.add([Finding(code, place, text)])

    async def _check_pseudonyms(self) -> None:
        """The names by which the log knows rooms are made from keys: nobody can exchange two rooms."""
        tx, org_id = self._source.tx, self._source.org_id
        async for rows in self._source.names():
            rooms = [ConversationId(room) for room, _ in rows]
            try:
                right = await self._vault.pseudonyms.of(tx, org_id, list(dict.fromkeys(rooms)))
            except KeyUnavailable:
                text = "The key of the organisation is gone or was changed: nothing below it opens."
                self._report.add([Finding(Code.KEY_CHANGED, Place(Area.CONTENT), text)])
                return
            for room, name in rows:
                self._report.count("names of rooms in the log")
                if room in right and right[ConversationId(room)] != name:
                    text = f"The log knows room {room} under another's name: two rooms were exchanged."
                    place = Place(Area.CONTENT, room=room)
                    self._report.add([Finding(Code.PSEUDONYM_CHANGED, place, text)])

    async def _check_people(self) -> None:
        """The keys under which people keep their own things: each opens, and who was erased has none."""
        examined = self._vault.examiner.examine_people(self._source.tx, self._source.org_id, size=PAGE)
        try:
            async for people in examined:
                self._report.count("keys of people", len(people))
                self._report.add([finding for one in people for finding in _of_person(one)])
        except KeyUnavailable:
            return  # told with the names of the rooms

    async def _check_signing_key(self) -> None:
        """The key that the newest log signs with is the one it shows."""
        tx, org_id = self._source.tx, self._source.org_id
        log = await log_queries.newest_log(tx, org_id)
        if log is None:
            return
        try:
            signer = await LogKeys(self._vault, SystemEntropy()).signer(tx, org_id, log)
        except ValueError:  # what stands there could not even be a key
            signer = None
        if signer is None:
            text = f"The signing key of log {log.log_no} does not open or is not the one the log shows."
            place = Place(Area.CONTENT, log_no=log.log_no)
            self._report.add([Finding(Code.KEY_CHANGED, place, text)])


async def _listed(found: AsyncIterator[list[asyncpg.Record]]) -> AsyncIterator[Sequence[asyncpg.Record]]:
    async for rows in found:
        yield rows


def _of_person(one: ExaminedPerson) -> Iterator[Finding]:
    place, name = Place(Area.CONTENT), f"The key of person {one.user_id}, generation {one.generation},"
    if one.erased:
        yield Finding(Code.WRAP_SURPLUS, place, f"{name} is there again, although the person was erased.")
    if not one.holds:
        yield Finding(Code.KEY_CHANGED, place, f"{name} does not open: it was changed or exchanged.")


def _place(row: asyncpg.Record, column: str) -> tuple[bytes, int]:
    return (row["conversation_id"].bytes, row[column])


def _group(event: StoredEvent) -> int:
    """The message that an event belongs to: the one it changes, or itself."""
    return event.target_seq if event.kind in CHANGES and event.target_seq is not None else event.seq


def _is_in_its_month(event: StoredEvent) -> bool:
    """The month is that of the retry key, which the seal covers."""
    try:
        return bucket_at(time_ms_of(event.client_id)) == event.bucket
    except (ValueError, OverflowError):  # a time that no calendar has
        return False


def _target(content: bytes) -> int | None:
    """What an edit or a removal says that it changes; of an answer, the thread it stands in."""
    try:
        found = json.loads(content)
    except ValueError:
        return None
    target = found.get("target", found.get("thread")) if isinstance(found, dict) else None
    return target if isinstance(target, int) else None


def _damage(part: DamagedPart, ground: Ground) -> str:
    match part:
        case DamagedPart.KEY:
            return f"has a key {_GROUNDS[ground]} that hangs on a room key which is gone or was changed"
        case DamagedPart.WRAP:
            return (
                f"has a key {_GROUNDS[ground]} that was not made for it: the key was exchanged or moved, or "
                "the sender, the device or another field of the entry was changed"
            )
        case DamagedPart.BODY:
            return "has a body that its key does not open: the body was changed or exchanged, or the key was"
        case DamagedPart.COMMITMENT:
            return "has another body than the one its fingerprint was made of: one of the two was changed"

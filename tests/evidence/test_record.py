"""The administrative record: written with the change, sealed, append-only."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from amana.evidence import Entry, Evidence
from amana.kernel.ids import Ids, OrgId, UserId
from amana.vault import KeyUnavailable, Unreadable
from tests.support.clock import FakeClock
from tests.vault.room import Intruder, Room


@pytest.fixture
def evidence(room: Room, ids: Ids) -> Evidence:
    return Evidence(room.vault, ids)


@pytest.fixture
async def entry(room: Room, evidence: Evidence, ids: Ids, clock: FakeClock) -> Entry:
    """One entry in the record of the room's organisation."""
    subject = ids.new()
    async with room.database.write(room.org_id) as tx:
        await evidence.record(
            tx,
            org_id=room.org_id,
            actor_id=room.ana,
            action="invitation.created",
            subject=subject,
            now=clock.now(),
            detail={"max_uses": 5, "note": "Müller"},
        )
    (entry,) = await entries(room, evidence)
    assert entry.subject == subject
    return entry


async def entries(room: Room, evidence: Evidence) -> list[Entry]:
    async with room.database.read(room.org_id) as tx:
        return await evidence.entries(tx, room.org_id)


async def test_an_entry_tells_who_did_what_when(room: Room, entry: Entry, clock: FakeClock) -> None:
    assert (entry.actor_id, entry.action, entry.at) == (room.ana, "invitation.created", clock.now())
    assert entry.detail == {"max_uses": 5, "note": "Müller"}


async def test_details_are_sealed(entry: Entry, intruder: Intruder) -> None:
    (row,) = await intruder.rows("SELECT detail FROM evidence_entry WHERE id = $1", entry.id)

    assert "Müller".encode() not in row["detail"]
    assert b"max_uses" not in row["detail"]


async def test_an_entry_vanishes_with_the_change_it_tells_of(
    room: Room, evidence: Evidence, clock: FakeClock
) -> None:
    async def change_and_fail() -> None:
        async with room.database.write(room.org_id) as tx:
            await evidence.record(
                tx, org_id=room.org_id, actor_id=None, action="person.joined", subject=None, now=clock.now()
            )
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await change_and_fail()
    assert await entries(room, evidence) == []


async def test_pages_are_in_order(room: Room, evidence: Evidence, clock: FakeClock) -> None:
    for number in range(5):
        clock.advance(seconds=1)
        async with room.database.write(room.org_id) as tx:
            await evidence.record(
                tx,
                org_id=room.org_id,
                actor_id=None,
                action="person.joined",
                subject=None,
                now=clock.now(),
                detail={"number": number},
            )

    async with room.database.read(room.org_id) as tx:
        first = await evidence.entries(tx, room.org_id, limit=2)
        rest = await evidence.entries(tx, room.org_id, after=first[-1].id)

    assert [page.detail for page in (*first, *rest)] == [{"number": number} for number in range(5)]


@pytest.mark.parametrize(
    "statement", ["UPDATE evidence_entry SET action = 'a.b'", "DELETE FROM evidence_entry"]
)
async def test_the_application_cannot_change_the_record(room: Room, entry: Entry, statement: str) -> None:
    with pytest.raises(Exception, match=r"never changed|permission denied"):
        async with room.database.write(room.org_id) as tx:
            await tx.run(statement)


CHANGES: dict[str, Callable[[Entry], tuple[str, object]]] = {
    "actor": lambda entry: ("actor_id = $2", UserId(entry.id)),
    "subject": lambda entry: ("subject = $2", entry.id),
    "action": lambda entry: ("action = $2", "invitation.revoked"),
    "time": lambda entry: ("at = $2", entry.at + timedelta(microseconds=1)),
    "detail": lambda entry: ("detail = $2", bytes(60)),
}


@pytest.mark.parametrize("field", CHANGES)
async def test_a_changed_entry_is_noticed(
    room: Room, evidence: Evidence, entry: Entry, intruder: Intruder, field: str
) -> None:
    assignment, value = CHANGES[field](entry)

    assert await intruder.run(f"UPDATE evidence_entry SET {assignment} WHERE id = $1", entry.id, value) == 1

    (changed,) = await entries(room, evidence)
    assert changed.detail is Unreadable.DAMAGED


async def test_nothing_is_recorded_for_an_organisation_without_a_key(
    room: Room, evidence: Evidence, ids: Ids, clock: FakeClock
) -> None:
    stranger = OrgId(ids.new())

    with pytest.raises(KeyUnavailable):
        async with room.database.write(stranger) as tx:
            await evidence.record(
                tx, org_id=stranger, actor_id=None, action="person.joined", subject=None, now=clock.now()
            )

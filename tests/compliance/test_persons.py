"""Erasing a person: what is left is an id, and rooms that go on without them."""

from typing import Any

import pytest

from amana.compliance.errors import ErasureNotFound
from amana.conversations.model import MemberRole
from amana.kernel.actor import Role
from amana.kernel.ids import ConversationId, SessionId
from amana.people import queries as people
from amana.people.erasure import TABLES
from amana.people.errors import LastOwner, NotPermitted, RoleTooHigh, UnknownPerson
from amana.people.model import Session
from tests.compliance.conftest import Office
from tests.conversations import naming, ruling
from tests.conversations.world import World, texts
from tests.vault.room import Intruder


async def certificate(office: Office, by: str, who: str) -> Any:
    world = office.world
    async with world.database.read(world.org_id) as tx:
        return await office.persons.show(tx, world[by], world[who].user_id)


async def test_everything_the_person_wrote_ends_in_every_room(world: World, office: Office) -> None:
    group, direct, left = await world.room("bo"), await world.direct("bo", "eve"), await world.room("bo")
    await world.say("bo", group, "mine")
    edited = await world.say("bo", group, "mine too")
    await world.edit("bo", group, edited.seq, "another wording")
    await world.say("ana", group, "hers")
    await world.say("bo", direct, "between us")
    await world.say("eve", direct, "an answer")
    await world.say("bo", left, "before I left")
    await world.take_out("ana", left, "bo")

    await office.erase("ana", "bo", step=3)

    assert texts(await world.page("ana", group)) == [None, None, "hers"]
    assert texts(await world.page("eve", direct)) == [None, "an answer"]
    assert texts(await world.page("ana", left)) == [None]
    done = await certificate(office, "ana", "bo")
    assert (done.state, done.rooms, done.messages, done.wraps, done.kept) == ("erased", 3, 4, 5, 0)
    assert (await world.line("ana", group))["members_count"] == 1


async def test_rooms_of_the_person_go_to_a_deputy_or_the_organisation_or_close(
    world: World, office: Office
) -> None:
    await world.person("kim")
    owned, alone = await world.room("kim", owner="bo"), await world.room(owner="bo")
    followed = await world.room("kim", "eve", owner="bo")
    await ruling.make_role(world, "bo", followed, "eve", MemberRole.DEPUTY)
    await world.add("bo", owned, "eve")

    await office.erase("ana", "bo")

    line = await world.line("kim", owned)
    assert (line["owner_id"], line["my_role"]) == (str(world["ana"].user_id), "member")
    line = await world.line("eve", followed)
    assert (line["owner_id"], line["my_role"]) == (str(world["eve"].user_id), "owner")
    done = await certificate(office, "ana", "bo")
    assert (done.rooms_handed_over, done.rooms_closed) == (2, 1)
    actions = await office.actions()
    assert {"person.erasure_requested", "owner.changed", "conversation.closed", "person.erased"} <= {*actions}
    async with world.database.read(world.org_id) as tx:
        assert await tx.value("SELECT count(*) FROM member WHERE conversation_id = :id", id=alone) == 0


async def test_the_name_and_every_way_to_sign_in_are_gone_at_once(
    world: World, office: Office, database_dsn: str
) -> None:
    bo = world["bo"]
    session = Session(bo.session_id, bo.device_id, "Firefox on Linux", world.clock.now(), world.clock.now())
    async with world.database.write(world.org_id) as tx:
        account = await people.find_account(tx, bo.user_id)
        assert account is not None
        await people.claim_handle(tx, world.org_id, account.handle, bo.user_id)
        await people.insert_session(tx, world.org_id, bo.user_id, session, token_hash=b"hash")
        await people.update_password(tx, bo.user_id, "fake hash of bo")
    async with world.database.write(world.org_id) as tx:
        await office.persons.request(tx, world["ana"], bo.user_id)

    assert office.ended_sessions == [SessionId(bo.session_id)]
    async with world.database.read(world.org_id) as tx:
        erased = await people.find_account(tx, bo.user_id)
        assert erased is not None
        assert (erased.display_name, erased.role, erased.is_erased) == ("Erased person", Role.GUEST, True)
        assert await people.find_account_by_handle(tx, account.handle) is None
    left = [row for table in TABLES for row in await Intruder(database_dsn).rows(f"SELECT * FROM {table}")]
    said = " ".join(str(row) for row in left)
    assert account.handle not in said
    assert "fake hash of bo" not in said


async def test_nobody_reaches_the_person_any_more(world: World, office: Office) -> None:
    room = await world.room()
    await office.erase("ana", "bo")

    with pytest.raises(UnknownPerson):
        await world.add("ana", room, "bo")
    with pytest.raises(UnknownPerson):
        await world.direct("ana", "bo")


async def test_asking_twice_is_one_erasure(world: World, office: Office) -> None:
    room = await world.room("bo")
    await world.say("bo", room, "mine")

    await office.erase("ana", "bo")
    await office.erase("ana", "bo")

    assert (await office.actions()).count("person.erased") == 1
    assert (await certificate(office, "ana", "bo")).messages == 1


async def test_people_may_ask_for_themselves_and_members_for_nobody_else(
    world: World, office: Office
) -> None:
    with pytest.raises(NotPermitted):
        await office.erase("eve", "bo")
    await office.erase("bo", "bo")

    assert (await certificate(office, "ana", "bo")).requested_by == world["bo"].user_id


async def test_the_last_owner_stays_and_nobody_erases_above_their_role(world: World, office: Office) -> None:
    await world.person("kim", Role.ADMIN)
    await world.person("olga", Role.OWNER)

    with pytest.raises(RoleTooHigh):
        await office.erase("kim", "olga")
    await office.erase("ana", "olga")
    with pytest.raises(LastOwner):
        await office.erase("ana", "ana")
    with pytest.raises(ErasureNotFound):
        await certificate(office, "ana", "ana")


async def test_members_drop_what_they_hold_by_the_event(world: World, office: Office) -> None:
    room = await world.room("bo")
    first = await world.say("bo", room, "one")
    await world.say("ana", room, "two")
    last = await world.say("bo", room, "three")

    await office.erase("ana", "bo")

    told = await erased_events(world, room)
    assert [event["content"] for event in told] == [
        {"ranges": [[first.seq, first.seq], [last.seq, last.seq]], "reason": "erasure"}
    ]


async def erased_events(world: World, room: ConversationId) -> list[Any]:
    return [event for event in await world.events("ana", room) if event["kind"] == "messages.erased"]


async def test_a_restored_database_erases_the_person_again(
    world: World, office: Office, database_dsn: str
) -> None:
    room = await world.room("bo")
    await world.say("bo", room, "mine")
    bo = world["bo"].user_id
    intruder = Intruder(database_dsn)
    (before,) = await intruder.rows("SELECT display_name, handle, role FROM account WHERE user_id = $1", bo)
    await office.erase("ana", "bo")
    # The database of an older backup, with the journal of today.
    await intruder.run("DELETE FROM compliance_erasure WHERE user_id = $1", bo)
    await intruder.run(
        "UPDATE account SET display_name = $2, handle = $3, role = $4, erased_at = NULL WHERE user_id = $1",
        bo,
        *before.values(),
    )

    await office.persons.run(world.org_id, pause_s=0)
    await office.persons.run(world.org_id, pause_s=0)

    (after,) = await intruder.rows("SELECT display_name, erased_at FROM account WHERE user_id = $1", bo)
    assert after["display_name"] == "Erased person"
    assert after["erased_at"] is not None
    assert (await certificate(office, "ana", "bo")).state == "erased"


async def test_nothing_waits_for_an_erased_person_and_their_words_name_nobody(
    world: World, office: Office
) -> None:
    room = await naming.threaded(world, "bo", "eve")
    root = await naming.name(world, "ana", room, "bo")
    await naming.name(world, "bo", room, "eve", thread=root.seq)

    await office.erase("ana", "bo")

    async with world.database.read(world.org_id) as tx:
        rows = await tx.all("SELECT user_id FROM mention UNION ALL SELECT user_id FROM thread_follow")
    assert {row["user_id"] for row in rows} == {world["ana"].user_id, world["eve"].user_id}
    assert await naming.unread(world, "eve", room) == await naming.named_in(world, "eve") == []
    assert texts(await naming.thread(world, "eve", room, root.seq)) == [None]

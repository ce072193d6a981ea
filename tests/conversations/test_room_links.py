"""Links into a room: with limits, revocable, for one organisation, dead when their maker may not invite."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from amana.conversations.errors import ConversationClosed, ConversationNotFound, DirectIsFixed
from amana.conversations.joining.errors import (
    LinkExpired,
    LinkExpiryInvalid,
    LinkRevoked,
    LinkUsedUp,
    RoomLinkNotFound,
    TooManyLinks,
)
from amana.conversations.joining.model import MAX_LIFE, MAX_LINKS
from amana.conversations.model import MemberRole
from amana.kernel.actor import Role
from amana.kernel.entropy import SeededEntropy
from amana.people.errors import NotPermitted
from amana.storage.database import Database
from tests.conversations import joining, ruling
from tests.conversations.test_http import call
from tests.conversations.world import World
from tests.support.clock import FakeClock

__all__ = ["call"]


async def test_whoever_holds_a_link_sees_what_it_leads_to_and_comes_in(world: World) -> None:
    room = await world.room("bo")
    issued = await joining.make_link(world, "ana", room)
    seen = await joining.preview(world, "eve", issued.secret)

    assert (seen.title, seen.purpose, seen.members_count) == ("Bridge works", "Plan the new bridge", 2)
    assert (seen.approval, seen.member) == (False, False)
    assert issued.url == f"http://localhost:8080/room#{issued.secret}"
    assert issued.qr_svg.startswith("<svg")

    assert await joining.come(world, "eve", issued.secret) == "joined"

    added = (await world.events("ana", room))[-1]
    eve = str(world["eve"].user_id)
    assert (added["kind"], added["content"]["user_id"], added["content"]["by"]) == ("member.added", eve, eve)
    assert (await joining.preview(world, "eve", issued.secret)).member


async def test_coming_twice_uses_a_link_once(world: World) -> None:
    room = await world.room()
    issued = await joining.make_link(world, "ana", room, uses=1)
    await joining.come(world, "eve", issued.secret)

    assert await joining.come(world, "eve", issued.secret) == "member"
    with pytest.raises(LinkUsedUp):
        await joining.come(world, "bo", issued.secret)
    with pytest.raises(LinkUsedUp):
        await joining.preview(world, "bo", issued.secret)


async def test_of_many_who_come_for_the_last_use_exactly_one_gets_in(world: World) -> None:
    room = await world.room()
    names = [f"p{number}" for number in range(6)]
    for name in names:
        await world.person(name)
    issued = await joining.make_link(world, "ana", room, uses=1)

    found = await asyncio.gather(
        *(joining.come(world, name, issued.secret) for name in names), return_exceptions=True
    )

    assert [one for one in found if one == "joined"] == ["joined"]
    assert [type(one) for one in found if one != "joined"] == [LinkUsedUp] * 5
    assert (await world.line("ana", room))["members_count"] == 2


async def test_a_link_ends_by_time_and_by_being_revoked(world: World) -> None:
    room = await world.room()
    revoked, old = await joining.make_link(world, "ana", room), await joining.make_link(world, "ana", room)
    await joining.revoke(world, "ana", room, revoked)
    with pytest.raises(LinkRevoked):
        await joining.come(world, "eve", revoked.secret)
    with pytest.raises(RoomLinkNotFound):
        await joining.revoke(world, "ana", room, revoked)

    world.clock.advance(days=7)
    with pytest.raises(LinkExpired):
        await joining.come(world, "eve", old.secret)


async def test_a_link_dies_when_its_maker_may_no_longer_invite(world: World) -> None:
    room = await world.room("bo")
    await ruling.make_role(world, "ana", room, "bo", MemberRole.DEPUTY)
    issued = await joining.make_link(world, "bo", room)
    await ruling.make_role(world, "ana", room, "bo", MemberRole.MEMBER)
    with pytest.raises(LinkRevoked):
        await joining.preview(world, "eve", issued.secret)
    with pytest.raises(LinkRevoked):
        await joining.come(world, "eve", issued.secret)

    await ruling.make_role(world, "ana", room, "bo", MemberRole.DEPUTY)
    await world.take_out("ana", room, "bo")
    await world.add("ana", room, "bo")
    await ruling.make_role(world, "ana", room, "bo", MemberRole.DEPUTY)
    with pytest.raises(LinkRevoked):
        await joining.come(world, "eve", issued.secret)


async def test_a_link_rests_while_its_room_is_closed(world: World) -> None:
    room = await world.room()
    issued = await joining.make_link(world, "ana", room)
    await ruling.close(world, "ana", room)

    with pytest.raises(LinkRevoked):
        await joining.come(world, "eve", issued.secret)
    with pytest.raises(ConversationClosed):
        await joining.make_link(world, "ana", room)
    await ruling.reopen(world, "ana", room)
    assert await joining.come(world, "eve", issued.secret) == "joined"


async def test_nobody_comes_back_by_a_link_after_being_taken_out(world: World) -> None:
    room = await world.room("bo")
    issued = await joining.make_link(world, "ana", room)
    await world.take_out("ana", room, "bo")

    assert await joining.come(world, "bo", issued.secret) == "requested"
    with pytest.raises(ConversationNotFound):
        await world.line("bo", room)


async def test_only_who_may_add_people_makes_sees_and_revokes_links(world: World) -> None:
    room = await world.room("bo")
    issued = await joining.make_link(world, "ana", room)
    with pytest.raises(NotPermitted):
        await joining.make_link(world, "bo", room)
    with pytest.raises(NotPermitted):
        await joining.revoke(world, "bo", room, issued)
    with pytest.raises(ConversationNotFound):
        await joining.make_link(world, "eve", room)
    with pytest.raises(DirectIsFixed):
        await joining.make_link(world, "ana", await world.direct("ana", "bo"))


async def test_a_link_is_no_link_in_another_organisation(
    world: World, database: Database, clock: FakeClock, entropy: SeededEntropy, key_folder: Any
) -> None:
    other = await World(database, clock, entropy).start(key_folder)
    issued = await joining.make_link(world, "ana", await world.room())

    with pytest.raises(RoomLinkNotFound):
        await joining.preview(other, "eve", issued.secret)
    with pytest.raises(RoomLinkNotFound):
        await joining.come(other, "eve", issued.secret)
    for secret in ("x", "", issued.secret[:-1] + "!", issued.secret[:-4] + "AAAA"):
        with pytest.raises(RoomLinkNotFound):
            await joining.preview(world, "eve", secret)


async def test_links_have_limits(world: World) -> None:
    room = await world.room()
    now = world.clock.now()
    for wrong in (now, now - timedelta(1), now + MAX_LIFE + timedelta(minutes=1)):
        with pytest.raises(LinkExpiryInvalid):
            await joining.make_link(world, "ana", room, expires_at=wrong)
    for _ in range(MAX_LINKS):
        await joining.make_link(world, "ana", room)
    with pytest.raises(TooManyLinks):
        await joining.make_link(world, "ana", room)


async def test_the_secret_of_a_link_lies_nowhere_in_the_database(world: World) -> None:
    issued = await joining.make_link(world, "ana", await world.room())
    async with world.database.read(world.org_id) as tx:
        rows = await tx.all("SELECT r::text AS line FROM room_link r")

    stored = "".join(row["line"] for row in rows)
    assert str(issued.link.link_id) in stored
    assert issued.secret not in stored
    assert issued.secret.encode().hex() not in stored


async def test_making_using_and_revoking_a_link_is_recorded(world: World) -> None:
    room = await world.room()
    issued = await joining.make_link(world, "ana", room)
    await joining.come(world, "eve", issued.secret)
    await joining.revoke(world, "ana", room, issued)
    async with world.database.read(world.org_id) as tx:
        rows = await tx.all("SELECT action FROM evidence_entry")

    assert {row["action"] for row in rows} >= {"link.created", "member.added", "link.revoked"}


async def test_programs_use_links_by_the_routes(world: World, call: Any) -> None:
    room = f"/v1/conversations/{await world.room()}"
    await world.person("gus", Role.GUEST)
    status, made = await call("ana", "POST", f"{room}/links", {"uses": 1})
    secret = {"secret": made["url"].partition("#")[2]}
    assert (status, made["link"]["max_uses"], made["link"]["approval"]) == (201, 1, False)
    listed = (await call("ana", "GET", f"{room}/links"))[1]["links"]
    assert listed == [made["link"]]
    assert (await call("eve", "GET", f"{room}/links"))[0] == 404

    status, seen = await call("gus", "POST", "/v1/room-links/preview", secret)
    assert (status, seen["title"], seen["members_count"], seen["member"]) == (200, "Bridge works", 1, False)
    status, came = await call("gus", "POST", "/v1/room-links/join", secret)
    assert (status, came) == (200, {"conversation_id": room.rpartition("/")[2], "outcome": "joined"})

    status, refused = await call("bo", "POST", "/v1/room-links/join", secret)
    assert (status, refused["error"]["code"]) == (410, "link_used_up")
    again = (await call("ana", "POST", f"{room}/links", {}))[1]
    assert (await call("ana", "DELETE", f"{room}/links/{again['link']['link_id']}"))[0] == 204
    assert (await call("ana", "GET", f"{room}/links"))[1] == {"links": []}
    gone = {"secret": again["url"].partition("#")[2]}
    status, refused = await call("bo", "POST", "/v1/room-links/preview", gone)
    assert (status, refused["error"]["code"]) == (410, "link_revoked")
    status, refused = await call("bo", "POST", "/v1/room-links/preview", {"secret": "nobody"})
    assert (status, refused["error"]["code"]) == (404, "room_link_not_found")
    assert (await call("ana", "POST", f"{room}/links", {"uses": 0}))[0] == 400

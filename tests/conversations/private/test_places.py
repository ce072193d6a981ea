"""The person's own list: quiet, archived, marked unread, on top, in folders."""

from datetime import timedelta
from uuid import UUID

import pytest

from amana.conversations.errors import ConversationNotFound, TextTooLong
from amana.conversations.private.errors import (
    SectionNameRequired,
    SectionNotFound,
    SectionOrderInvalid,
    TooManyPinned,
    TooManySections,
)
from amana.conversations.private.places import service as places
from amana.conversations.private.sections import service as sections
from amana.kernel.clock import unix_ms
from tests.conversations.keeping import Keeping
from tests.conversations.world import World
from tests.vault.room import Intruder

WORK, HOME = UUID(int=1), UUID(int=2)


async def test_every_switch_is_the_persons_own_and_said_in_full(world: World, keeping: Keeping) -> None:
    room = await world.room("bo")
    until = unix_ms(world.clock.now() + timedelta(hours=8))
    await keeping.section("bo", WORK, "Work")

    await keeping.move("bo", room, muted_until=until, archived=True)
    await keeping.move("bo", room, pinned=True)
    side = await keeping.move("bo", room, section_id=WORK)

    now = unix_ms(world.clock.now())
    expected = {"muted_until": until, "archived": True, "pinned_at": now, "section_id": str(WORK)}
    assert await keeping.mine("bo", room) == expected
    assert (side.muted_until, side.pinned_at) == (until, now)
    assert keeping.told("bo", "place.changed")[-1]["detail"] == expected
    assert await keeping.mine("ana", room) == {}

    await keeping.move("bo", room, muted_until=None, archived=False, pinned=False, section_id=None)
    assert await keeping.mine("bo", room) == {}
    assert keeping.told("bo", "place.changed")[-1]["detail"] == {}
    with pytest.raises(ConversationNotFound):
        await keeping.move("eve", room, archived=True)


async def test_changing_nothing_is_no_event(world: World, keeping: Keeping) -> None:
    room = await world.room("bo")
    await keeping.move("bo", room, pinned=True)
    world.clock.advance(timedelta(minutes=1))

    await keeping.move("bo", room, pinned=True)
    await keeping.move("bo", room, muted_until=0, unread=False)

    assert len(keeping.told("bo", "place.changed")) == 1


async def test_marked_as_unread_holds_until_more_is_read(world: World, keeping: Keeping) -> None:
    room = await world.room("bo")
    first = await world.say("ana", room)
    await world.read("bo", room, first.seq)

    await keeping.move("bo", room, unread=True)
    line = await world.line("bo", room)
    assert line["mine"]["unread_at"] == line["read_seq"] == first.seq

    second = await world.say("ana", room)
    await world.read("bo", room, second.seq)
    line = await world.line("bo", room)
    assert line["mine"]["unread_at"] != line["read_seq"]


async def test_a_stay_takes_its_place_along(world: World, keeping: Keeping) -> None:
    room = await world.room("bo")
    await keeping.move("bo", room, archived=True, pinned=True)

    await world.take_out("ana", room, "bo")
    await world.add("ana", room, "bo")

    assert await keeping.mine("bo", room) == {}


async def test_not_everything_can_be_on_top(
    world: World, keeping: Keeping, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "MAX_PINNED", 1)
    one, two = await world.room(), await world.room()
    await keeping.move("ana", one, pinned=True)

    with pytest.raises(TooManyPinned):
        await keeping.move("ana", two, pinned=True)
    await keeping.move("ana", two, archived=True)
    await keeping.move("ana", one, pinned=False)
    await keeping.move("ana", two, pinned=True)


async def test_folders_are_made_named_ordered_and_taken_away(
    world: World, keeping: Keeping, database_dsn: str
) -> None:
    room = await world.room("bo")
    await keeping.section("bo", WORK, "Work")
    await keeping.section("bo", HOME, "  Quite   private ", collapsed=True)
    await keeping.section("bo", HOME, "Quite private", collapsed=True)
    assert len(keeping.told("bo", "sections.changed")) == 2

    ordered = await keeping.order("bo", HOME, WORK)
    assert [(one.name, one.collapsed) for one in ordered] == [("Quite private", True), ("Work", False)]
    assert await keeping.sections("ana") == []
    rows = await Intruder(database_dsn).rows("SELECT * FROM private_section")
    assert not any("rivate" in repr(row) for row in rows)

    await keeping.move("bo", room, section_id=HOME)
    await keeping.drop_section("bo", HOME)
    assert await keeping.mine("bo", room) == {}
    assert keeping.told("bo", "sections.changed")[-1]["detail"] == {"removed": str(HOME)}
    assert [one.section_id for one in await keeping.sections("bo")] == [WORK]


async def test_what_folders_refuse(world: World, keeping: Keeping, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sections, "MAX_SECTIONS", 1)
    room = await world.room("bo")
    await keeping.section("bo", WORK, "Work")

    with pytest.raises(TooManySections):
        await keeping.section("bo", HOME, "Home")
    with pytest.raises(SectionNameRequired):
        await keeping.section("bo", WORK, "  ")
    with pytest.raises(TextTooLong):
        await keeping.section("bo", WORK, "x" * 61)
    with pytest.raises(SectionOrderInvalid):
        await keeping.order("bo", WORK, HOME)
    with pytest.raises(SectionNotFound):
        await keeping.move("bo", room, section_id=HOME)
    with pytest.raises(SectionNotFound):
        await keeping.move("ana", room, section_id=WORK)
    with pytest.raises(SectionNotFound):
        await keeping.drop_section("ana", WORK)

"""Stars: the person's own, and never a way to see more than before."""

import pytest

from amana.conversations.errors import ConversationNotFound, MessageNotFound, MessageRemoved
from amana.conversations.private import model
from amana.conversations.private.errors import TooManyStars
from amana.conversations.private.stars import service
from tests.conversations.keeping import Keeping, text_of
from tests.conversations.world import SINCE_JOINING, World


async def test_starred_messages_are_listed_the_newest_star_first(world: World, keeping: Keeping) -> None:
    room, other = await world.room("bo"), await world.room("bo")
    first, second = await world.say("ana", room, "first"), await world.say("ana", room, "second")
    third = await world.say("ana", other, "third")
    for place, appended in ((room, second), (other, third), (room, first)):
        await keeping.star("bo", place, appended.seq)

    stars = await keeping.stars("bo")

    assert [text_of(one) for one in stars] == ["first", "third", "second"]
    assert await keeping.stars("ana") == []
    page = await keeping.stars("bo", limit=1)
    assert [text_of(one) for one in await keeping.stars("bo", before=page[0].no, limit=1)] == ["third"]


async def test_a_star_is_beside_the_message_for_its_person_only(world: World, keeping: Keeping) -> None:
    room = await world.room("bo")
    said = await world.say("ana", room)
    await keeping.star("bo", room, said.seq)
    await keeping.star("bo", room, said.seq)

    assert (await world.entry("bo", room, said.seq))["starred"] is True
    assert "starred" not in await world.entry("ana", room, said.seq)
    assert len(keeping.told("bo", "star.changed")) == 1

    await keeping.unstar("bo", room, said.seq)
    await keeping.unstar("bo", room, said.seq)
    assert "starred" not in await world.entry("bo", room, said.seq)
    assert [one["detail"]["starred"] for one in keeping.told("bo", "star.changed")] == [True, False]


async def test_what_is_gone_is_shown_as_gone(world: World, keeping: Keeping) -> None:
    room = await world.room("bo")
    removed, erased = await world.say("ana", room, "removed"), await world.say("ana", room, "erased")
    for appended in (removed, erased):
        await keeping.star("bo", room, appended.seq)
    await world.remove("ana", room, removed.seq)
    await world.erase_author(room, "ana")

    stars = await keeping.stars("bo")

    assert [text_of(one) for one in stars] == [None, None]
    assert [one.entry is not None and one.entry.removed is not None for one in stars] == [False, True]
    with pytest.raises(MessageRemoved):
        await keeping.star("ana", room, removed.seq)
    await keeping.unstar("bo", room, removed.seq)
    assert len(await keeping.stars("bo")) == 1


async def test_a_star_opens_nothing_that_membership_does_not_open(world: World, keeping: Keeping) -> None:
    room = await world.room("bo", history=SINCE_JOINING)
    said = await world.say("ana", room, "before")
    await keeping.star("bo", room, said.seq)

    with pytest.raises(ConversationNotFound):
        await keeping.star("eve", room, said.seq)
    await world.take_out("ana", room, "bo")
    assert await keeping.stars("bo") == []
    await world.add("ana", room, "bo")
    with pytest.raises(MessageNotFound):
        await keeping.star("bo", room, said.seq)
    # As after a restore, or with a star of a release before: the row is there, the message is not to be seen.
    async with world.database.write(world.org_id) as tx:
        await tx.run(
            "INSERT INTO private_star (org_id, user_id, conversation_id, seq, no, starred_at)"
            " VALUES (:org, :user, :room, :seq, 1, now())",
            org=world.org_id,
            user=world["bo"].user_id,
            room=room,
            seq=said.seq,
        )
    assert [one.entry for one in await keeping.stars("bo")] == [None]
    assert (await keeping.stars("bo"))[0].seq == said.seq


async def test_only_messages_get_stars_and_not_too_many(
    world: World, keeping: Keeping, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "MAX_STARS", 1)
    room = await world.room("bo")
    one, two = await world.say("ana", room), await world.say("ana", room)

    with pytest.raises(MessageNotFound):
        await keeping.star("bo", room, 1)
    await keeping.star("bo", room, one.seq)
    with pytest.raises(TooManyStars):
        await keeping.star("bo", room, two.seq)
    assert model.MAX_STARS == 10_000

"""Drafts: the same on all devices, and no words lost when several write at once."""

import random
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amana.conversations.errors import ConversationNotFound, MessageNotFound, TextTooLong
from amana.conversations.model import MAX_TEXT
from amana.conversations.private.drafts.model import Wording, merged
from amana.conversations.private.model import MAX_OTHERS
from amana.kernel.ids import DeviceId
from tests.conversations.keeping import Keeping
from tests.conversations.world import World
from tests.vault.room import Intruder

DESK = DeviceId(UUID(int=9))


async def test_a_draft_is_there_on_every_device(world: World, keeping: Keeping) -> None:
    room = await world.room("bo")

    saved = await keeping.save("bo", room, "Dear a", 0)
    saved = await keeping.save("bo", room, "Dear all", saved.revision, reply_to=1)

    assert (saved.revision, saved.text, saved.reply_to, saved.others) == (2, "Dear all", 1, [])
    assert await keeping.draft("bo", room) == saved
    assert await keeping.drafts("bo") == [saved]
    assert await keeping.mine("bo", room) == {"draft": {"revision": 2, "at": saved.saved_at}}
    assert await keeping.mine("ana", room) == {}
    assert await keeping.drafts("ana") == []
    told = keeping.told("bo", "draft.changed")
    assert [one["detail"]["revision"] for one in told] == [1, 2]
    assert keeping.told("ana", "draft.changed") == []


async def test_the_last_writer_wins_and_what_it_had_not_seen_stays_beside_it(
    world: World, keeping: Keeping
) -> None:
    room = await world.room("bo")
    await keeping.save("bo", room, "written on the train", 0)

    late = await keeping.save("bo", room, "written at the desk", 0, device=DESK)
    going_on = await keeping.save("bo", room, "written at the desk, more", late.revision, device=DESK)
    done = await keeping.save("bo", room, going_on.text, going_on.revision, settled=True, device=DESK)

    assert late.others == going_on.others == ["written on the train"]
    assert (done.text, done.others) == ("written at the desk, more", [])


async def test_saving_again_changes_nothing_and_tells_nobody(world: World, keeping: Keeping) -> None:
    room = await world.room("bo")

    first = await keeping.save("bo", room, "Dear all", 0)
    again = await keeping.save("bo", room, "Dear all", 0)
    known = await keeping.save("bo", room, "Dear all", first.revision)

    assert first == again == known
    assert len(keeping.told("bo", "draft.changed")) == 1


async def test_sending_ends_the_draft_but_not_what_was_written_elsewhere_since(
    world: World, keeping: Keeping
) -> None:
    room = await world.room("bo")
    first = await keeping.save("bo", room, "Dear all", 0)
    newer = await keeping.save("bo", room, "Dear all, dear Ana", first.revision)

    stale = await keeping.save("bo", room, "", first.revision, device=DESK)
    ended = await keeping.save("bo", room, " \n", newer.revision)

    assert stale == newer
    assert (ended.text, ended.revision) == ("", 3)
    assert await keeping.drafts("bo") == []
    assert await keeping.mine("bo", room) == {}
    assert keeping.told("bo", "draft.changed")[-1]["detail"]["empty"] is True
    # The number goes on: a device from before is noticed.
    assert (await keeping.save("bo", room, "old words", first.revision)).revision == 4


async def test_every_thread_has_a_draft_of_its_own(world: World, keeping: Keeping) -> None:
    room = await world.room("bo")
    root = await world.say("ana", room)

    await keeping.save("bo", room, "to the room", 0)
    await keeping.save("bo", room, "to the thread", 0, thread=root.seq)

    assert [(one.thread, one.text) for one in await keeping.drafts("bo")] == [
        (0, "to the room"),
        (root.seq, "to the thread"),
    ]
    with pytest.raises(MessageNotFound):
        await keeping.save("bo", room, "nowhere", 0, thread=root.seq + 1)


async def test_only_a_member_has_a_draft_and_it_ends_with_the_stay(world: World, keeping: Keeping) -> None:
    room = await world.room("bo")
    await keeping.save("bo", room, "Dear all", 0)

    with pytest.raises(ConversationNotFound):
        await keeping.save("eve", room, "Let me in", 0)
    with pytest.raises(ConversationNotFound):
        await keeping.draft("eve", room)
    with pytest.raises(TextTooLong):
        await keeping.save("bo", room, "x" * (MAX_TEXT + 1), 1)
    await world.take_out("ana", room, "bo")
    await world.add("ana", room, "bo")

    assert await keeping.drafts("bo") == []
    assert (await keeping.draft("bo", room)).revision == 0


async def test_the_database_holds_no_word_of_it(world: World, keeping: Keeping, database_dsn: str) -> None:
    room = await world.room("bo")
    await keeping.save("bo", room, "quite unheard of", 0)
    await keeping.save("bo", room, "another wording", 0, device=DESK)

    intruder = Intruder(database_dsn)
    rows = [
        *await intruder.rows("SELECT * FROM private_draft"),
        *await intruder.rows("SELECT * FROM user_event"),
    ]

    assert len(rows) > 2
    assert not any(word in repr(row) for row in rows for word in ("unheard", "another"))


@given(chance=st.randoms(use_true_random=False))
def test_however_devices_take_turns_no_words_vanish_unseen(chance: random.Random) -> None:
    """What a device saved is there until it wrote something newer, or another one had seen it."""
    devices = [UUID(int=number) for number in range(MAX_OTHERS + 1)]
    stored, revision = Wording(), 0
    seen = dict.fromkeys(devices, 0)
    unseen: dict[UUID, str] = {}
    for turn in range(16):
        device = chance.choice(devices)
        knows = seen[device] == revision
        text = f"{turn}-{device.int}" if chance.random() < 0.8 else ""
        before, stored = stored, merged(stored, Wording(text=text, by=device), knows=knows, settled=False)
        revision += stored != before
        seen[device] = revision
        if knows and before.by is not None:
            unseen.pop(before.by, None)
        if stored.by == device:
            unseen[device] = text
        kept = {stored.text, *(one.text for one in stored.others)}
        assert {text for text in unseen.values() if text} <= kept, stored


def test_a_device_knows_its_own_words_even_when_the_answer_was_lost() -> None:
    here, there = UUID(int=1), UUID(int=2)
    stored = Wording(text="Dear a", by=here)

    assert merged(stored, Wording(text="Dear b", by=here), knows=False, settled=False).others == []
    assert merged(stored, Wording(by=here), knows=False, settled=False).is_empty
    assert merged(stored, Wording(by=there), knows=False, settled=False) == stored


def test_a_merge_that_forgets_is_noticed() -> None:
    here, there = UUID(int=1), UUID(int=2)
    stored, wanted = Wording(text="from the train", by=there), Wording(text="from the desk", by=here)
    longer = Wording(text="from the train, more", by=here)

    assert merged(stored, wanted, knows=True, settled=False).others == []
    assert [one.text for one in merged(stored, wanted, knows=False, settled=True).others] == [stored.text]
    assert merged(stored, longer, knows=False, settled=False).others == []

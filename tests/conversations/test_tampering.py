"""Somebody with every right in the database and no key: rows that point somewhere else are noticed."""

from dataclasses import dataclass, field
from typing import Any

import pytest
from structlog.testing import capture_logs

from amana.conversations.errors import MessageDamaged
from amana.kernel.ids import ConversationId
from tests.conversations.world import SINCE_JOINING, World
from tests.sync.reducer import Device
from tests.vault.room import Intruder

# The room of every test: these texts at 2, 3 and 4, then 5 edits the first and 6 edits it again.
FIRST, SECOND, THIRD, EDIT, LAST_EDIT = 2, 3, 4, 5, 6


@pytest.fixture
def intruder(database_dsn: str) -> Intruder:
    return Intruder(database_dsn)


@pytest.fixture
async def room(world: World) -> ConversationId:
    room = await world.room("bo")
    await world.say("ana", room, "six o'clock")
    await world.say("ana", room, "bring tea")
    await world.say("bo", room, "I will come")
    await world.edit("ana", room, FIRST, "seven o'clock")
    await world.edit("ana", room, FIRST, "eight o'clock")
    return room


@dataclass(frozen=True)
class Change:
    """Statements of the intruder, ``$1`` is the room; what members then see of messages and of event 6."""

    statements: tuple[str, ...]
    seen: dict[int, str]
    edit_holds: bool = False
    parts: set[str] = field(default_factory=lambda: {"state", "target"})


STATE = "UPDATE message_state SET {} WHERE conversation_id = $1 AND seq = 2"
AT_SECOND = "UPDATE event SET target_seq = 3 WHERE conversation_id = $1 AND seq = 6"
FORGED = (
    "INSERT INTO message_state (org_id, conversation_id, seq, current_seq, revision)"
    " SELECT org_id, conversation_id, 3, 6, 2 FROM conversation WHERE conversation_id = $1"
)
WHOLE = {FIRST: "eight o'clock", SECOND: "bring tea", THIRD: "I will come"}
CHANGES = {
    "the edit points at another message": Change((AT_SECOND,), {FIRST: "damaged"}),
    "another message's state names the edit": Change(
        (FORGED,), {SECOND: "damaged"}, edit_holds=True, parts={"state"}
    ),
    "both": Change((AT_SECOND, FORGED), {FIRST: "damaged", SECOND: "damaged"}),
    "both, and the state has moved along": Change(
        (AT_SECOND, STATE.format("seq = 3")), {FIRST: "erased", SECOND: "damaged"}, parts={"target"}
    ),
    "the state names another message": Change(
        (STATE.format("current_seq = 3"),), {FIRST: "damaged"}, edit_holds=True, parts={"state"}
    ),
    "the state names another message as untouched": Change(
        (STATE.format("current_seq = 3, revision = 0"),), {FIRST: "damaged"}, edit_holds=True, parts={"state"}
    ),
    "the state names an event that does not exist": Change(
        (STATE.format("current_seq = 999"),), {FIRST: "damaged"}, edit_holds=True, parts={"state"}
    ),
    "the state names an older revision": Change(
        (STATE.format("current_seq = 5"),), {FIRST: "damaged"}, edit_holds=True, parts={"state"}
    ),
    "the state counts another revision": Change(
        (STATE.format("revision = 1"),), {FIRST: "damaged"}, edit_holds=True, parts={"state"}
    ),
    "the edit poses as a message": Change(
        ("UPDATE event SET kind = 10 WHERE conversation_id = $1 AND seq = 6",),
        # On a page it would stand in a thread of the first.
        {FIRST: "damaged", LAST_EDIT: "gone"},
    ),
    "another message poses as the edit": Change(
        (
            "UPDATE event SET kind = 11, target_seq = 2 WHERE conversation_id = $1 AND seq = 3",
            STATE.format("current_seq = 3, revision = 0"),
        ),
        {FIRST: "damaged", SECOND: "gone"},
        edit_holds=True,
    ),
}


@pytest.mark.parametrize("title", CHANGES)
async def test_a_row_that_points_elsewhere_is_damaged_and_the_rest_goes_on(
    world: World, room: ConversationId, intruder: Intruder, title: str
) -> None:
    change = CHANGES[title]
    for statement in change.statements:
        assert await intruder.run(statement, room) == 1

    with capture_logs() as logs:
        page = await world.page("bo", room)
        frames = {event["seq"]: event for event in await world.events("bo", room)}

    assert seen(page) == {seq: text for seq, text in (WHOLE | change.seen).items() if text != "gone"}
    assert frames[LAST_EDIT].get("why") == (None if change.edit_holds else "damaged")
    assert (frames[LAST_EDIT]["target"] == FIRST) == change.edit_holds
    assert {(entry["event"], entry["part"]) for entry in logs} == {
        ("message_rows_damaged", part) for part in change.parts
    }
    assert "o'clock" not in str(logs)
    sent = await world.say("bo", room, "as ever")
    await world.edit("bo", room, THIRD, "I come later")
    assert seen(await world.page("ana", room))[THIRD] == "I come later"
    assert (await world.line("ana", room))["last"]["seq"] == sent.seq


async def test_a_state_from_before_the_reader_came_breaks_no_page(world: World, intruder: Intruder) -> None:
    room = await world.room(history=SINCE_JOINING)
    early = await world.say("ana", room, "secret")
    edit = await world.edit("ana", room, early.seq, "secret still")
    await world.add("ana", room, "bo")
    late = await world.say("ana", room, "welcome")
    await world.edit("ana", room, late.seq, "welcome!")
    await intruder.run(
        "UPDATE message_state SET current_seq = $2 WHERE conversation_id = $1 AND seq = $3",
        room,
        edit.seq,
        late.seq,
    )
    await intruder.run(
        "UPDATE event SET target_seq = $2 WHERE conversation_id = $1 AND seq = $3", room, late.seq, edit.seq
    )

    page, line = await world.page("bo", room), await world.line("bo", room)

    assert seen(page) == {late.seq: "damaged"}
    assert line["last"]["unreadable"] == "damaged"


async def test_quotes_and_the_list_show_no_other_text_than_was_said(
    world: World, room: ConversationId, intruder: Intruder
) -> None:
    answer = await world.say("bo", room, "fine", reply_to=FIRST)
    await world.edit("bo", room, answer.seq, "fine!")
    for statement in (
        "UPDATE event SET target_seq = 4 WHERE conversation_id = $1 AND seq = 6",
        "UPDATE message_state SET current_seq = 4 WHERE conversation_id = $1",
    ):
        await intruder.run(statement, room)

    last = (await world.line("ana", room))["last"]
    alone = await world.entry("ana", room, FIRST)
    await intruder.run(
        "UPDATE message_state SET current_seq = 8 WHERE conversation_id = $1 AND seq = $2", room, answer.seq
    )
    page = await world.page("ana", room, limit=1)

    assert (last["seq"], last["content"], last["unreadable"]) == (answer.seq, None, "damaged")
    assert (alone["content"], alone["unreadable"]) == (None, "damaged")
    assert [(quote["seq"], quote["content"], quote["unreadable"]) for quote in page["quotes"]] == [
        (FIRST, None, "damaged")
    ]


async def test_a_removal_that_points_elsewhere_removes_nothing(
    world: World, room: ConversationId, intruder: Intruder
) -> None:
    device = Device(str(world["bo"].user_id))
    device.load(await world.line("bo", room), (await world.page("bo", room))["entries"])
    before = device.rooms[str(room)].entries[FIRST]
    removal = await world.remove("ana", room, SECOND)
    await intruder.run(
        "UPDATE event SET target_seq = 2 WHERE conversation_id = $1 AND seq = $2", room, removal.seq
    )

    (frame,) = await world.events("bo", room, after=LAST_EDIT)

    assert (frame["why"], frame["target"], frame["content"]) == ("damaged", None, None)
    assert device.apply(frame) == "applied"
    assert device.rooms[str(room)].entries[FIRST] == before
    entries = {entry["seq"]: entry for entry in (await world.page("bo", room))["entries"]}
    assert entries[SECOND]["removed"] is not None
    assert entries[FIRST]["content"]["text"] == "eight o'clock"


@pytest.mark.parametrize(
    ("spoil", "mend"),
    [
        (STATE.format("current_seq = 4"), STATE.format("current_seq = 6")),
        (STATE.format("current_seq = 999"), STATE.format("current_seq = 6")),
        (AT_SECOND, AT_SECOND.replace("= 3", "= 2")),
    ],
)
async def test_a_change_of_a_damaged_message_ends_no_other_text(
    world: World, room: ConversationId, intruder: Intruder, spoil: str, mend: str
) -> None:
    await intruder.run(spoil, room)

    with pytest.raises(MessageDamaged):
        await world.edit("ana", room, FIRST, "nine o'clock")
    with pytest.raises(MessageDamaged):
        await world.remove("ana", room, FIRST)

    assert seen(await world.page("bo", room))[THIRD] == "I will come"
    await intruder.run(mend, room)
    await world.edit("ana", room, FIRST, "nine o'clock")
    assert seen(await world.page("bo", room)) == WHOLE | {FIRST: "nine o'clock"}


async def test_a_sealed_place_is_looked_at_before_a_text_ends(
    world: World, room: ConversationId, intruder: Intruder
) -> None:
    await intruder.run(AT_SECOND, room)
    await intruder.run(FORGED, room)

    with pytest.raises(MessageDamaged):
        await world.edit("ana", room, SECOND, "bring coffee")
    with pytest.raises(MessageDamaged):
        await world.remove("ana", room, SECOND)


async def test_nobody_edits_what_a_row_only_says_they_wrote(
    world: World, room: ConversationId, intruder: Intruder
) -> None:
    owned = "UPDATE event SET sender_id = $2 WHERE conversation_id = $1 AND seq = $3"
    await intruder.run(owned, room, world["bo"].user_id, SECOND)
    with pytest.raises(MessageDamaged):
        await world.edit("bo", room, SECOND, "bring money")
    # Nor with an edit that was borrowed while the message was another one's.
    await intruder.run(owned, room, world["bo"].user_id, LAST_EDIT)

    assert seen(await world.page("ana", room))[FIRST] == "damaged"


def seen(page: Any) -> dict[int, str]:
    """What the messages of a page say, or why they say nothing."""
    return {
        entry["seq"]: entry["content"]["text"] if entry["content"] else entry["unreadable"]
        for entry in page["entries"]
        if entry["kind"] == "message.created"
    }

"""Anonymous polls: one sealed box, and nothing anywhere that tells who chose what."""

import asyncio
from itertools import permutations
from typing import Any

import pytest

from amana.conversations.polls.ballots import Ballots, poll_id_of
from amana.conversations.polls.box import SMALLEST, Box, unpacked
from amana.conversations.polls.errors import (
    AlreadyVoted,
    ChoiceInvalid,
    PollClosed,
    PollDamaged,
    PollNotFound,
)
from amana.kernel.entropy import SeededEntropy
from amana.kernel.ids import ConversationId, Ids, UserId
from tests.conversations.test_polls import rows
from tests.conversations.voting import ask, close, mine, standing, vote, voters
from tests.conversations.world import World
from tests.support.clock import FakeClock
from tests.vault.room import Intruder

VOTERS = ("ana", "bo", "eve")


@pytest.fixture
def intruder(database_dsn: str) -> Intruder:
    return Intruder(database_dsn)


async def test_nothing_is_heard_before_the_end_and_then_only_the_numbers(world: World) -> None:
    room = await world.room("bo", "eve")
    poll = await ask(world, "ana", room, anonymous=True, multiple=True)
    await vote(world, "bo", room, poll.seq, 0, 2)
    await vote(world, "eve", room, poll.seq, 2)

    assert await standing(world, "bo", room, poll.seq) is None
    assert (await mine(world, "bo", room, poll.seq)).voted
    assert not (await mine(world, "ana", room, poll.seq)).voted
    assert (await world.line("ana", room))["head_seq"] == poll.seq
    ended = await close(world, "ana", room, poll.seq)

    assert await standing(world, "bo", room, poll.seq) == (2, [1, 0, 2], [])
    with pytest.raises(PollClosed):
        await vote(world, "ana", room, poll.seq, 1)
    with pytest.raises(PollNotFound):
        await voters(world, "ana", room, poll.seq)
    (event,) = await world.events("eve", room, after=poll.seq)
    assert (event["seq"], event["content"]["totals"]) == (ended.seq, [1, 0, 2])


async def test_a_vote_is_final(world: World) -> None:
    room = await world.room("bo")
    poll = await ask(world, "ana", room, anonymous=True)
    client_id = world.client_id()
    await vote(world, "bo", room, poll.seq, 0, client_id=client_id)

    for again in (client_id, world.client_id()):
        with pytest.raises(AlreadyVoted):
            await vote(world, "bo", room, poll.seq, 1, client_id=again)
    with pytest.raises(ChoiceInvalid):
        await vote(world, "ana", room, poll.seq)
    await world.take_out("ana", room, "bo")
    await world.add("ana", room, "bo")
    with pytest.raises(AlreadyVoted):
        await vote(world, "bo", room, poll.seq, 1)
    await close(world, "ana", room, poll.seq)
    assert await standing(world, "bo", room, poll.seq) == (1, [1, 0, 0], [])


async def test_whoever_chose_what_the_database_is_the_same(world: World, intruder: Intruder) -> None:
    room = await world.room("bo", "eve")
    polls = [(await ask(world, "ana", room, anonymous=True)).seq for _ in range(6)]
    choices = list(permutations((0, 1, 1)))
    orders = list(permutations(VOTERS))
    before = await everything(world, intruder)
    boxes, sizes = set(), set()

    for seq, chosen, order in zip(polls, choices, orders, strict=True):
        choice_of = dict(zip(VOTERS, chosen, strict=True))
        for name in order:
            await vote(world, name, room, seq, choice_of[name])
            world.clock.advance(seconds=7)
        boxes.add(await box_of(world, intruder, room, seq))
        sizes.add(await size_of(intruder, room, seq))

    assert len(boxes) == 1
    (box,) = boxes
    assert box == Box((1, 2, 0), 3, frozenset(world[name].user_id for name in VOTERS))
    assert len(sizes) == 1
    # Besides the sealed boxes and their keys no row of any table came, went or changed.
    assert await everything(world, intruder) == before


async def test_that_check_notices_an_event_for_a_vote(world: World, intruder: Intruder) -> None:
    room = await world.room("bo")
    poll = await ask(world, "ana", room)
    before = await everything(world, intruder)

    await vote(world, "bo", room, poll.seq, 1)

    assert await everything(world, intruder) != before


async def test_votes_at_the_same_time_are_all_counted(world: World) -> None:
    names = [f"p{number}" for number in range(12)]
    for name in names:
        await world.person(name)
    room = await world.room(*names)
    poll = await ask(world, "ana", room, anonymous=True)

    await asyncio.gather(
        *(vote(world, name, room, poll.seq, place % 3) for place, name in enumerate(names)),
    )

    await close(world, "ana", room, poll.seq)
    assert await standing(world, "ana", room, poll.seq) == (12, [4, 4, 4], [])


async def test_at_the_end_the_box_and_its_key_are_destroyed(world: World, intruder: Intruder) -> None:
    room = await world.room("bo")
    poll = await ask(world, "ana", room, anonymous=True)
    await vote(world, "bo", room, poll.seq, 1)
    kept = await sealed_box(intruder, room, poll.seq)

    await close(world, "ana", room, poll.seq)

    assert await sealed_box(intruder, room, poll.seq) is None
    assert await keys(intruder, room, poll.seq) == 0
    # Nor does an old copy of the row help.
    with pytest.raises(PollDamaged):
        await opened(world, room, poll.seq, kept)
    assert not (await mine(world, "bo", room, poll.seq)).voted


async def test_a_box_of_before_a_vote_opens_no_more(world: World, intruder: Intruder) -> None:
    room = await world.room("bo")
    poll = await ask(world, "ana", room, anonymous=True)
    kept = await sealed_box(intruder, room, poll.seq)

    await vote(world, "bo", room, poll.seq, 1)

    with pytest.raises(PollDamaged):
        await opened(world, room, poll.seq, kept)


@pytest.mark.parametrize("how", ["removed", "erased"])
async def test_a_poll_that_is_gone_leaves_no_box(world: World, intruder: Intruder, how: str) -> None:
    room = await world.room("bo")
    poll = await ask(world, "ana", room, anonymous=True)
    await vote(world, "bo", room, poll.seq, 1)

    if how == "removed":
        await world.remove("ana", room, poll.seq)
    else:
        await world.erase_older(room, hours=0)

    assert await rows(intruder, room) == []
    assert await keys(intruder, room, poll.seq) == 0


async def test_an_erased_persons_name_leaves_the_box_and_the_numbers_stay(
    world: World, intruder: Intruder
) -> None:
    room = await world.room("bo", "eve")
    poll = await ask(world, "ana", room, anonymous=True)
    for name in ("bo", "eve"):
        await vote(world, name, room, poll.seq, 1)

    await world.erase_author(room, "bo")

    box = await box_of(world, intruder, room, poll.seq)
    assert box == Box((0, 2, 0), 2, frozenset({world["eve"].user_id}))
    await close(world, "ana", room, poll.seq)
    assert await standing(world, "eve", room, poll.seq) == (2, [0, 2, 0], [])


async def test_a_damaged_box_takes_no_votes_and_ends_without_a_result(
    world: World, intruder: Intruder
) -> None:
    room = await world.room("bo")
    poll = await ask(world, "ana", room, anonymous=True)
    await intruder.run("UPDATE poll SET box = $2 WHERE conversation_id = $1", room, b"\x01" + bytes(60))

    with pytest.raises(PollDamaged):
        await vote(world, "bo", room, poll.seq, 1)
    await close(world, "ana", room, poll.seq)

    assert await standing(world, "bo", room, poll.seq) == (None, None, [])


async def test_a_row_that_was_changed_makes_no_vote_public(world: World, intruder: Intruder) -> None:
    room = await world.room("bo")
    poll = await ask(world, "ana", room, anonymous=True)
    await intruder.run("UPDATE poll SET anonymous = false WHERE conversation_id = $1", room)

    with pytest.raises(PollDamaged):
        await vote(world, "bo", room, poll.seq, 1)


def test_a_box_says_nothing_by_its_length_or_order(clock: FakeClock, entropy: SeededEntropy) -> None:
    ids = Ids(clock, entropy)
    people = [UserId(ids.new()) for _ in range(300)]
    forth, back = Box((0, 0)), Box((0, 0))
    for one, other in zip(people, reversed(people), strict=True):
        forth, back = forth.with_vote(one, [0]), back.with_vote(other, [0])

    assert forth.packed(300) == back.packed(300)
    assert len(Box((0, 0)).packed(300)) == len(forth.packed(300)) == 8_192
    assert len(Box((0, 0)).packed(3)) == SMALLEST
    assert unpacked(forth.packed(300)) == forth
    assert unpacked(forth.without(people[0]).packed(300)).cast == 300
    for broken in (b"", b"\0\0\0\1", forth.packed(300)[:200]):
        with pytest.raises(PollDamaged):
            unpacked(broken)


async def sealed_box(intruder: Intruder, room: ConversationId, seq: int) -> bytes | None:
    (row,) = await intruder.rows("SELECT box FROM poll WHERE conversation_id = $1 AND seq = $2", room, seq)
    box: bytes | None = row["box"]
    return box


async def size_of(intruder: Intruder, room: ConversationId, seq: int) -> int:
    return len(await sealed_box(intruder, room, seq) or b"")


async def opened(world: World, room: ConversationId, seq: Any, sealed: bytes | None) -> Box:
    async with world.database.read(world.org_id) as tx:
        return await Ballots(world.vault).open(tx, world.org_id, room, seq, sealed)


async def box_of(world: World, intruder: Intruder, room: ConversationId, seq: int) -> Box:
    return await opened(world, room, seq, await sealed_box(intruder, room, seq))


async def keys(intruder: Intruder, room: ConversationId, seq: Any) -> int:
    found = await intruder.rows(
        "SELECT FROM keyring.pending WHERE conversation_id = $1 AND item_id = $2", room, poll_id_of(room, seq)
    )
    return len(found)


async def everything(world: World, intruder: Intruder) -> dict[str, list[str]]:
    """Every row of the organisation in every table, but for what is sealed of boxes and of their keys."""
    tables = await intruder.rows(
        """
        SELECT c.relname, n.nspname
          FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
          JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'org_id'
         WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND n.nspname IN ('amana', 'keyring')
        """
    )
    sealed = {"poll": "box", "pending": "wrapped"}
    result: dict[str, list[str]] = {}
    for table in tables:
        name = f"{table['nspname']}.{table['relname']}"
        left_out = sealed.get(table["relname"], "")
        found = await intruder.rows(
            f"SELECT (to_jsonb(t) - '{left_out}')::text AS row FROM {name} t WHERE org_id = $1",
            world.org_id,
        )
        result[name] = sorted(row["row"] for row in found)
    assert len(result) > 20
    return result

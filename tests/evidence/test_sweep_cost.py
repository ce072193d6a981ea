"""What one run of the sequencer costs, however many conversations there are."""

import time
from hashlib import sha256

import pytest

from amana.evidence import Sequencer
from amana.kernel.entropy import SeededEntropy
from amana.kernel.ids import ConversationId, Ids
from amana.storage.database import Database
from amana.vault import Vault
from tests.conversations.test_hot_path import counted
from tests.support.clock import FakeClock
from tests.vault.room import Room

HEADS = """
INSERT INTO conversation_head (org_id, conversation_id, seq, chain)
SELECT $1, u, 1, $3 FROM unnest($2::uuid[]) u
"""


async def open_many(room: Room, count: int, *, at_once: int = 1000) -> list[ConversationId]:
    """Conversations with keys and heads, as if somebody had written one message into each."""
    made: list[ConversationId] = []
    for _ in range(0, count, at_once):
        part = [ConversationId(room.ids.new()) for _ in range(at_once)]
        async with room.database.write(room.org_id) as tx:
            await room.vault._keys.create_conversations(tx, room.org_id, dict.fromkeys(part, 1))
            await tx.fetch(HEADS, room.org_id, part, sha256(b"chain").digest())
        made += part
    return made


async def move(room: Room, rooms: list[ConversationId]) -> None:
    async with room.database.write(room.org_id) as tx:
        await tx.run(
            "UPDATE conversation_head SET seq = seq + 1 WHERE conversation_id = ANY(:rooms)", rooms=rooms
        )


async def sweeps(
    room: Room, sequencer: Sequencer, rooms: list[ConversationId]
) -> dict[str, tuple[int, float]]:
    """Statements and milliseconds of a run after all rooms moved, a hundredth of them, and none."""
    cost: dict[str, tuple[int, float]] = {}
    for name, part in (("all", rooms), ("some", rooms[::100]), ("none", [])):
        if part and name != "all":
            await move(room, part)
        start = time.perf_counter()
        with counted() as statements:
            await sequencer.run_once(room.org_id)
        cost[name] = (len(statements), (time.perf_counter() - start) * 1000)
    return cost


@pytest.fixture
def sequencer(database: Database, vault: Vault, clock: FakeClock, entropy: SeededEntropy) -> Sequencer:
    return Sequencer(database, vault, clock, entropy, host="chat.example.org")


async def test_a_run_takes_as_many_statements_for_many_rooms_as_for_few(
    room: Room, sequencer: Sequencer, ids: Ids
) -> None:
    few = await open_many(room, 100, at_once=100)
    first = await sweeps(room, sequencer, few)
    many = await open_many(room, 400, at_once=400)
    second = await sweeps(room, sequencer, many)

    assert second["all"][0] <= first["all"][0]
    assert second["some"][0] == first["some"][0]
    assert second["none"][0] < second["some"][0] <= 20


@pytest.mark.full
async def test_ten_thousand_rooms(room: Room, sequencer: Sequencer) -> None:
    rooms = await open_many(room, 10_000)

    cost = await sweeps(room, sequencer, rooms)

    for name, (statements, milliseconds) in cost.items():
        print(f"10,000 rooms, {name} moved: {statements} statements, {milliseconds:.0f} ms")
    assert cost["all"][0] <= 60
    assert cost["some"][0] <= 20

"""Newer keys: what was sealed stays readable, what comes is sealed anew, and nobody has to wait for it."""

import asyncio
import os
import random
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest

from amana.kernel.entropy import SeededEntropy
from amana.kernel.ids import ConversationId, Ids
from amana.storage.database import Database
from amana.vault import KeyFile, Vault
from amana.vault.rotation import GENERATION_AGE, GENERATION_EVENTS
from tests.support.clock import FakeClock
from tests.vault.room import Intruder, Room, open_room

NOWHERE: ConversationId | None = ConversationId(UUID(int=0))
FORGED = """
DO $$ BEGIN UPDATE keyring.conversation_key SET wrapped = '' /*
PL/pgSQL function keyring.rewrap_conversation_keys(uuid) line 8 at SQL statement
*/; END $$"""
REWRAPPING = (sys.executable, "-m", "tests.vault.rewrapping")
CI_KILLS = 6
FULL_KILLS = 200


async def rotate(room: Room, clock: FakeClock, *, vault: Vault | None = None) -> int:
    async with room.database.write(room.org_id) as tx:
        return await (vault or room.vault).rotation.rotate_conversation(
            tx, room.org_id, room.conversation_id, now=clock.now()
        )


async def generations(room: Room) -> list[int]:
    """The generation that each message's live wrap hangs on, in order."""
    async with room.database.read(room.org_id) as tx:
        rows = await tx.all(
            "SELECT key_ref FROM keyring.wrap WHERE conversation_id = :id ORDER BY seq",
            id=room.conversation_id,
        )
    return [row["key_ref"] for row in rows]


async def epochs(room: Room) -> set[int]:
    async with room.database.read(room.org_id) as tx:
        rows = await tx.all("SELECT epoch FROM keyring.conversation_key WHERE org_id = :id", id=room.org_id)
    return {row["epoch"] for row in rows}


async def new_epoch(room: Room, *, vault: Vault | None = None) -> int:
    async with room.database.write(room.org_id) as tx:
        return await (vault or room.vault).rotation.rotate_organisation(tx, room.org_id)


async def rewrap(room: Room, *, limit: int = 500, vault: Vault | None = None) -> int:
    done = 0
    while True:
        async with room.database.write(room.org_id) as tx:
            step = await (vault or room.vault).rotation.rewrap(tx, room.org_id, limit=limit)
        if not step:
            return done
        done += step


async def another_vault(room: Room, key_path: Path, entropy: SeededEntropy) -> Vault:
    """The vault of a second process on the same database."""
    vault = Vault(room.database, KeyFile(key_path, entropy=entropy), entropy)
    await vault.start()
    return vault


async def test_a_new_generation_seals_what_comes_and_the_old_one_opens_what_was(
    room: Room, clock: FakeClock
) -> None:
    await room.say("before", "also before")

    assert await rotate(room, clock) == 2
    await room.say("after")

    assert await generations(room) == [1, 1, 2]
    assert await room.read() == room.texts


async def test_a_rotation_that_is_rolled_back_seals_nothing(room: Room, clock: FakeClock) -> None:
    await room.say("before")
    with pytest.raises(RuntimeError, match="changed their mind"):
        async with room.database.write(room.org_id) as tx:
            await room.vault.rotation.rotate_conversation(
                tx, room.org_id, room.conversation_id, now=clock.now()
            )
            raise RuntimeError("changed their mind")

    await room.say("after")

    assert await generations(room) == [1, 1]
    assert await room.read() == room.texts


async def test_two_rotations_at_once_lose_nothing(room: Room, clock: FakeClock) -> None:
    await room.say("before")

    await asyncio.gather(*(rotate(room, clock) for _ in range(4)))
    await room.say("after")

    assert (await generations(room))[1] >= 2
    assert await room.read() == room.texts


async def test_another_process_seals_validly_until_it_notices(
    room: Room, clock: FakeClock, key_path: Path, entropy: SeededEntropy
) -> None:
    other = await another_vault(room, key_path, entropy)
    await room.say("before")
    assert await room.read(vault=other) == room.texts
    async with room.database.read(room.org_id) as tx:
        await room.vault.rotation.refresh(tx, room.org_id)
    clock.jump_to(datetime.now(UTC) + timedelta(minutes=10))  # the first generation has the database's time
    await rotate(room, clock, vault=other)

    await room.say("behind")
    async with room.database.read(room.org_id) as tx:
        await room.vault.rotation.refresh(tx, room.org_id)
    await room.say("noticed")

    assert await generations(room) == [1, 1, 2]
    assert await room.read() == room.texts
    assert await room.read(vault=other) == room.texts


async def test_old_and_much_used_generations_are_due_and_others_are_not(
    database: Database, vault: Vault, ids: Ids, clock: FakeClock, intruder: Intruder
) -> None:
    old = await open_room(database, vault, ids, clock)
    young, busy, idle = [await open_room(database, vault, ids, clock, org_id=old.org_id) for _ in range(3)]
    for room in (old, young, busy):
        await room.say("one")
    made = "UPDATE keyring.conversation_key SET made_at = $2, first_seq = $3 WHERE conversation_id = $1"
    now = clock.now()
    await intruder.run(made, old.conversation_id, now - GENERATION_AGE, 0)
    await intruder.run(made, young.conversation_id, now - GENERATION_AGE + timedelta(minutes=1), 0)
    await intruder.run(made, busy.conversation_id, now, 1 - GENERATION_EVENTS)
    await intruder.run(made, idle.conversation_id, now, 0)

    rotated, after, passes = 0, NOWHERE, 0
    while after is not None:
        async with database.write(old.org_id) as tx:
            count, after = await vault.rotation.rotate_due(tx, old.org_id, after=after, limit=2, now=now)
        rotated, passes = rotated + count, passes + 1
    for room in (old, young, busy, idle):
        await room.say("two")

    assert (rotated, passes) == (2, 3)
    assert [await generations(room) for room in (old, young, busy, idle)] == [[1, 2], [1, 1], [1, 2], [1]]
    for room in (old, young, busy, idle):
        assert await room.read() == room.texts


async def test_a_new_epoch_takes_every_conversation_key_and_changes_no_message(
    room: Room, database: Database, ids: Ids, clock: FakeClock, key_path: Path, entropy: SeededEntropy
) -> None:
    rooms = [room] + [await open_room(database, room.vault, ids, clock, org_id=room.org_id) for _ in range(6)]
    for one in rooms:
        await one.say("before")
    await rotate(room, clock)
    async with database.write(room.org_id) as tx:
        title = await room.vault.seal_text(tx, room.org_id, "title", room.conversation_id, "Old title")
        stored = await tx.all("SELECT wrapped FROM keyring.wrap WHERE org_id = :id", id=room.org_id)

    assert await new_epoch(room) == 2
    assert await epochs(room) == {1}
    assert await rewrap(room, limit=3) == 8
    assert await rewrap(room) == 0
    late = await open_room(database, room.vault, ids, clock, org_id=room.org_id)
    await late.say("after")

    assert await epochs(room) == {2}
    fresh = await another_vault(room, key_path, entropy)
    for one in [*rooms, late]:
        assert await one.read() == await one.read(vault=fresh) == one.texts
    async with database.write(room.org_id) as tx:
        again = await tx.all(
            "SELECT wrapped FROM keyring.wrap WHERE org_id = :id AND conversation_id <> :late",
            id=room.org_id,
            late=late.conversation_id,
        )
        assert sorted(row["wrapped"] for row in again) == sorted(row["wrapped"] for row in stored)
        for vault in (room.vault, fresh):
            opened = await vault.open_text(tx, room.org_id, "title", room.conversation_id, title)
            assert opened == "Old title"


async def test_a_process_that_does_not_know_an_epoch_reads_it_when_it_meets_it(
    room: Room, database: Database, ids: Ids, clock: FakeClock, key_path: Path, entropy: SeededEntropy
) -> None:
    unread = await open_room(database, room.vault, ids, clock, org_id=room.org_id)
    other = await another_vault(room, key_path, entropy)
    await room.say("known")
    assert await room.read(vault=other) == room.texts
    await new_epoch(room)
    await rewrap(room)
    async with database.write(room.org_id) as tx:
        title = await room.vault.seal_text(tx, room.org_id, "title", room.conversation_id, "New title")
    await unread.say("not cached anywhere else")

    assert await unread.read(vault=other) == unread.texts
    async with database.read(room.org_id) as tx:
        assert await other.open_text(tx, room.org_id, "title", room.conversation_id, title) == "New title"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE keyring.conversation_key SET wrapped = ''",
        "UPDATE keyring.conversation_key SET epoch = epoch + 1",
        "UPDATE keyring.organisation_key SET wrapped = ''",
        "DO $$ BEGIN UPDATE keyring.conversation_key SET wrapped = ''; END $$",
        FORGED,
    ],
)
async def test_nothing_but_the_functions_of_the_keyring_replaces_a_wrap(room: Room, statement: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="never changed"):
        async with room.database.write(room.org_id) as tx:
            await tx.run(statement)


async def test_a_key_that_does_not_open_stays_as_it_is_and_the_others_move_on(
    room: Room, database: Database, ids: Ids, clock: FakeClock, intruder: Intruder
) -> None:
    whole = await open_room(database, room.vault, ids, clock, org_id=room.org_id)
    await whole.say("whole")
    await intruder.run(
        "UPDATE keyring.conversation_key SET wrapped = wrapped || '?' WHERE conversation_id = $1",
        room.conversation_id,
    )
    await new_epoch(room)

    assert await rewrap(room) == 1
    assert await epochs(room) == {1, 2}
    assert await whole.read() == whole.texts


class Rewrapping:
    """Rooms of one organisation, and processes that wrap their keys again until they are killed."""

    def __init__(self, rooms: list[Room], dsn: str, key_path: Path, entropy: SeededEntropy) -> None:
        self.rooms = rooms
        self.entropy = entropy
        self.key_path = key_path
        self.environment = {
            **os.environ,
            "TEST_DSN": dsn,
            "TEST_KEY": str(key_path),
            "TEST_ORG": str(rooms[0].org_id),
        }

    async def kill_after(self, steps: int, delay_s: float) -> None:
        """Let a process do so many steps and die so long after them, in the middle of whatever it does."""
        more = {"TEST_STEPS": str(steps), "TEST_DELAY_S": str(delay_s)}
        process = await asyncio.create_subprocess_exec(*REWRAPPING, env={**self.environment, **more})
        await process.wait()

    async def unreadable(self) -> list[str]:
        """Every message that somebody with cached keys or somebody just started cannot read."""
        fresh = await another_vault(self.rooms[0], self.key_path, self.entropy)
        return [
            f"{room.conversation_id}: {content!r}"
            for room in self.rooms
            for vault in (room.vault, fresh)
            for seq, content in (await room.read(vault=vault)).items()
            if content != room.texts[seq]
        ]


@pytest.fixture
async def rewrapping(
    room: Room,
    database: Database,
    database_dsn: str,
    ids: Ids,
    clock: FakeClock,
    key_path: Path,
    entropy: SeededEntropy,
) -> Rewrapping:
    rooms = [room] + [
        await open_room(database, room.vault, ids, clock, org_id=room.org_id) for _ in range(39)
    ]
    for one in rooms:
        await one.say("first", "second")
    return Rewrapping(rooms, database_dsn, key_path, entropy)


async def survive_kills(rewrapping: Rewrapping, chance: random.Random, kills: int) -> None:
    room, midway = rewrapping.rooms[0], 0
    await new_epoch(room)
    for _ in range(kills):
        await rewrapping.kill_after(chance.randint(1, 12), chance.uniform(0, 0.008))
        found = await epochs(room)
        midway += len(found) > 1
        assert await rewrapping.unreadable() == []
        if len(found) == 1 or chance.random() < 0.5:
            await rewrap(room)
            await new_epoch(room)
    await rewrap(room)

    print(f"{midway} of {kills} kills fell into the middle")
    assert midway > kills // 4, "too few kills in the middle to mean anything"
    assert len(await epochs(room)) == 1
    assert await rewrapping.unreadable() == []


async def test_a_killed_rewrap_leaves_every_message_readable(rewrapping: Rewrapping, own_seed: int) -> None:
    await survive_kills(rewrapping, random.Random(own_seed), CI_KILLS)


@pytest.mark.full
@pytest.mark.timeout(1200)
async def test_two_hundred_killed_rewraps_leave_every_message_readable(
    rewrapping: Rewrapping, own_seed: int
) -> None:
    await survive_kills(rewrapping, random.Random(own_seed), FULL_KILLS)


async def test_a_rewrap_that_is_not_whole_would_be_seen(rewrapping: Rewrapping, intruder: Intruder) -> None:
    await new_epoch(rewrapping.rooms[0])
    await intruder.run(
        "UPDATE keyring.conversation_key SET epoch = 2 WHERE conversation_id = $1",
        rewrapping.rooms[3].conversation_id,
    )

    found = await rewrapping.unreadable()

    assert len(found) == 2
    assert all(str(rewrapping.rooms[3].conversation_id) in line for line in found)

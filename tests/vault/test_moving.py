"""The root key moves: a killed move leaves one key that works, and the way there and back loses nothing."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

from amana.kernel.entropy import SeededEntropy
from amana.kernel.ids import Ids, OrgId
from amana.storage.database import Database, Tx
from amana.vault import KeyFile, RootDescription, RootKey, RootKeyFailure, Vault
from amana.vault.moving import Moved, RootMove
from amana.vault.opening import describe
from amana.vault.transit import TransitKey
from tests.support.clock import FakeClock
from tests.vault.bao import Bao
from tests.vault.room import Intruder, Room, open_room

PASSPHRASE = "sieben stille Reiher"
STEPS = 6
"""How often a move between files says that a step is done."""


class Place:
    """A database on its own with one room, and whatever root key it hangs on."""

    def __init__(self, room: Room, dsn: str, path: Path, entropy: SeededEntropy, clock: FakeClock) -> None:
        self.room, self.dsn, self.path, self.entropy, self.clock = room, dsn, path, entropy, clock
        self.recorded: list[RootDescription] = []

    async def read_by(self, root: RootKey) -> bool:
        """Whether a server that starts with this root key reads everything; False when it does not start."""
        vault = Vault(self.room.database, root, self.entropy)
        try:
            await vault.start()
        except RootKeyFailure:
            return False
        assert await self.room.read(vault=vault) == self.room.texts
        return True

    def file(self, passphrase: str | None = None, path: Path | None = None) -> KeyFile:
        return KeyFile(path or self.path, passphrase, entropy=self.entropy)

    async def move(self, source: RootKey, target: RootKey) -> Moved:
        async def record(_tx: Tx, _org_id: OrgId, to: RootDescription) -> None:
            self.recorded.append(to)

        await Vault(self.room.database, source, self.entropy).start()
        moving = RootMove(self.room.database, source, target, self.entropy, record)
        return await moving.run([self.room.org_id], now=self.clock.now())

    async def killed_move(self, to: str, steps: int) -> list[str]:
        """Move in a process that dies after so many steps; what it said."""
        environment = {
            **os.environ,
            "TEST_DSN": self.dsn,
            "TEST_ORG": str(self.room.org_id),
            "TEST_FROM": str(self.path),
            "TEST_TO": to,
            "TEST_STEPS": str(steps),
        }
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.vault.moving", env=environment, stdout=asyncio.subprocess.PIPE
        )
        said, _ = await process.communicate()
        assert process.returncode == -9
        return said.decode().splitlines()


@pytest.fixture
async def place(
    empty_database: Database,
    empty_dsn: str,
    tmp_path: Path,
    entropy: SeededEntropy,
    ids: Ids,
    clock: FakeClock,
) -> Place:
    path = tmp_path / "keys" / "root.key"
    root = KeyFile(path, entropy=entropy)
    vault = Vault(empty_database, root, entropy)
    await vault.start()
    await describe(empty_database, root, now=clock.now())
    room = await open_room(empty_database, vault, ids, clock)
    await room.say("Schnee auf dem Hof", "und im Garten")
    return Place(room, empty_dsn, path, entropy, clock)


async def test_the_way_to_a_passphrase_to_a_service_and_back_loses_nothing(place: Place, bao: Bao) -> None:
    service = TransitKey(bao.place, patience_s=0)

    sealed = await place.move(place.file(), place.file(PASSPHRASE))
    away = await place.move(place.file(PASSPHRASE), service)
    assert not place.path.exists()
    back = await place.move(service, place.file())

    assert await place.read_by(place.file())
    assert [moved.epochs for moved in (sealed, away, back)] == [1, 1, 1]
    assert [to.kind for to in place.recorded] == ["file", "transit", "file"]
    assert len({moved.retired for moved in (sealed, away)}) == 2
    assert back.retired is None
    assert not await place.read_by(place.file(path=sealed.retired))
    assert not await place.read_by(service)


async def test_a_sealed_file_needs_its_passphrase_and_the_open_one_is_set_aside(place: Place) -> None:
    open_key = place.path.read_bytes()

    moved = await place.move(place.file(), place.file(PASSPHRASE))

    assert await place.read_by(place.file(PASSPHRASE))
    assert not await place.read_by(place.file())
    assert moved.retired is not None
    assert moved.retired.read_bytes() == open_key
    assert moved.retired.stat().st_mode & 0o777 == 0o600
    assert sorted(file.name for file in place.path.parent.iterdir()) == ["root.key", moved.retired.name]


@pytest.mark.parametrize("steps", range(1, STEPS))
async def test_a_killed_move_in_place_leaves_exactly_one_key_that_works(place: Place, steps: int) -> None:
    said = await place.killed_move(f"{place.path}:{PASSPHRASE}", steps)

    before, after = await place.read_by(place.file()), await place.read_by(place.file(PASSPHRASE))

    committed = any("hangs on the new" in line for line in said)
    assert (before, after) == (not committed, committed), said
    if not committed:
        await place.move(place.file(), place.file(PASSPHRASE))
        assert await place.read_by(place.file(PASSPHRASE))


@pytest.mark.parametrize("steps", range(1, STEPS))
async def test_a_killed_move_elsewhere_leaves_exactly_one_key_that_works(place: Place, steps: int) -> None:
    elsewhere = place.path.parent / "elsewhere.key"
    said = await place.killed_move(str(elsewhere), steps)

    before, after = await place.read_by(place.file()), await place.read_by(place.file(path=elsewhere))

    committed = any("hangs on the new" in line for line in said)
    assert (before, after) == (not committed, committed), said


async def test_a_move_says_every_step(place: Place) -> None:
    said = await place.killed_move(f"{place.path}:{PASSPHRASE}", STEPS)

    assert len(said) == STEPS, "the killed moves above must reach every step"


async def test_a_file_that_lies_at_the_target_is_not_overwritten(place: Place) -> None:
    other = place.path.parent / "other.key"
    other.write_text("precious")

    with pytest.raises(RootKeyFailure, match="already"):
        await place.move(place.file(), place.file(path=other))

    assert other.read_text() == "precious"
    assert await place.read_by(place.file())


async def test_a_damaged_organisation_key_stops_the_move(place: Place) -> None:
    intruder = Intruder(place.dsn)
    await place.move(place.file(), place.file(PASSPHRASE))
    await intruder.run("UPDATE keyring.organisation_key SET wrapped = wrapped || '?'")

    with pytest.raises(RootKeyFailure, match="damaged and would be lost"):
        await place.move(place.file(PASSPHRASE), place.file())


@pytest.mark.parametrize("how", ["missing", "another one's", "damaged", "wrong passphrase"])
async def test_every_way_to_lose_the_file_is_explained(place: Place, tmp_path: Path, how: str) -> None:
    passphrase = PASSPHRASE
    moved = await place.move(place.file(), place.file(PASSPHRASE))
    if how == "missing":
        place.path.unlink()
    elif how == "another one's":
        place.path.unlink()
        await place.file(PASSPHRASE).unlock(may_create=True)
    elif how == "damaged":
        place.path.write_bytes(place.path.read_bytes()[:-9])
    else:
        passphrase = "acht stille Reiher"

    with pytest.raises(RootKeyFailure) as explained:
        await Vault(place.room.database, place.file(passphrase), place.entropy).start()

    said = str(explained.value)
    for part in (
        "What is lost",
        "What still works",
        "What to look for",
        moved.now_at.key_id,
        "since 2026-11-22",
    ):
        assert part in said
    assert passphrase not in said

"""Backup, then erase, then the machine is destroyed, then restore: nothing erased can be read, and every
message that lived is there. The checker is shown a restore without journal and newest keys first: it
has to find what was erased.
"""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest
import pytest_asyncio

from amana.kernel.clock import SystemClock
from amana.kernel.entropy import SystemEntropy
from amana.storage.database import Database
from amana.vault import Cause, Ground, KeyFile, Unreadable, Vault, issue
from amana.vault.model import Address, Stored
from tests.backup.restoring import AMANA, Machine, run
from tests.support.client import PASSWORD, Person, Refused, connected, join_many, new_client_id, sign_in
from tests.support.server import ServerProcess

CI_ERASED = 50
FULL_ERASED = 1_000
_ROWS = """
SELECT org_id, conversation_id, seq, bucket, sender_id, device_id, client_id, revision, body, commitment
  FROM amana.event WHERE kind IN (10, 11)
"""

Place = tuple[UUID, int]


@dataclass
class Plan:
    """How much is said and how much of it is erased afterwards."""

    erased: int
    rooms: int = 3

    @property
    def removed(self) -> int:
        return self.erased // 2

    @property
    def expired(self) -> int:
        return self.erased // 4

    @property
    def of_person(self) -> int:
        return self.erased - self.removed - self.expired


@dataclass
class Truth:
    """What everybody was told by the server that is gone."""

    live: dict[Place, str] = field(default_factory=dict)
    erased: dict[Place, str] = field(default_factory=dict)
    # Removed ones keep a trace for a while, which only an access case may open.
    traced: set[Place] = field(default_factory=set)
    # Whoever was erased as a person is erased again as soon as the restored server runs.
    of_person: set[Place] = field(default_factory=set)
    rooms: list[UUID] = field(default_factory=list)
    handles: dict[str, str] = field(default_factory=dict)
    before: str = ""
    checkpoint: str = ""
    vkey: str = ""


@dataclass
class Found:
    """What a restored server gives away."""

    readable: set[Place] = field(default_factory=set)
    missing: set[Place] = field(default_factory=set)
    unwrapped: set[Place] = field(default_factory=set)
    # Names of persons who were erased.
    names: set[str] = field(default_factory=set)


class Disaster:
    """One server from its first message to its end."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.machine = Machine()
        self.truth = Truth()

    async def happen(self) -> None:
        """Everything up to the end of the machine."""
        plan, truth, machine = self.plan, self.truth, self.machine
        self.ana = await machine.start()
        self.bo, self.cem = await join_many(self.ana, ["Bo", "Cem"])
        people = [self.bo, self.cem]
        truth.rooms = [await self.ana.create_group(f"Room {n}", people) for n in range(plan.rooms)]
        for person in (self.ana, self.bo):
            truth.handles[person.name] = (await person.call("GET", "/v1/me"))["person"]["handle"]
        doomed = await self.say([self.bo] * (plan.removed + plan.expired), "doomed")
        await self.keep(self.ana, 10)
        await self.newest_checkpoint()
        await machine.back_up()
        doomed_of_cem = await self.say([self.cem] * plan.of_person, "of cem")
        await self.keep(self.bo, 10)
        truth.before = await machine.now()
        await self.erase(doomed, doomed_of_cem)
        truth.checkpoint = await self.newest_checkpoint()
        await machine.ship()
        await machine.keep_keys()
        await machine.send_journal()
        await machine.destroy()

    async def say(self, authors: Iterable[Person], what: str) -> list[tuple[Place, str]]:
        said = []
        for number, author in enumerate(authors):
            room, text = self.truth.rooms[number % len(self.truth.rooms)], f"{what} {number}"
            said.append(((room, (await author.post(room, text))["seq"]), text))
        return said

    async def keep(self, author: Person, count: int) -> None:
        self.truth.live |= dict(await self.say([author] * count, f"kept by {author.name}"))

    async def erase(self, doomed: list[tuple[Place, str]], of_person: list[tuple[Place, str]]) -> None:
        """By its author, by the period of the room, and with a person."""
        removed, expired = doomed[: self.plan.removed], doomed[self.plan.removed :]
        for (room, seq), _ in removed:
            body = {"client_id": str(new_client_id())}
            await self.bo.call("POST", f"/v1/conversations/{room}/messages/{seq}/removal", body)
            self.truth.traced.add((room, seq))
        await self.expire([place for place, _ in expired])
        body = {"current_password": PASSWORD}
        await self.ana.call("POST", f"/v1/people/{self.cem.user_id}/erasure", body)
        while True:
            state = await self.ana.call("GET", f"/v1/people/{self.cem.user_id}/erasure")
            if state["state"] != "running":
                break
            await asyncio.sleep(0.2)
        self.truth.erased = dict([*removed, *expired, *of_person])
        self.truth.of_person = {place for place, _ in of_person}

    async def expire(self, places: list[Place]) -> None:
        """What the retention job does, without waiting for days."""
        database = await Database.connect(self.machine.server.superuser_dsn(), pool_size=1)
        vault = Vault(database, KeyFile(self.machine.server.data_dir / "keys" / "root.key"), SystemEntropy())
        (row,) = await self.machine.sql("SELECT org_id FROM organisation")
        try:
            async with database.write(row["org_id"]) as tx:
                for room in self.truth.rooms:
                    seqs: Any = [seq for place, seq in places if place == room]
                    await vault.end_grounds(
                        tx,
                        room,  # type: ignore[arg-type]  # any uuid here
                        seqs,
                        (Ground.LIVE, Ground.TRACE),
                        cause=Cause.RETENTION,
                        now=SystemClock().now(),
                    )
        finally:
            await database.close()

    async def newest_checkpoint(self) -> str:
        """What a witness would have: taken once the log has taken everything up."""
        while not (status := await self.log_status()).get("size"):
            await asyncio.sleep(0.2)
        self.truth.vkey = status["vkey"]
        answer = await self.ana.api.http.get("/log/1/checkpoint")
        return answer.text

    async def log_status(self) -> dict[str, Any]:
        """Empty while there is no log yet."""
        try:
            found: dict[str, Any] = await self.ana.call("GET", "/v1/log")
        except Refused as refused:
            assert refused.code == "not_in_log"
            return {}
        return found

    async def examine(self, other: ServerProcess) -> Found:
        """Ask the API as two people, and try every key that is there."""
        found = Found()
        shown: dict[Place, str] = {}
        for name in ("Ana", "Bo"):
            person = await sign_in(other.base_url, self.truth.handles[name], name)
            for room in self.truth.rooms:
                shown |= {(room, seq): text for seq, text in (await read_all(person, room)).items()}
        found.readable = {place for place, text in self.truth.erased.items() if shown.get(place) == text}
        found.missing = {place for place, text in self.truth.live.items() if shown.get(place) != text}
        found.unwrapped = await self.unwrap(other) & set(self.truth.erased)
        connection = await asyncpg.connect(other.superuser_dsn())
        people = await connection.fetch("SELECT display_name FROM amana.account")
        await connection.close()
        found.names = {row["display_name"] for row in people} & {"Cem"}
        return found

    async def unwrap(self, other: ServerProcess) -> set[Place]:
        """Places that open with the root key in hand and past every permission."""
        database = await Database.connect(other.superuser_dsn(), pool_size=1)
        try:
            vault = Vault(database, KeyFile(other.data_dir / "keys" / "root.key"), SystemEntropy())
            await vault.start()
            opened: set[Place] = set()
            async with database.system() as tx:
                (organisation,) = await tx.fetch("SELECT org_id FROM organisation")
            async with database.read(organisation["org_id"]) as tx:
                for row in await tx.fetch(_ROWS):
                    place = (row["conversation_id"], row["seq"])
                    proof = issue.case(
                        org_id=row["org_id"],
                        case_id=UUID(int=1),
                        conversation_id=row["conversation_id"],
                        first=row["seq"],
                        last=row["seq"],
                    )
                    system = issue.system(org_id=row["org_id"], job="test")
                    chosen = system if place in self.truth.traced else proof
                    (content,) = await vault.open(tx, chosen, [stored(row)])
                    if not isinstance(content, Unreadable):
                        opened.add(place)
            return opened
        finally:
            await database.close()

    async def remove(self) -> None:
        await self.machine.server.remove()
        shutil.rmtree(self.machine.folder, ignore_errors=True)


def stored(row: Any) -> Stored:
    names = ("org_id", "conversation_id", "sender_id", "device_id", "client_id", "revision")
    address = Address(*(row[name] for name in names))
    return Stored(row["seq"], row["bucket"], address, row["body"], row["commitment"])


async def read_all(person: Person, room: UUID) -> dict[int, str]:
    """seq → text, page by page."""
    texts: dict[int, str] = {}
    before = ""
    while True:
        page = await person.call("GET", f"/v1/conversations/{room}/messages?limit=100{before}")
        for entry in page["entries"]:
            if entry["content"] and "text" in entry["content"]:
                texts[entry["seq"]] = entry["content"]["text"]
        if not page["more"]:
            return texts
        before = f"&before={page['entries'][0]['seq']}"


class Screen:
    """A device that held the old history and follows the rule of the protocol."""

    def __init__(self, last: int, shown: list[int]) -> None:
        self.last = last
        self.shown = shown
        self.resets = 0

    def take(self, element: dict[str, Any]) -> None:
        if element["t"] == "reset":
            self.last, self.shown, self.resets = 0, [], self.resets + 1
        elif element["t"] == "gap" and element["from"] <= self.last + 1:
            self.last = max(self.last, element["to"])
        elif element["t"] == "event" and element["seq"] == self.last + 1:
            self.shown.append(element["seq"])
            self.last = element["seq"]


async def resynchronise(person: Person, room: UUID, *, held: int) -> tuple[Screen, int]:
    """Connect as a device that had seen more than was restored; write one message; read to the end."""
    screen = Screen(held, list(range(1, held + 1)))
    async with connected(person, {room: held}) as socket, asyncio.timeout(30):
        client_id = await socket.post(room, "after the worst day")
        newest = None
        while newest is None or screen.last < newest:
            element = await socket.receive()
            if element["t"] == "ack" and element["client_id"] == str(client_id):
                newest = element["seq"]
            elif element.get("c") == str(room):
                screen.take(element)
    return screen, newest


@pytest_asyncio.fixture(scope="module")
async def disaster() -> AsyncIterator[Disaster]:
    disaster = Disaster(Plan(CI_ERASED))
    try:
        await disaster.happen()
        yield disaster
    finally:
        await disaster.remove()


def another_machine(disaster: Disaster) -> ServerProcess:
    """Another folder, and where that can be chosen another account for the database."""
    other = disaster.machine.other()
    if os.geteuid() == 0:
        other.environment["AMANA_DATABASE_USER"] = "nobody"
    return other


@pytest_asyncio.fixture
async def other(disaster: Disaster) -> AsyncIterator[ServerProcess]:
    other = another_machine(disaster)
    yield other
    await other.remove()


async def restored_rightly(disaster: Disaster, other: ServerProcess, tmp_path: Path, *to: str) -> None:
    """Restore, start, and look for everything that was promised."""
    kept = tmp_path / "checkpoint"
    kept.write_text(disaster.truth.checkpoint)
    done = await disaster.machine.restore(other, "--checkpoint", str(kept), *to)
    assert done.returncode == 0, done.stdout + done.stderr
    await other.start()

    found = await disaster.examine(other)

    assert found == Found(), done.stdout
    bo = await sign_in(other.base_url, disaster.truth.handles["Bo"], "Bo")
    room = disaster.truth.rooms[0]
    screen, newest = await resynchronise(bo, room, held=10_000)
    assert screen.resets == 1
    assert screen.shown == list(range(screen.shown[0], newest + 1)), "none doubled, none left out"
    assert (await bo.call("GET", "/v1/log"))["log_no"] == 2, "the old log is never signed again"
    kept_vkey = tmp_path / "vkey"
    kept_vkey.write_text(disaster.truth.vkey)
    said = await asyncio.to_thread(
        run,
        [
            *(str(AMANA), "verify", "--data-dir", str(other.data_dir)),
            *("--vkey", str(kept_vkey), "--checkpoint", str(kept)),
        ],
    )
    print(said.stdout)
    assert said.returncode == 0, said.stdout + said.stderr


async def test_the_checker_finds_what_a_careless_restore_brings_back(
    disaster: Disaster, other: ServerProcess, tmp_path: Path
) -> None:
    """Seeded: no journal, and only the keys of the moment of the base."""
    careless = tmp_path / "careless"
    shutil.copytree(disaster.machine.target.name, careless)
    shutil.rmtree(careless / "journal")
    max((careless / "keyring").iterdir()).unlink()

    done = await disaster.machine.restore(other, "--to", disaster.truth.before, place=careless)

    assert done.returncode == 0, done.stdout + done.stderr
    await other.start()
    found = await disaster.examine(other)
    brought_back = set(disaster.truth.erased) - disaster.truth.of_person
    assert len(brought_back) > CI_ERASED / 2
    assert brought_back <= found.readable
    assert brought_back <= found.unwrapped
    assert found.names == set(), "the log after that moment says who was erased"


async def test_nothing_erased_comes_back_and_nothing_live_is_lost(
    disaster: Disaster, other: ServerProcess, tmp_path: Path
) -> None:
    """To the moment before the erasures: newest keys and journal are all that protects them."""
    await restored_rightly(disaster, other, tmp_path, "--to", disaster.truth.before)


@pytest.mark.full
@pytest.mark.timeout(1800)
async def test_a_thousand_erasures_stay_erased_at_any_moment(tmp_path: Path) -> None:
    """The whole number: to the moment before the erasures, and to the newest there is."""
    disaster = Disaster(Plan(FULL_ERASED, rooms=10))
    try:
        await disaster.happen()
        for number, to in enumerate((["--to", disaster.truth.before], [])):
            other, folder = another_machine(disaster), tmp_path / str(number)
            folder.mkdir()
            try:
                await restored_rightly(disaster, other, folder, *to)
            finally:
                await other.remove()
    finally:
        await disaster.remove()

"""What was erased is in no byte of the data folder any more: no wrapped key, no name, no word.

On a real server whose period is turned down from a day to seconds. The same search finds every one of them
before, and finds what is alive afterwards: otherwise it would prove nothing.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest
import pytest_asyncio

from tests.faults.raw import RawBytes
from tests.faults.scan import Scanner, canary
from tests.support.client import Person, join, new_client_id, set_up
from tests.support.server import ServerProcess

HOURS = 0.001
LIMIT_S = 90.0
Wraps = dict[str, bytes]


@pytest_asyncio.fixture
async def server() -> AsyncIterator[ServerProcess]:
    process = ServerProcess(AMANA_ERASE_WITHIN_HOURS=str(HOURS))
    yield process
    await process.remove()


@dataclass
class Keys:
    """Somebody with every right in the database: sees wrapped keys, and lets time pass."""

    dsn: str

    async def rows(self, sql: str, *args: object) -> list[asyncpg.Record]:
        connection = await asyncpg.connect(self.dsn, server_settings={"search_path": "amana"})
        try:
            await connection.execute("SET session_replication_role = replica")
            return list(await connection.fetch(sql, *args))
        finally:
            await connection.close()

    async def run(self, sql: str) -> None:
        connection = await asyncpg.connect(self.dsn)
        try:
            await connection.execute(sql)
        finally:
            await connection.close()

    async def wraps(self, room: UUID, *seqs: int) -> Wraps:
        """The wrapped keys of some places, by place and ground."""
        rows = await self.rows(
            "SELECT seq, ground, wrapped FROM keyring.wrap WHERE conversation_id = $1 AND seq = ANY($2)",
            room,
            list(seqs),
        )
        return {f"{room} {row['seq']} {row['ground']}": row["wrapped"] for row in rows}

    async def age(self, room: UUID, days: int) -> None:
        """Make what was said in a room so far old."""
        await self.rows("UPDATE event SET ts = ts - $2 WHERE conversation_id = $1", room, days * 86_400_000)

    async def end_trace_periods(self) -> None:
        """Let the trace period of every removal be over."""
        await self.rows("UPDATE keyring.wrap SET due = now() WHERE due IS NOT NULL")


async def until(happened: Callable[[], Awaitable[Any]], what: str) -> Any:
    async with asyncio.timeout(LIMIT_S):
        while True:
            if found := await happened():
                return found
            await asyncio.sleep(0.2)
    raise AssertionError(what)


async def post(person: Person, room: UUID, texts: list[str]) -> list[int]:
    return [(await person.post(room, text))["seq"] for text in texts]


async def entries(person: Person, room: UUID) -> dict[int, Any]:
    page = await person.call("GET", f"/v1/conversations/{room}/messages?limit=100")
    return {entry["seq"]: entry for entry in page["entries"] if entry["kind"] == "message.created"}


async def remove(person: Person, room: UUID, seq: int) -> None:
    path = f"/v1/conversations/{room}/messages/{seq}/removal"
    await person.call("POST", path, {"client_id": str(new_client_id())})


async def all_clean(keys: Keys) -> bool:
    """Whether everything in the journal has been carried out in the files too."""
    rows = await keys.rows(
        "SELECT FROM compliance_hygiene h WHERE NOT EXISTS ("
        "SELECT FROM keyring.erasure e WHERE (e.txid, e.id) > (h.txid, h.id))"
    )
    return bool(rows)


@pytest.mark.timeout(240)
async def test_what_was_erased_is_in_no_byte_of_the_data_folder(server: ServerProcess, own_seed: int) -> None:
    chance = random.Random(own_seed)
    words = [canary(chance.randbytes(20)) for _ in range(4)]
    erased_name, erased_word, kept_name, kept_word = words
    await server.start()
    ana = await set_up(server.base_url, server.setup_secret())
    bo = await join(server.base_url, await ana.invite(), erased_name)
    eve = await join(server.base_url, await ana.invite(), kept_name)
    keys = Keys(server.superuser_dsn())
    old, talk = await ana.create_group("Old", [eve]), await ana.create_group("Talk", [bo, eve])
    retained = await post(ana, old, [f"{erased_word} {n}" for n in range(3)])
    ended = await keys.wraps(old, *retained)
    edited = {"client_id": str(new_client_id()), "text": "another wording"}
    await ana.call("PUT", f"/v1/conversations/{old}/messages/{retained[0]}", edited)
    wording = retained[-1] + 1
    by_bo = await post(bo, talk, [f"{erased_word} by bo {n}" for n in range(3)])
    alive = await post(eve, talk, [f"{kept_word} {n}" for n in range(3)])
    (removed,) = await post(eve, talk, [f"{erased_word} removed"])
    ended |= await keys.wraps(old, *retained, wording)
    ended |= await keys.wraps(talk, *by_bo, removed)
    living = await keys.wraps(talk, *alive)
    assert (len(ended), len(living)) == (9, 3)
    await remove(eve, talk, removed)
    trace = {f"trace {name}": wrap for name, wrap in (await keys.wraps(talk, removed)).items()}
    assert len(trace) == 1, "a removal keeps a trace"
    # Statistics quote what they sampled, and a checkpoint puts everything into the files.
    await keys.run("ANALYZE")
    await keys.run("CHECKPOINT")

    before = RawBytes(server.data_dir)
    assert before.found(ended | trace | living) == {*ended, *trace, *living}, "the search finds nothing"
    assert Scanner([erased_name, kept_name]).found(before.data) == {erased_name, kept_name}

    await keys.age(old, days=40)
    await ana.call("PATCH", f"/v1/conversations/{old}", {"retention_days": 30})
    later = await post(ana, old, ["said today"])
    await keys.end_trace_periods()
    await ana.call("POST", f"/v1/people/{bo.user_id}/erasure", {})

    async def all_ended() -> bool:
        left = await keys.wraps(old, *retained, wording) | await keys.wraps(talk, *by_bo, removed)
        return not left

    await until(all_ended, "the grounds did not end")

    async def erasure_is_clean() -> Any:
        found = await ana.call("GET", f"/v1/people/{bo.user_id}/erasure")
        return found if found["state"] == "clean" else None

    certificate = await until(erasure_is_clean, "the person is not out of the files")
    assert (certificate["messages"], certificate["rooms"], certificate["sessions"]) == (3, 1, 1)
    await until(lambda: all_clean(keys), "the files were not cleaned")
    after = await until(lambda: gone(server.data_dir, ended | trace, [erased_name]), "still in the files")
    assert after.found(living) == {*living}
    assert Scanner([kept_name]).found(after.data) == {kept_name}
    shown = await entries(eve, talk)
    assert {seq: shown[seq].get("unreadable") for seq in by_bo} == dict.fromkeys(by_bo, "erased")
    assert [shown[seq]["content"]["text"] for seq in alive] == [f"{kept_word} {n}" for n in range(3)]
    shown = await entries(eve, old)
    assert {seq: shown[seq].get("unreadable") for seq in retained} == dict.fromkeys(retained, "erased")
    assert shown[later[0]]["content"]["text"] == "said today"
    people = (await ana.call("GET", "/v1/people"))["people"]
    assert [person["erased"] for person in people if person["user_id"] == str(bo.user_id)] == [True]

    assert await server.stop() == 0
    stopped = RawBytes(server.folder)
    assert stopped.found(ended | trace) == set()
    assert stopped.found(living) == {*living}
    assert Scanner([erased_name, erased_word, kept_word]).found(stopped.data) == set()


async def gone(folder: Path, secrets: Wraps, words: list[str]) -> RawBytes | None:
    """The folder's bytes once none of these is in them."""
    found = await asyncio.to_thread(RawBytes, folder)
    left = found.found(secrets) | Scanner(words).found(found.data)
    if left:
        print("still there:", sorted(left))
    return None if left else found


def test_the_search_finds_a_secret_in_every_disguise(tmp_path: Path) -> None:
    secret = bytes(range(100, 161))
    disguises = {
        "whole": b"before" + secret + b"after",
        "cut by a page": secret[:40] + bytes(24) + secret[40:],
        **{
            f"compressed, shifted by {shift}": secret[:shift]
            + b"".join(b"\0" + secret[at : at + 8] for at in range(shift, 61, 8))
            for shift in range(8)
        },
    }
    for name, data in disguises.items():
        (tmp_path / "file").write_bytes(data)
        assert RawBytes(tmp_path).holds(secret), name
    (tmp_path / "file").write_bytes(bytes(range(200))[::-1])
    assert not RawBytes(tmp_path).holds(secret)

"""Whole processes: one server, two witnesses that come and go, and a server that is set back to yesterday."""

import asyncio
import shutil
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
import pytest

from tests.evidence.witness_world import Signed, WitnessProcess
from tests.support.client import Person, Refused, set_up
from tests.support.server import ServerProcess

LIMIT_S = 90.0


@dataclass
class Watched:
    """A server whose owner has named two witnesses."""

    server: ServerProcess
    owner: Person
    council: WitnessProcess
    auditor: WitnessProcess
    room: UUID

    async def log(self) -> dict[str, Any]:
        return dict(await self.owner.call("GET", "/v1/log"))

    async def until(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The state of the log as soon as it is as ``wanted``."""
        deadline = time.monotonic() + LIMIT_S
        while not wanted(state := await self.log()):
            assert time.monotonic() < deadline, repr(state)
            await asyncio.sleep(0.2)
        return state


@pytest.fixture
async def watched() -> AsyncIterator[Watched]:
    server = ServerProcess()
    council, auditor = WitnessProcess("w.example/council"), WitnessProcess("w.example/auditor")
    try:
        await asyncio.gather(server.start(), council.start(), auditor.start())
        owner = await set_up(server.base_url, server.setup_secret())
        room = await owner.create_group("Tram")
        yield Watched(server, owner, council, auditor, room)
    finally:
        await asyncio.gather(server.remove(), council.remove(), auditor.remove())


async def name_witnesses(watched: Watched) -> dict[str, Any]:
    """The exchange of keys, as docs/operating/witness.md says; gives the log with everything signed."""
    deadline = time.monotonic() + LIMIT_S
    while True:
        try:
            vkey = (await watched.log())["vkey"]
            break
        except Refused:
            assert time.monotonic() < deadline, "there is a log a few seconds after the set-up"
            await asyncio.sleep(0.2)
    watched.council.follow(vkey)
    watched.auditor.follow(vkey)
    policy = "\n".join(
        [
            f"witness council {watched.council.vkey} {watched.council.url}",
            f"witness auditor {watched.auditor.vkey} {watched.auditor.url}",
            "group both all council auditor",
            "quorum both",
            "",
        ]
    )
    await watched.owner.call("PUT", "/v1/log/policy", {"policy": policy})
    assert (await watched.owner.call("GET", "/v1/log/policy"))["policy"] == policy
    return await watched.until(lambda log: bool(log["quorum_size"]) and log["quorum_size"] == log["size"])


async def checkpoint(watched: Watched) -> str:
    headers = {"Authorization": f"Bearer {watched.owner.token}"}
    async with httpx.AsyncClient(base_url=watched.server.base_url, headers=headers) as client:
        answer = await client.get("/log/1/checkpoint")
    answer.raise_for_status()
    return answer.text


def grown_and_seen_by_the_council(size: int) -> Callable[[dict[str, Any]], bool]:
    return lambda log: log["size"] > size and log["witnesses"][0]["behind"] == 0


async def test_witnesses_sign_come_back_and_notice_a_server_of_yesterday(watched: Watched) -> None:
    await name_witnesses(watched)
    note = await checkpoint(watched)
    for witness in (watched.council, watched.auditor):
        signed = Signed(witness.vkey)
        signed.add(note, next(one for one in note.splitlines() if one.startswith(f"\u2014 {witness.name} ")))
        assert signed.seen[0][1] >= 1

    await watched.server.stop()
    yesterday = watched.server.folder / "yesterday"
    shutil.copytree(watched.server.data_dir, yesterday, symlinks=True)
    for path in [yesterday, *yesterday.rglob("*")]:
        owner = (watched.server.data_dir / path.relative_to(yesterday)).lstat()
        shutil.chown(path, owner.st_uid, owner.st_gid)
    await watched.server.start()

    await watched.auditor.kill()
    for text in ("Nobody outside hears of this for now.", "And still we talk."):
        # Twice: the first growth may be what was waiting when the copy was made, and comes again with it.
        size = (await watched.log())["size"]
        assert (await watched.owner.post(watched.room, text))["seq"] > 0
        await watched.until(grown_and_seen_by_the_council(size))
    late = await watched.until(lambda log: log["witnesses"][1]["last_error"] == "unreachable")
    assert late["witnesses"][1]["behind"] > 0
    assert late["witnesses"][0]["alarm"] is None
    await watched.auditor.start()
    caught_up = await watched.until(
        lambda log: bool(log["quorum_size"]) and log["quorum_size"] == log["size"]
    )
    assert [one["behind"] for one in caught_up["witnesses"]] == [0, 0]
    assert [one["last_error"] for one in caught_up["witnesses"]] == [None, None]

    await watched.server.stop()
    shutil.rmtree(watched.server.data_dir)
    yesterday.rename(watched.server.data_dir)
    await watched.server.start()
    alarmed = await watched.until(lambda log: all(one["rollback_seen"] for one in log["witnesses"]))
    assert {one["alarm"] for one in alarmed["witnesses"]} <= {"rolled_back", "forked"}
    assert alarmed["witnesses"][0]["alarm_size"] == caught_up["size"]
    said = [line for line in watched.server.output.read_text().splitlines() if "witness.alarm" in line]
    assert len(said) >= 2
    assert all('"level": "error"' in line for line in said)
    assert watched.owner.token not in "".join(said)

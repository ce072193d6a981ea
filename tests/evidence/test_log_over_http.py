"""A whole server whose log is followed by somebody who knows nothing of its code."""

import ast
import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import httpx
import pytest
import uvicorn

from amana.app.wiring import Runtime
from amana.evidence import Sequencer
from amana.kernel.ids import OrgId
from amana.people.desk import Desk
from tests.evidence import independent
from tests.evidence.independent import Fetch, Monitor
from tests.http.conftest import whole_application
from tests.support.client import Person, join_many, set_up
from tests.vault.room import Intruder


@dataclass
class Installation:
    """A server on a port, with two people who talked.

    Attributes:
        group: a conversation of both, with messages in it.
    """

    url: str
    runtime: Runtime
    org_id: OrgId
    ana: Person
    bo: Person
    group: UUID

    async def sequence(self) -> None:
        await self.runtime.services.get(Sequencer).run_once(self.org_id)

    async def state(self) -> dict[str, object]:
        return dict(await self.ana.call("GET", "/v1/log"))

    async def followed(self, fetch: Fetch | None = None, earlier: tuple[int, bytes] | None = None) -> Monitor:
        """What the independent verifier makes of the log."""
        state = await self.state()
        fetch = fetch or independent.over_http(self.url, self.ana.token)
        monitor = Monitor(fetch, str(state["url"]), str(state["vkey"]))
        await asyncio.to_thread(monitor.follow, earlier)
        return monitor


@asynccontextmanager
async def serving(dsn: str, folder: Path) -> AsyncIterator[tuple[str, Runtime]]:
    async with whole_application(dsn, folder) as (app, runtime):
        server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", proxy_headers=False))
        task = asyncio.create_task(server.serve())
        while not server.started:
            await asyncio.sleep(0.01)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}", runtime
        server.should_exit = True
        await task


@pytest.fixture(scope="module")
async def installation(
    database_dsn: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Installation]:
    """One for all tests of this module: whoever changes its tables puts them back."""
    async with serving(database_dsn, tmp_path_factory.mktemp("data")) as (url, runtime):
        secret = await runtime.issue_setup_secret()
        ana = await set_up(url, secret or "")
        (bo,) = await join_many(ana, ["Bo"])
        group = await ana.create_group("Tram", [bo])
        for person in (ana, bo, ana):
            await person.post(group, "Hello")
        organisation = await runtime.services.get(Desk).organisation()
        made = Installation(url, runtime, organisation.org_id, ana, bo, group)
        await made.sequence()
        yield made
        for person in (ana, bo):
            await person.api.close()


@pytest.fixture
def intruder(database_dsn: str) -> Intruder:
    return Intruder(database_dsn)


@asynccontextmanager
async def put_back(intruder: Intruder) -> AsyncIterator[None]:
    """Whatever happens to the tables of the log inside, afterwards they are as before."""
    tables = ("evidence_log", "evidence_leaf", "evidence_tile", "evidence_checkpoint")
    for table in tables:
        await intruder.run(f"CREATE TABLE saved_{table} AS TABLE {table}")
    try:
        yield
    finally:
        for table in tables:
            await intruder.run(f"DELETE FROM {table}")
            await intruder.run(f"INSERT INTO {table} SELECT * FROM saved_{table}")
            await intruder.rows(f"DROP TABLE saved_{table}")


async def test_a_stranger_to_the_code_finds_the_log_sound(installation: Installation) -> None:
    first = await installation.followed()
    await installation.bo.post(installation.group, "Later")
    await installation.ana.call("PATCH", "/v1/me", {"display_name": "Ana Tamm"})
    await installation.sequence()
    second = await installation.followed(earlier=(first.size, first.root))

    assert (first.faults, second.faults) == ([], [])
    assert second.size > first.size > 5
    assert {"organisation.created", "person.joined", "conversation.created", "rooms"} <= {
        json.loads(data)["t"] for data in first.entries
    }


async def test_a_given_change_is_found_in_the_log_by_whoever_holds_its_row(
    installation: Installation, intruder: Intruder
) -> None:
    monitor = await installation.followed()
    rows = [dict(row) for row in await intruder.rows("SELECT * FROM evidence_entry ORDER BY id")]

    for row in rows:
        found = [
            fields
            for _, fields in monitor.leaves_of(row["action"])
            if fields["c"] == independent.commitment_of(row)
        ]
        assert len(found) == 1, row["action"]
        assert found[0]["at"] == int(row["at"].timestamp()) // 60
    assert len(rows) + len(monitor.leaves_of("rooms")) == monitor.size

    changed = {**rows[0], "actor_id": rows[0]["id"]}
    assert independent.commitment_of(changed) not in {
        fields["c"] for _, fields in monitor.leaves_of(rows[0]["action"])
    }


async def test_where_a_conversation_stood_is_found_in_the_log_by_whoever_holds_its_events(
    installation: Installation, intruder: Intruder
) -> None:
    monitor = await installation.followed()
    index, fields = monitor.leaves_of("rooms")[-1]
    rooms = await intruder.rows("SELECT * FROM evidence_room WHERE idx = $1", index)
    events = await intruder.rows(
        "SELECT kind, seq, ts, commitment FROM event WHERE conversation_id = $1 ORDER BY seq",
        installation.group,
    )
    (own,) = [room for room in rooms if room["conversation_id"] == installation.group]
    chain = independent.chain_of([dict(event) for event in events][: own["seq"]])
    heads = [(room["pseudonym"], room["seq"], room["chain"]) for room in rooms]
    others = [head for head in heads if head[0] != own["pseudonym"]]

    assert fields["root"] == independent.rooms_root([*others, (own["pseudonym"], own["seq"], chain)])
    assert fields["n"] == len(rooms)

    bent = [dict(event) for event in events]
    bent[1]["commitment"] = bytes(32)
    other = (own["pseudonym"], own["seq"], independent.chain_of(bent[: own["seq"]]))
    assert fields["root"] != independent.rooms_root([*others, other])


FLIP = "set_byte({0}, 5, get_byte({0}, 5) # 1)"
SEEDED = {
    "leaf": (f"UPDATE evidence_leaf SET data = {FLIP.format('data')} WHERE idx = 2", "signed root"),
    "tile": (
        f"UPDATE evidence_tile SET hashes = {FLIP.format('hashes')} WHERE level = 0",
        "tile 0 of level 0",
    ),
    "root": ("UPDATE evidence_checkpoint SET note = translate(note, 'abcABC', 'bcaBCA')", "ValueError"),
    "leaf gone": ("DELETE FROM evidence_leaf WHERE idx = 3", "ValueError"),
    "tail gone": ("DELETE FROM evidence_leaf WHERE idx >= 4", "ValueError"),
    "leaves swapped": (
        "UPDATE evidence_leaf SET idx = CASE idx WHEN 1 THEN 102 WHEN 2 THEN 1 END WHERE idx IN (1, 2)",
        "ValueError",
    ),
    "key exchanged": (
        f"UPDATE evidence_log SET public_key = {FLIP.format('public_key')}",
        "not signed by this key",
    ),
}


@pytest.mark.parametrize("name", SEEDED)
async def test_tampering_in_the_database_is_found_from_outside(
    installation: Installation, intruder: Intruder, name: str
) -> None:
    sql, words = SEEDED[name]
    assert (await installation.followed()).faults == []

    async with put_back(intruder):
        assert await intruder.run(sql) > 0

        faults = (await installation.followed()).faults

    assert words in " ".join(faults)


@pytest.mark.parametrize("part", ["checkpoint", "/tile/0/", "/tile/entries/"])
async def test_a_single_bit_on_the_way_is_found(installation: Installation, part: str) -> None:
    whole = independent.over_http(installation.url, installation.ana.token)
    (path,) = [path for path in await paths_of(installation) if part in path]
    length = len(await asyncio.to_thread(whole, path))

    for place in range(0, length, max(1, length // 20)):

        def bent(wanted: str, place: int = place) -> bytes:
            answer = bytearray(whole(wanted))
            if wanted == path:
                answer[place] ^= 1
            return bytes(answer)

        assert (await installation.followed(bent)).faults != [], f"byte {place} of {path}"


async def paths_of(installation: Installation) -> list[str]:
    """What the verifier asks for."""
    asked: list[str] = []
    whole = independent.over_http(installation.url, installation.ana.token)

    def noting(path: str) -> bytes:
        asked.append(path)
        return whole(path)

    await installation.followed(noting)
    return asked


async def test_a_log_that_forgets_is_found_by_who_followed_it(
    installation: Installation, intruder: Intruder
) -> None:
    before = await installation.followed()

    faults = (await installation.followed(earlier=(before.size, bytes(32)))).faults
    assert faults == ["the log does not go on from what was seen before"]
    faults = (await installation.followed(earlier=(before.size + 1, before.root))).faults
    assert faults == ["the log does not go on from what was seen before"]


async def test_the_log_is_served_as_the_specification_says(installation: Installation) -> None:
    async with httpx.AsyncClient(
        base_url=installation.url, headers={"Authorization": f"Bearer {installation.bo.token}"}
    ) as client:
        state = (await client.get("/v1/log")).json()
        note = await client.get("/log/1/checkpoint")
        tile = await client.get(f"/log/1/tile/0/000.p/{state['size']}")
        bundle = await client.get("/log/1/tile/entries/000.p/1")

    assert state["origin"] == "localhost:8080/log/1"
    assert state["url"] == "/log/1"
    assert state["vkey"].startswith("localhost:8080/log/1+")
    assert state["witnesses"] == []
    assert state["checkpoint_at"] is not None
    assert note.headers["content-type"] == "text/plain; charset=utf-8"
    assert note.headers["cache-control"] == "no-store"
    assert note.text.startswith(f"localhost:8080/log/1\n{state['size']}\n")
    for answer in (tile, bundle):
        assert answer.headers["content-type"] == "application/octet-stream"
        assert "immutable" in answer.headers["cache-control"]
        assert "private" in answer.headers["cache-control"]
    assert len(tile.content) == 32 * state["size"]


async def test_nothing_but_the_signed_tree_is_served_and_only_to_people_who_are_signed_in(
    installation: Installation,
) -> None:
    size = (await installation.followed()).size
    absent = [
        "/log/2/checkpoint", "/log/2/tile/0/000.p/1", "/log/0/checkpoint", f"/log/1/tile/0/000.p/{size + 1}",
        "/log/1/tile/0/000", "/log/1/tile/0/001.p/1", "/log/1/tile/1/000.p/1", "/log/1/tile/entries/000",
        "/log/1/tile/0/0", "/log/1/tile/00/000.p/1", "/log/1/tile/0/000.p/01", "/log/1/tile/0/000.p/0",
        "/log/1/tile/entries/x001/x001/001.p/1", "/log/1/tile/", "/log/1", "/log/",
        "/log/9999999999999999999/checkpoint", "/log/-1/checkpoint", "/log/1/tile/63/000.p/1",
    ]  # fmt: skip
    async with httpx.AsyncClient(base_url=installation.url) as client:
        for path in absent:
            answer = await client.get(path, headers={"Authorization": f"Bearer {installation.ana.token}"})
            assert answer.status_code in {400, 404}, path
        for path in ("/v1/log", "/log/1/checkpoint", "/log/1/tile/0/000.p/1", "/log/2/checkpoint"):
            assert (await client.get(path)).status_code == 401, path


def test_the_verifier_shares_no_code_with_the_product() -> None:
    tree = ast.parse(Path(independent.__file__).read_text(encoding="utf-8"))
    imported = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    imported |= {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}

    assert {name for name in imported if name.split(".")[0] in {"amana", "tests"}} == set()

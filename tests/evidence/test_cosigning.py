"""The server asks witnesses: on the real database, over real sockets, with right and wrong answers."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from amana.app.listening import listen
from amana.app.serving import serving
from amana.evidence import Evidence, Sequencer, log_queries
from amana.evidence.cosigning import LONGEST_PAUSE_S, Cosigning
from amana.evidence.cosigning_asking import Cosigned, Failed, Knows, Problem, check_address, meaning, trust
from amana.evidence.cosigning_coverage import WitnessState, coverage, current_policy, quorum_size
from amana.evidence.cosigning_policy import set_policy
from amana.evidence.cosigning_queries import witness_rows
from amana.evidence.errors import PolicyWrong
from amana.evidence.log_reader import checkpoint_note
from amana.evidence.tlog.notes import Signer, Verifier
from amana.evidence.witness import identity
from amana.evidence.witness.cosigner import Cosigner
from amana.evidence.witness.http import WitnessPages
from amana.evidence.witness.store import Store
from amana.http.asgi import Receive, Scope, Send
from amana.kernel.entropy import SeededEntropy
from amana.kernel.errors import StartFailure
from amana.kernel.ids import Ids
from tests.evidence.witness_world import Signed
from tests.support.clock import FakeClock
from tests.support.server import free_port
from tests.vault.room import Intruder, Room

HOST = "chat.example.org"


@dataclass
class LiveWitness:
    """A whole witness on a loopback port, in this process."""

    store: Store
    app: WitnessPages
    port: int

    @property
    def vkey(self) -> str:
        return self.store.vkey

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @asynccontextmanager
    async def up(self) -> AsyncIterator[None]:
        sock = listen("127.0.0.1", self.port, fixed=True)
        try:
            async with serving(self.app, sock, None, name="witness"):
                yield
        finally:
            sock.close()


class World:
    """One organisation with a log, its server's side, and the witnesses of its policy."""

    def __init__(self, room: Room, ids: Ids, clock: FakeClock, entropy: SeededEntropy, folder: Path) -> None:
        self.room, self.clock, self.entropy, self.folder = room, clock, entropy, folder
        self.evidence = Evidence(room.vault, ids)
        self.sequencer = Sequencer(room.database, room.vault, clock, entropy, host=HOST)
        self.cosigning = Cosigning(room.database, clock, entropy, ssl.create_default_context())

    async def grow(self, entries: int = 1) -> int:
        """Let the log grow; gives its size."""
        async with self.room.database.write(self.room.org_id) as tx:
            for _ in range(entries):
                await self.evidence.record(
                    tx,
                    org_id=self.room.org_id,
                    actor_id=None,
                    action="person.joined",
                    subject=None,
                    now=self.clock.now(),
                )
        self.clock.advance(seconds=10)
        checkpoint = await self.sequencer.run_once(self.room.org_id)
        assert checkpoint is not None
        return checkpoint.size

    async def witness(self, name: str) -> LiveWitness:
        """A witness that follows this log."""
        folder = self.folder / name
        store = await identity.create(folder, f"w.example/{name}", None, self.entropy)
        async with self.room.database.read(self.room.org_id) as tx:
            log = await log_queries.newest_log(tx, self.room.org_id)
        assert log is not None
        store.add_log(log.origin, log.verifier)
        signer = await identity.unlock(folder, store, None, self.entropy)
        return LiveWitness(
            store, WitnessPages(Cosigner(store, signer, self.clock), signer, self.clock), free_port()
        )

    async def set_policy(self, text: str) -> None:
        self.clock.advance(seconds=1)
        async with self.room.database.write(self.room.org_id) as tx:
            await set_policy(tx, self.evidence, self.room.org_id, text, actor_id=None, now=self.clock.now())

    async def follow(self, *witnesses: LiveWitness, rule: str = "all") -> None:
        names = [one.store.identity.name.rpartition("/")[2] for one in witnesses]
        lines = [f"witness {name} {one.vkey} {one.url}" for name, one in zip(names, witnesses, strict=True)]
        await self.set_policy("\n".join([*lines, f"group q {rule} {' '.join(names)}", "quorum q", ""]))

    async def ask(self) -> list[WitnessState]:
        """Let every witness be asked that is due; gives what is known afterwards."""
        await self.cosigning.ask_due(self.room.org_id)
        await self.cosigning.settle()
        return await self.states()

    async def states(self) -> list[WitnessState]:
        async with self.room.database.read(self.room.org_id) as tx:
            return await coverage(tx, self.room.org_id)

    async def quorum(self) -> int | None:
        async with self.room.database.read(self.room.org_id) as tx:
            policy = await current_policy(tx, self.room.org_id)
        return quorum_size(policy, await self.states())

    async def note(self) -> str:
        async with self.room.database.read(self.room.org_id) as tx:
            return await checkpoint_note(tx, self.room.org_id, 1)


@pytest.fixture
async def world(
    room: Room, ids: Ids, clock: FakeClock, entropy: SeededEntropy, tmp_path: Path
) -> AsyncIterator[World]:
    world = World(room, ids, clock, entropy, tmp_path)
    await world.grow(3)
    yield world
    await world.cosigning.close()


async def test_every_checkpoint_gets_the_signature_of_every_witness(world: World) -> None:
    council, auditor = await world.witness("council"), await world.witness("auditor")
    await world.follow(council, auditor)
    async with council.up(), auditor.up():
        for _ in range(3):
            size = await world.grow(2)
            states = await world.ask()

    assert [(one.name, one.size, one.last_error, one.alarm) for one in states] == [
        ("council", size, None, None),
        ("auditor", size, None, None),
    ]
    assert await world.quorum() == size
    note = await world.note()
    for witness in (council, auditor):
        signed = Signed(witness.vkey)
        (line,) = [
            one for one in note.splitlines() if one.startswith(f"\u2014 {witness.store.identity.name} ")
        ]
        signed.add(note, line)
        assert signed.seen[0][1] == size


async def test_a_missing_witness_does_not_delay_the_other_and_catches_up(world: World) -> None:
    council, auditor = await world.witness("council"), await world.witness("auditor")
    await world.follow(council, auditor)
    async with council.up():
        first = await world.grow()
        await world.ask()
        second = await world.grow()
        states = await world.ask()
    assert [(one.size, one.last_error) for one in states] == [(second, None), (0, "unreachable")]
    assert states[1].failing_since is not None
    assert states[1].delay(world.clock.now()) >= timedelta(seconds=10)
    assert states[0].delay(world.clock.now()) == timedelta()
    assert await world.quorum() == 0

    world.clock.advance(seconds=LONGEST_PAUSE_S)
    async with auditor.up():
        states = await world.ask()

    assert (states[1].size, states[1].last_error, states[1].failing_since) == (second, None, None)
    assert await world.quorum() == second
    assert first < second


async def test_a_slow_witness_delays_nobody(world: World) -> None:
    council = await world.witness("council")
    stuck = asyncio.Event()

    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await stuck.wait()
        writer.close()

    server = await asyncio.start_server(hang, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    key = Signer("w.example/slow", bytes(32), 4).verifier.vkey
    slow = f"witness slow {key} http://127.0.0.1:{port}\n"
    await world.set_policy(f"{slow}witness council {council.vkey} {council.url}\nquorum none\n")
    async with council.up():
        size = await world.grow()
        await world.cosigning.ask_due(world.room.org_id)
        async with asyncio.timeout(10):
            while (states := await world.states())[1].size != size:
                await asyncio.sleep(0.01)
    assert states[0].size == 0
    stuck.set()
    await world.cosigning.settle()
    server.close()
    assert (await world.states())[0].last_error == "unreachable"


async def test_a_failing_witness_is_asked_ever_more_rarely(world: World) -> None:
    council = await world.witness("council")
    await world.follow(council)
    tried = set()
    for _ in range(100):
        world.clock.advance(seconds=20)
        await world.ask()
        async with world.room.database.read(world.room.org_id) as tx:
            (row,) = (await witness_rows(tx, world.room.org_id, 1)).values()
        tried.add(row.tried_at)

    assert 5 < len(tried) < 20, "2,000 seconds with pauses that double up to five minutes"


async def test_the_newest_checkpoint_is_signed_anew_now_and_then(world: World) -> None:
    council = await world.witness("council")
    await world.follow(council)
    await world.grow()
    async with council.up():
        first = (await world.ask())[0].cosigned_at
        again = (await world.ask())[0].cosigned_at
        world.clock.advance(minutes=11)
        later = (await world.ask())[0].cosigned_at

    assert first == again
    assert first is not None
    assert later is not None
    assert later > first


async def roll_back(intruder: Intruder, room: Room, size: int) -> None:
    """What an older copy of the database would look like."""
    for table, where in (
        ("evidence_checkpoint", "size > $2"),
        ("evidence_cosignature", "size > $2"),
        ("evidence_leaf", "idx >= $2"),
        ("evidence_witness", "known_size > $2"),
    ):
        await intruder.run(f"DELETE FROM {table} WHERE org_id = $1 AND {where}", room.org_id, size)


async def test_a_server_that_was_rolled_back_is_noticed(world: World, intruder: Intruder) -> None:
    council = await world.witness("council")
    await world.follow(council)
    old = await world.grow()
    async with council.up():
        await world.ask()
        seen = await world.grow(4)
        await world.ask()
        await roll_back(intruder, world.room, old)
        restarted = Cosigning(world.room.database, world.clock, world.entropy, ssl.create_default_context())
        world.cosigning, before = restarted, world.cosigning
        await before.close()
        with capture_logs() as logs:
            (state,) = await world.ask()

    assert (state.alarm, state.alarm_size, state.last_error) == ("rolled_back", seen, "rolled_back")
    assert state.rollback_seen == world.clock.now()
    (line,) = [one for one in logs if one["event"] == "witness.alarm"]
    assert (line["log_level"], line["alarm"], line["witness_size"]) == ("error", "rolled_back", seen)


async def test_a_log_that_was_forked_is_noticed_and_stays_noticed(world: World) -> None:
    council = await world.witness("council")
    await world.follow(council)
    await world.grow()
    async with council.up():
        await world.ask()
        # The witness saw another continuation: what a second copy of this server would have shown it.
        change = "UPDATE latest SET size = size + 5, root = ?"
        council.store._connection.execute(change, (bytes(32),))
        await world.grow(9)
        (state,) = await world.ask()
        world.clock.advance(seconds=LONGEST_PAUSE_S)
        await world.grow()
        (still,) = await world.ask()

    assert (state.alarm, state.last_error) == ("forked", "forked")
    assert (still.alarm, still.rollback_seen) == ("forked", state.rollback_seen)
    assert [one.reason for one in council.store.contradictions()] == ["inconsistent", "inconsistent"]


async def test_an_alarm_ends_when_the_witness_signs_what_it_had_seen(world: World) -> None:
    council = await world.witness("council")
    await world.follow(council)
    async with council.up():
        seen = await world.grow(2)
        await world.ask()
        async with world.room.database.write(world.room.org_id) as tx:
            await tx.run(
                "UPDATE evidence_witness SET alarm = 'rolled_back', alarm_at = now(), alarm_size = :s", s=seen
            )
        size = await world.grow()
        (state,) = await world.ask()

    assert (state.size, state.alarm, state.rollback_seen) == (size, None, None)


Answer = tuple[int, bytes, bytes]
WRONG: dict[str, tuple[Answer, str]] = {
    "another program": ((200, b"text/html", b"<h1>It works</h1>"), "wrong_cosignature"),
    "a signature of another key": ((200, b"text/plain", b"stranger"), "wrong_cosignature"),
    "a signature over something else": ((200, b"text/plain", b"other text"), "wrong_cosignature"),
    "not following this log": ((404, b"text/plain", b""), "unknown_log"),
    "following another key": ((403, b"text/plain", b""), "signature_refused"),
    "a redirect": ((302, b"text/plain", b""), "unexpected_answer"),
    "a size that is none": ((409, b"text/x.tlog.size", b"many\n"), "unexpected_answer"),
    "a size with a leading zero": ((409, b"text/x.tlog.size", b"07\n"), "unexpected_answer"),
    "an answer without end": ((200, b"text/plain", b"x" * 100_000), "unexpected_answer"),
    "too busy": ((503, b"text/plain", b""), "busy"),
    "no UTF-8": ((200, b"text/plain", b"\xff"), "unexpected_answer"),
}


@pytest.mark.parametrize("case", WRONG)
async def test_a_wrong_answer_is_named_and_never_stored(world: World, case: str) -> None:
    (status, media_type, body), expected = WRONG[case]
    key = Signer("w.example/odd", bytes(32), 4)
    size = await world.grow()
    text = (await world.note()).split("\n\n")[0] + "\n"
    if body == b"stranger":
        body = Signer("w.example/odd", bytes(range(32)), 4).cosign(text, 1).line.encode()
    if body == b"other text":
        body = key.cosign(text.replace(f"\n{size}\n", "\n1\n"), 1).line.encode()
    asked: list[str] = []

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        asked.append(scope["path"])
        headers = [(b"content-type", media_type), (b"location", b"/elsewhere")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    sock = listen("127.0.0.1", free_port(), fixed=True)
    url = f"http://127.0.0.1:{sock.getsockname()[1]}/prefix/"
    await world.set_policy(f"witness odd {key.verifier.vkey} {url}\nquorum odd\n")
    async with serving(answer, sock, None, name="odd"):
        (state,) = await world.ask()
    sock.close()

    assert (state.last_error, state.size, state.alarm) == (expected, 0, None)
    assert asked == ["/prefix/add-checkpoint"]
    assert await world.quorum() == 0


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [(422, "", Failed(Problem.FORKED)), (409, "7\n", Knows(7)), (409, "7", Knows(7))],
)
def test_answers_that_tell_of_another_tree(status: int, body: str, expected: object) -> None:
    key = Verifier("w.example", bytes(32), 4)

    assert meaning(status, "text/x.tlog.size", body, text="t\n", key=key) == expected


def test_further_lines_of_unknown_keys_are_ignored() -> None:
    key, other = Signer("w.example", bytes(32), 4), Signer("w.example", bytes(range(32)), 4)
    mine = key.cosign("t\n", 5).line

    found = meaning(200, "", other.cosign("t\n", 5).line + mine, text="t\n", key=key.verifier)

    assert found == Cosigned(mine)


@pytest.mark.parametrize(
    "url",
    [
        "https://w.example/a",
        "https://w.example:8990",
        "http://localhost:1",
        "http://127.0.0.1:8990/x",
        "http://[::1]:1",
    ],
)
def test_witnesses_are_asked_over_https_or_on_this_machine(url: str) -> None:
    assert check_address(url) == url


@pytest.mark.parametrize(
    "url",
    [
        "http://w.example",
        "http://10.0.0.1",
        "http://169.254.169.254/latest",
        "ftp://w.example",
        "w.example",
        "gopher://w.example",
        "https://user:secret@w.example",
        "https://w.example?x=1",
        "https://w.example#x",
        "https://",
        "http://localhost.evil.example",
        "http://127.0.0.1.evil.example",
        "https://w.example:99999",
    ],
)
async def test_other_addresses_are_refused_with_their_line(world: World, url: str) -> None:
    key = Signer("w.example/w", bytes(32), 4).verifier.vkey

    with pytest.raises(PolicyWrong) as refused:
        await world.set_policy(f"# ours\nwitness w {key} {url}\nquorum w\n")

    assert refused.value.fields["line"] == 2
    assert await world.states() == []


async def test_a_policy_without_addresses_can_be_checked_but_not_asked(world: World) -> None:
    key = Signer("w.example/w", bytes(32), 4).verifier.vkey
    await world.set_policy(f"witness w {key}\nquorum w\n")

    assert (await world.ask())[0].last_error == "no_address"


async def test_each_change_of_the_policy_is_a_leaf_of_the_log(world: World) -> None:
    before = await world.grow()
    await world.set_policy("quorum none\n")
    await world.set_policy("# again\nquorum none\n")
    checkpoint = await world.sequencer.run_once(world.room.org_id)

    assert checkpoint is not None
    assert checkpoint.size == before + 2
    async with world.room.database.read(world.room.org_id) as tx:
        entries = await world.evidence.entries(tx, world.room.org_id)
        assert (await current_policy(tx, world.room.org_id)).satisfied_by([])
    changes = [one.detail for one in entries if one.action == "witness.policy_changed"]
    assert changes == [{"policy": "quorum none\n"}, {"policy": "# again\nquorum none\n"}]


async def test_what_a_former_key_signed_does_not_count_for_the_new_one(world: World) -> None:
    council, usurper = await world.witness("council"), await world.witness("usurper")
    await world.follow(council)
    size = await world.grow()
    async with council.up():
        assert (await world.ask())[0].size == size
    await world.set_policy(f"witness council {usurper.vkey} {usurper.url}\nquorum council\n")

    assert [(one.name, one.size) for one in await world.states()] == [("council", 0)]
    assert await world.quorum() == 0


def test_an_authority_that_is_none_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(StartFailure, match="certificate authority"):
        trust(tmp_path / "missing.pem")

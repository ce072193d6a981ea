"""Time stamps from a real authority: `openssl ts` behind a small HTTP server."""

import asyncio
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from amana.app.listening import listen
from amana.app.serving import serving
from amana.evidence import Evidence, Sequencer
from amana.evidence.cosigning_asking import client
from amana.evidence.timestamps import PERIOD, Stamp, StampRefused, Timestamps, authority, newest_stamp
from amana.http.asgi import Receive, Scope, Send
from amana.kernel.entropy import SeededEntropy
from amana.kernel.errors import StartFailure
from amana.kernel.ids import Ids
from tests.support.clock import FakeClock
from tests.support.server import free_port
from tests.vault.room import Room

CONFIGURATION = """
[tsa]
default_tsa = one
[one]
serial = {folder}/serial
crypto_device = builtin
signer_cert = {folder}/tsa.crt
signer_key = {folder}/tsa.key
signer_digest = sha256
default_policy = 1.3.6.1.4.1.99999.1
digests = sha256
accuracy = secs:1
ess_cert_id_alg = sha256
"""


class StampingAuthority:
    """A root, a certificate for time stamps, and `openssl ts -reply`.

    Attributes:
        spoil: what is answered instead of the authority's own answer; None for that.
        asked: how often it was.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/tsa"
        self.root = folder / "root.crt"
        self.spoil: tuple[int, bytes, bytes] | None = None
        self.asked = 0
        folder.mkdir()
        (folder / "serial").write_text("01\n")
        (folder / "tsa.cnf").write_text(CONFIGURATION.format(folder=folder))
        (folder / "extensions").write_text(
            "extendedKeyUsage=critical,timeStamping\nkeyUsage=digitalSignature\n"
        )
        self._openssl("ecparam -name prime256v1 -genkey -noout -out root.key")
        self._openssl("req -x509 -new -key root.key -subj /CN=Root -days 30 -out root.crt")
        self._openssl("ecparam -name prime256v1 -genkey -noout -out tsa.key")
        self._openssl("req -new -key tsa.key -subj /CN=Stamps -out tsa.csr")
        self._openssl(
            "x509 -req -in tsa.csr -CA root.crt -CAkey root.key -CAcreateserial -days 30 "
            "-extfile extensions -out tsa.crt"
        )

    def _openssl(self, words: str) -> bytes:
        return subprocess.run(
            ["openssl", *words.split()], cwd=self.folder, check=True, capture_output=True
        ).stdout

    def reply(self, query: bytes) -> bytes:
        (self.folder / "query").write_bytes(query)
        self._openssl("ts -reply -config tsa.cnf -queryfile query -out reply")
        return (self.folder / "reply").read_bytes()

    def verifies(self, stamp: Stamp) -> bool:
        """What an auditor types who has only OpenSSL."""
        (self.folder / "note").write_text(stamp.note)
        (self.folder / "stamp").write_bytes(stamp.response)
        said = subprocess.run(
            "openssl ts -verify -data note -in stamp -CAfile root.crt".split(),
            cwd=self.folder,
            capture_output=True,
        )
        return said.returncode == 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.asked += 1
        message = await receive()
        status, kind, body = self.spoil or (
            200,
            b"application/timestamp-reply",
            await asyncio.to_thread(self.reply, message["body"]),
        )
        await send({"type": "http.response.start", "status": status, "headers": [(b"content-type", kind)]})
        await send({"type": "http.response.body", "body": body})

    @asynccontextmanager
    async def up(self) -> AsyncIterator[None]:
        sock = listen("127.0.0.1", self.port, fixed=True)
        async with serving(self, sock, None, name="tsa"):
            yield
        sock.close()
        self.spoil = None


@pytest.fixture(scope="module")
def tsa(tmp_path_factory: pytest.TempPathFactory) -> StampingAuthority:
    return StampingAuthority(tmp_path_factory.mktemp("tsa") / "authority")


class Log:
    """An organisation whose log is stamped."""

    def __init__(self, room: Room, ids: Ids, clock: FakeClock, entropy: SeededEntropy) -> None:
        self.room, self.clock = room, clock
        self.evidence = Evidence(room.vault, ids)
        self.sequencer = Sequencer(room.database, room.vault, clock, entropy, host="chat.example.org")

    async def grow(self) -> int:
        async with self.room.database.write(self.room.org_id) as tx:
            await self.evidence.record(
                tx,
                org_id=self.room.org_id,
                actor_id=None,
                action="person.joined",
                subject=None,
                now=self.clock.now(),
            )
        checkpoint = await self.sequencer.run_once(self.room.org_id)
        assert checkpoint is not None
        return checkpoint.size

    async def newest(self) -> Stamp | None:
        async with self.room.database.read(self.room.org_id) as tx:
            return await newest_stamp(tx, self.room.org_id)


@pytest.fixture
def log(room: Room, ids: Ids, clock: FakeClock, entropy: SeededEntropy) -> Log:
    return Log(room, ids, clock, entropy)


@pytest.fixture
async def stamps(tsa: StampingAuthority, log: Log) -> AsyncIterator[Timestamps]:
    http = client(ssl.create_default_context())
    chosen = authority(tsa.url, tsa.root, http)
    assert chosen is not None
    tsa.spoil, tsa.asked = None, 0
    stamps = Timestamps(log.room.database, log.clock, chosen)
    yield stamps
    await stamps.close()
    await http.aclose()


async def test_openssl_confirms_the_stamp_of_the_newest_checkpoint(
    tsa: StampingAuthority, stamps: Timestamps, log: Log
) -> None:
    size = await log.grow()
    async with tsa.up():
        stamp = await stamps.stamp(log.room.org_id)
        assert await stamps.stamp(log.room.org_id) is None, "nothing is new"

    assert stamp is not None
    assert stamp == await log.newest()
    assert stamp.note.split("\n")[:2] == ["chat.example.org/log/1", str(size)]
    assert tsa.verifies(stamp)
    assert not tsa.verifies(
        Stamp(1, size, stamp.at, stamp.note.replace(f"\n{size}\n", "\n9\n"), stamp.response)
    )


async def test_once_a_day_is_enough(tsa: StampingAuthority, stamps: Timestamps, log: Log) -> None:
    asked = []
    async with tsa.up():
        for hours in (0, 1, 22, 2):
            log.clock.advance(hours=hours)
            await log.grow()
            await stamps.stamp_due(log.room.org_id)
            await stamps.settle()
            asked.append(tsa.asked)
            if hours == 0:
                newest = await log.newest()
                assert newest is not None
                # The authority's clock is the real one; ours begins where the stamp says.
                log.clock.jump_to(newest.at)

    assert asked == [1, 1, 1, 2]
    assert timedelta(hours=1 + 22 + 2) > PERIOD > timedelta(hours=1 + 22)


async def other_reply(tsa: StampingAuthority) -> bytes:
    """A right answer to another question."""
    from rfc3161_client import HashAlgorithm, TimestampRequestBuilder

    query = TimestampRequestBuilder().data(b"something else").hash_algorithm(HashAlgorithm.SHA256).build()
    return await asyncio.to_thread(tsa.reply, query.as_bytes())


@pytest.mark.parametrize(
    ("status", "kind", "body", "reason"),
    [
        (200, b"application/timestamp-reply", b"other", "does_not_hold"),
        (200, b"application/timestamp-reply", b"\x30\x03nix", "unreadable"),
        (200, b"text/html", b"<h1>It works</h1>", "unexpected_answer"),
        (500, b"application/timestamp-reply", b"", "unexpected_answer"),
        (200, b"application/timestamp-reply", b"x" * 300_000, "too_long"),
    ],
)
async def test_a_stamp_that_does_not_hold_is_not_stored(
    tsa: StampingAuthority, stamps: Timestamps, log: Log, status: int, kind: bytes, body: bytes, reason: str
) -> None:
    await log.grow()
    tsa.spoil = (status, kind, await other_reply(tsa) if body == b"other" else body)
    async with tsa.up():
        with pytest.raises(StampRefused) as refused:
            await stamps.stamp(log.room.org_id)

    assert refused.value.reason == reason
    assert await log.newest() is None


async def test_the_stamp_of_another_authority_does_not_hold(
    tsa: StampingAuthority, log: Log, tmp_path: Path
) -> None:
    await log.grow()
    stranger = StampingAuthority(tmp_path / "stranger")
    http = client(ssl.create_default_context())
    chosen = authority(tsa.url, stranger.root, http)
    assert chosen is not None
    async with tsa.up():
        with pytest.raises(StampRefused, match="does_not_hold"):
            await Timestamps(log.room.database, log.clock, chosen).stamp(log.room.org_id)
    await http.aclose()


async def test_an_authority_that_is_away_is_said_in_the_log_and_tried_again(
    tsa: StampingAuthority, stamps: Timestamps, log: Log
) -> None:
    await log.grow()
    with capture_logs() as logs:
        await stamps.stamp_due(log.room.org_id)
        await stamps.settle()
    async with tsa.up():
        await stamps.stamp_due(log.room.org_id)
        await stamps.settle()

    assert [(one["event"], one["problem"]) for one in logs] == [("timestamp.failed", "unreachable")]
    assert await log.newest() is not None


async def test_settings_that_cannot_work_stop_the_start(
    tsa: StampingAuthority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    http = client(ssl.create_default_context())
    assert authority(None, None, http) is None
    for url, roots, sentence in (
        ("nonsense", tsa.root, "no address"),
        (tsa.url, None, "needs AMANA_TIMESTAMP_CA"),
        (tsa.url, tmp_path / "missing", "cannot be used"),
    ):
        with pytest.raises(StartFailure, match=sentence):
            authority(url, roots, http)
    monkeypatch.setitem(sys.modules, "rfc3161_client", None)
    with pytest.raises(StartFailure, match=r"amana\[timestamps\]"):
        authority(tsa.url, tsa.root, http)
    monkeypatch.undo()
    await http.aclose()

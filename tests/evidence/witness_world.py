"""A log held in memory, a witness in a process of its own, and the check of everything it ever signed."""

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
from base64 import b64decode, b64encode
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import httpx
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from amana.evidence.tlog.merkle import consistency_proof, leaf_hash, nodes_of, root_at
from amana.evidence.tlog.notes import Checkpoint, Signer, sign_note
from tests.support.server import free_port

ORIGIN = "chat.example.org/log/1"
READY = "is ready at"


@dataclass
class History:
    """The leaves of one log, signed by its key. Two histories of one key are a fork.

    Attributes:
        fork_at: from this leaf on the history is its own; before, all histories are the same.
    """

    size: int
    fork_at: int | None = None
    origin: str = ORIGIN
    key: str = "log"

    def __post_init__(self) -> None:
        self.signer = Signer(self.origin, sha256(self.key.encode()).digest())
        self._nodes = nodes_of([leaf_hash(self._leaf(n)) for n in range(self.size)])

    def _leaf(self, number: int) -> bytes:
        is_own = self.fork_at is not None and number >= self.fork_at
        return f"{'fork' if is_own else 'leaf'} {number}".encode()

    def root(self, size: int) -> bytes:
        return root_at(size, self._nodes)

    def note(self, size: int, *extensions: str) -> str:
        text = Checkpoint(self.origin, size, self.root(size), extensions).text()
        return sign_note(text, [self.signer])

    def request(self, old: int, new: int) -> bytes:
        """What the log sends; without the witness's own code."""
        proof = [b64encode(value).decode() for value in consistency_proof(old, new, self._nodes)]
        return "\n".join([f"old {old}", *proof, "", self.note(new)]).encode()


@dataclass
class Signed:
    """Everything one witness ever signed, as its readers see it, and whether it may have.

    Shares no code with the witness: RFC 8032 and the text of c2sp.org/tlog-cosignature.
    """

    vkey: str
    seen: list[tuple[str, int, str, int]] = field(default_factory=list)

    def add(self, note: str, line: str) -> None:
        """Check a cosignature line over a checkpoint and note what it states."""
        name, _, encoded = line.removeprefix("\u2014 ").rstrip("\n").partition(" ")
        own_name, own_id, own_key = self.vkey.split("+", 2)
        blob = b64decode(encoded, validate=True)
        assert (name, blob[:4].hex(), len(blob)) == (own_name, own_id, 76)
        time = int.from_bytes(blob[4:12], "big")
        text = note.split("\n\n", 1)[0] + "\n"
        key = Ed25519PublicKey.from_public_bytes(b64decode(own_key)[1:])
        try:
            key.verify(blob[12:], f"cosignature/v1\ntime {time}\n{text}".encode())
        except InvalidSignature:
            raise AssertionError("the cosignature does not hold") from None
        origin, size, root = text.split("\n")[:3]
        self.seen.append((origin, int(size), root, time))

    def faults(self, *histories: History) -> list[str]:
        """What the witness should never have signed; nothing when it was faithful.

        All trees of one origin must be beginnings of one of ``histories``, and a larger tree must
        not be stated for an earlier time.
        """
        found = []
        roots: dict[tuple[str, int], str] = {}
        for origin, size, root, _ in self.seen:
            if roots.setdefault((origin, size), root) != root:
                found.append(f"two trees of size {size} of {origin}")
        for origin in {one[0] for one in self.seen}:
            mine = [history for history in histories if history.origin == origin]
            stated = [(size, root) for of, size, root, _ in self.seen if of == origin]
            if not any(
                all(b64encode(history.root(size)).decode() == root for size, root in stated)
                for history in mine
            ):
                found.append(f"the trees of {origin} are no single history")
            in_time = sorted((time, size) for of, size, _, time in self.seen if of == origin)
            newest: dict[int, int] = {}
            for time, size in in_time:
                newest[time] = max(newest.get(time, 0), size)
            sizes = [newest[time] for time in sorted(newest)]
            if sizes != sorted(sizes):
                found.append(f"a tree of {origin} became smaller")
        return found


class WitnessProcess:
    """A real `amana witness serve` on a folder of its own, that may be killed."""

    def __init__(
        self, name: str = "witness.example/w1", *, port: int | None = None, **environment: str
    ) -> None:
        self.name = name
        self.folder = Path(tempfile.mkdtemp(prefix="amana-witness-"))
        self.output = self.folder / "output"
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = environment
        self.process: subprocess.Popen[bytes] | None = None
        said = self.command("init", name)
        assert said.returncode == 0, said.stderr
        self.vkey = self.command("vkey").stdout.strip()

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run `amana witness …` on this folder."""
        return subprocess.run(
            [str(Path(sys.executable).with_name("amana")), "witness", *words],
            env=self._environment(),
            capture_output=True,
            text=True,
            timeout=60,
        )

    def follow(self, vkey: str) -> None:
        said = self.command("add-log", vkey)
        assert said.returncode == 0, said.stderr

    async def start(self, *more: str) -> None:
        before = self.output.read_text().count(READY) if self.output.exists() else 0
        amana = str(Path(sys.executable).with_name("amana"))
        with self.output.open("ab") as output:
            self.process = subprocess.Popen(
                [amana, "witness", "serve", "--port", str(self.port), *more],
                stdout=output,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                env=self._environment(),
            )
        for _ in range(1200):
            if self.output.read_text().count(READY) > before:
                return
            if self.process.poll() is not None:
                break
            await asyncio.sleep(0.02)
        raise RuntimeError(f"amana witness serve is not there:\n{self.output.read_text()[-3000:]}")

    async def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        await asyncio.to_thread(self.process.wait)

    async def stop(self) -> int:
        assert self.process is not None
        self.process.terminate()
        return await asyncio.to_thread(self.process.wait, 30)

    async def remove(self) -> None:
        if self.process is not None and self.process.poll() is None:
            await self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _environment(self) -> dict[str, str]:
        own = {"AMANA_WITNESS_DIR": str(self.folder / "data"), "PYTHONUNBUFFERED": "1"}
        return {**os.environ, **own, **self.environment}


async def ask(url: str, body: bytes) -> httpx.Response:
    async with httpx.AsyncClient(timeout=20) as client:
        return await client.post(f"{url}/add-checkpoint", content=body)

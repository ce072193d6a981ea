"""A second implementation of the verifier, from the specifications alone.

It shares no line with the product: only hashlib, hmac, base64, urllib and one Ed25519 from
``cryptography``. Sources: RFC 6962 §2.1, c2sp.org/signed-note, tlog-checkpoint, tlog-tiles,
tlog-cosignature, and docs/api/log.md for what the leaves hold. A test keeps it so.
"""

import base64
import hashlib
import hmac
import json
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

Fetch = Callable[[str], bytes]


def over_http(base_url: str, token: str) -> Fetch:
    """Reads paths of a server as somebody who is signed in."""

    def fetch(path: str) -> bytes:
        request = urllib.request.Request(base_url + path, headers={"Authorization": f"Bearer {token}"})
        with urllib.request.urlopen(request, timeout=20) as answer:
            return bytes(answer.read())

    return fetch


def mth(leaves: Sequence[bytes]) -> bytes:
    """The Merkle tree hash, as RFC 6962 words it but over leaf hashes."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return hashlib.sha256(b"\x01" + mth(leaves[:split]) + mth(leaves[split:])).digest()


def leaf(data: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + data).digest()


def signed_by(note: bytes, vkey: str) -> list[str]:
    """The lines of a note's text if ``vkey`` signed it; ValueError if not."""
    name, key_id, encoded = vkey.split("+", 2)
    key = base64.b64decode(encoded)
    text, _, signatures = note.decode().rpartition("\n\n")
    text += "\n"
    if hashlib.sha256(name.encode() + b"\n" + key).hexdigest()[:8] != key_id:
        raise ValueError("the key id is not the key's")
    for line in signatures.splitlines():
        dash, signer, blob = line.split(" ")
        raw = base64.b64decode(blob)
        if (dash, signer, raw[:4].hex()) != ("—", name, key_id):
            continue
        message, signature = text.encode(), raw[4:]
        if key[0] == 4:
            time = int.from_bytes(signature[:8], "big")
            message, signature = f"cosignature/v1\ntime {time}\n".encode() + message, signature[8:]
        try:
            Ed25519PublicKey.from_public_bytes(key[1:]).verify(signature, message)
        except InvalidSignature:
            raise ValueError("the signature does not hold") from None
        return text.splitlines()
    raise ValueError("not signed by this key")


def index_in_path(number: int) -> str:
    digits = f"{number:03d}"
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    groups = [digits[place : place + 3] for place in range(0, len(digits), 3)]
    return "/".join([*("x" + group for group in groups[:-1]), groups[-1]])


@dataclass
class Monitor:
    """Downloads a whole log and looks for anything that is not as it must be.

    Attributes:
        faults: what was found, in words; empty for a sound log.
        entries: the data of every leaf.
    """

    fetch: Fetch
    prefix: str
    vkey: str
    faults: list[str] = field(default_factory=list)
    entries: list[bytes] = field(default_factory=list)
    size: int = 0
    root: bytes = b""

    def follow(self, earlier: tuple[int, bytes] | None = None) -> None:
        """Check everything; ``earlier`` is a (size, root) that was seen before."""
        try:
            self._read_checkpoint()
            self._read_entries()
            self._compare_tiles()
        except (ValueError, urllib.error.HTTPError, IndexError) as fault:
            self.faults.append(f"{type(fault).__name__}: {fault}")
            return
        hashes = [leaf(data) for data in self.entries]
        if mth(hashes) != self.root:
            self.faults.append("the entries do not give the signed root")
        if earlier is not None and (earlier[0] > self.size or mth(hashes[: earlier[0]]) != earlier[1]):
            self.faults.append("the log does not go on from what was seen before")

    def _read_checkpoint(self) -> None:
        origin, size, root, *more = signed_by(self.fetch(f"{self.prefix}/checkpoint"), self.vkey)
        if origin != self.vkey.partition("+")[0] or more:
            self.faults.append("the checkpoint is of another log")
        self.size, self.root = int(size), base64.b64decode(root, validate=True)

    def _place(self, kind: str, number: int, width: int) -> str:
        partial = "" if width == 256 else f".p/{width}"
        return f"{self.prefix}/tile/{kind}/{index_in_path(number)}{partial}"

    def _read_entries(self) -> None:
        for number in range(-(-self.size // 256)):
            width = min(256, self.size - number * 256)
            bundle, place = self.fetch(self._place("entries", number, width)), 0
            for _ in range(width):
                length = int.from_bytes(bundle[place : place + 2], "big")
                self.entries.append(bundle[place + 2 : place + 2 + length])
                place += 2 + length
            if place != len(bundle):
                raise ValueError("a bundle has more or less than its entries")

    def _compare_tiles(self) -> None:
        row, level = [leaf(data) for data in self.entries], 0
        while row:
            for number in range(-(-len(row) // 256)):
                part = row[number * 256 : number * 256 + 256]
                if self.fetch(self._place(str(level), number, len(part))) != b"".join(part):
                    self.faults.append(f"tile {number} of level {level} is not the hashes of what is below")
            row = [mth(row[n * 256 : n * 256 + 256]) for n in range(len(row) // 256)]
            level += 1

    def leaves_of(self, kind: str) -> list[tuple[int, dict[str, Any]]]:
        """(index, fields) of the leaves with this ``t``."""
        parsed = [(index, json.loads(data)) for index, data in enumerate(self.entries)]
        return [(index, fields) for index, fields in parsed if fields["t"] == kind]


def base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def commitment_of(row: dict[str, Any]) -> str:
    """``c`` of the leaf of one entry of the record, from the stored row."""

    def optional(value: Any) -> bytes:
        return b"\x00" if value is None else b"\x01" + value.bytes

    since = row["at"] - datetime(1970, 1, 1, tzinfo=UTC)
    micros = (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
    action = row["action"].encode()
    at = micros.to_bytes(8, "big", signed=True)
    message = (
        b"amana/record/v1\x00" + row["org_id"].bytes + row["id"].bytes + at
        + optional(row["actor_id"]) + optional(row["subject"])
        + len(action).to_bytes(2, "big") + action + row["detail"]
    )  # fmt: skip
    return base64url(hmac.new(row["blind"], message, hashlib.sha256).digest())


def rooms_root(heads: Sequence[tuple[bytes, int, bytes]]) -> str:
    """``root`` of a leaf of conversations, from (pseudonym, seq, chain) of each."""
    lines = sorted(name + seq.to_bytes(8, "big") + chain for name, seq, chain in heads)
    return base64url(mth([leaf(line) for line in lines]))


def chain_of(events: Sequence[dict[str, Any]]) -> bytes:
    """The hash chain of a conversation, from kind, seq, ts (ms) and commitment of its events in order."""
    value = bytes(32)
    for event in events:
        line = (
            event["kind"].to_bytes(2, "big") + event["seq"].to_bytes(8, "big")
            + (event["ts"] // 60_000).to_bytes(8, "big") + event["commitment"]
        )  # fmt: skip
        value = hashlib.sha256(value + line).digest()
    return value

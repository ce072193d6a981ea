"""The body of ``POST /add-checkpoint``, byte for byte as C2SP tlog-witness says. Pure.

::

    old <size>
    base64 of a hash of the consistency proof       0 to 63 such lines
                                                    one empty line
    the checkpoint: a signed note
"""

import re
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass

from amana.evidence.tlog.merkle import HASH_BYTES
from amana.evidence.tlog.notes import Checkpoint, decode_base64, split_note

MAX_PROOF_LINES = 63
# Proof and checkpoint with a hundred post-quantum signatures would be larger; nobody sends those.
MAX_BODY_BYTES = 65_536
# Larger than any tree will be; keeps every size inside SQLite's and PostgreSQL's integers.
MAX_SIZE = (1 << 63) - 1

_OLD = re.compile(rb"old (0|[1-9][0-9]{0,19})")


@dataclass(frozen=True, slots=True)
class AddCheckpoint:
    """A request that has the right form; nothing in it has been checked yet.

    Attributes:
        old: size that the asker believes the witness saw last.
        note: the checkpoint with its signatures, as sent.
        text: the part of it that is signed, extension lines included.
    """

    old: int
    proof: tuple[bytes, ...]
    note: str
    text: str
    checkpoint: Checkpoint


def parse_request(body: bytes) -> AddCheckpoint:
    """Read a request.

    Raises:
        ValueError: it breaks a rule of the format.
    """
    head, gap, note = body.partition(b"\n\n")
    if not gap:
        raise ValueError("There is no empty line before the checkpoint.")
    old_line, *proof_lines = head.split(b"\n")
    found = _OLD.fullmatch(old_line)
    if found is None or int(found[1]) > MAX_SIZE:
        raise ValueError("The first line is not an old size.")
    if len(proof_lines) > MAX_PROOF_LINES:
        raise ValueError("The proof is longer than any tree needs.")
    proof = tuple(_hash(line) for line in proof_lines)
    text = split_note(note).text
    checkpoint = Checkpoint.parse(text)
    if checkpoint.size > MAX_SIZE:
        raise ValueError("No tree is that large.")
    return AddCheckpoint(int(found[1]), proof, note.decode(), text, checkpoint)


def write_request(old: int, proof: Sequence[bytes], note: str) -> bytes:
    """The inverse of ``parse_request``: what a log sends."""
    lines = [f"old {old}", *(b64encode(value).decode() for value in proof), "", ""]
    return ("\n".join(lines) + note).encode()


def _hash(line: bytes) -> bytes:
    value = decode_base64(line.decode("ascii", errors="replace"))
    if len(value) != HASH_BYTES:
        raise ValueError("A line of the proof is not a hash.")
    return value

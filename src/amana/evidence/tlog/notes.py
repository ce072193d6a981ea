"""Signed notes, checkpoints and cosignatures of C2SP. Pure.

Sources: c2sp.org/signed-note, c2sp.org/tlog-checkpoint, c2sp.org/tlog-cosignature (the Ed25519 forms
0x01 and 0x04). Strict where the reference implementation is: malformed notes raise ``ValueError``.

::

    note        text ending in a newline, an empty line, then one line per signature:
                "— " name " " base64(key id 4 ‖ signature)
    key id      SHA-256(name ‖ 0x0A ‖ type ‖ public key)[:4]
    vkey        name "+" hex(key id) "+" base64(type ‖ public key)
"""

import base64
import binascii
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from struct import Struct

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

ED25519 = 0x01
COSIGNATURE_V1 = 0x04
KEY_ID_BYTES = 4
SIGNATURE_BYTES = 64
PUBLIC_KEY_BYTES = 32
MAX_SIGNATURES = 100
MAX_NOTE_BYTES = 1_000_000

_TIME = Struct(">Q")
_MAX_TIME = (1 << 63) - 1
_DASH = "\u2014 "
_FORBIDDEN = re.compile("[\0-\x09\x0b-\x1f]")
_DECIMAL = re.compile("0|[1-9][0-9]*")
_KEY_ID = re.compile("[0-9a-f]{8}")


class NotSigned(ValueError):
    """The note is well-formed, but nobody who is trusted here signed it."""


class BadSignature(ValueError):
    """A key that is trusted here is named, and its signature does not hold: the note was changed."""

    def __init__(self, name: str) -> None:
        super().__init__(f"The signature of {name} does not hold.")
        self.name = name


def check_name(name: str) -> str:
    """Give ``name`` back when it can name a key: not empty, no space of any kind, no plus sign."""
    if not name or "+" in name or any(char.isspace() for char in name) or _FORBIDDEN.search(name):
        raise ValueError("A key name has no spaces and no plus sign.")
    return name


def key_id(name: str, kind: int, public_key: bytes) -> bytes:
    """The four bytes that, with the name, say which key signed."""
    return sha256(name.encode() + b"\n" + bytes([kind]) + public_key).digest()[:KEY_ID_BYTES]


@dataclass(frozen=True, slots=True)
class Verifier:
    """A public key with its name and kind of signature.

    Attributes:
        kind: ``ED25519`` signs the text, ``COSIGNATURE_V1`` the text with a time.
    """

    name: str
    public_key: bytes
    kind: int = ED25519
    id: bytes = field(init=False)

    def __post_init__(self) -> None:
        check_name(self.name)
        if len(self.public_key) != PUBLIC_KEY_BYTES or self.kind not in (ED25519, COSIGNATURE_V1):
            raise ValueError("Only Ed25519 keys are known here.")
        object.__setattr__(self, "id", key_id(self.name, self.kind, self.public_key))

    @classmethod
    def parse(cls, vkey: str) -> "Verifier":
        """Read a vkey. Raises ``ValueError`` on any other spelling than the right one."""
        name, _, rest = vkey.partition("+")
        stated, _, key = rest.partition("+")
        raw = decode_base64(key)
        if _KEY_ID.fullmatch(stated) is None or not raw:
            raise ValueError("This is not a verifier key.")
        verifier = cls(name, raw[1:], raw[0])
        if verifier.id.hex() != stated:
            raise ValueError("The key id does not belong to this verifier key.")
        return verifier

    @property
    def vkey(self) -> str:
        """The text form, for policies and ``--log``."""
        key = base64.b64encode(bytes([self.kind]) + self.public_key).decode()
        return f"{self.name}+{self.id.hex()}+{key}"

    def holds(self, text: str, signature: bytes) -> bool:
        """Whether ``signature`` (without key id) is this key's over ``text``."""
        message = text.encode()
        if self.kind == COSIGNATURE_V1:
            time = cosigned_at(signature)
            if time is None:
                return False
            message, signature = cosigned_message(text, time), signature[_TIME.size :]
        try:
            Ed25519PublicKey.from_public_bytes(self.public_key).verify(signature, message)
        except InvalidSignature:
            return False
        return True


class CosignatureVerifier(Verifier):
    """The public key of a witness: kind 0x04."""

    __slots__ = ()

    def __init__(self, name: str, public_key: bytes, kind: int = COSIGNATURE_V1) -> None:
        super().__init__(name, public_key, kind)


class Signer:
    """A private Ed25519 key with its name."""

    def __init__(self, name: str, private: bytes, kind: int = ED25519) -> None:
        """Take the 32 bytes of the private key (the seed of RFC 8032)."""
        self._private = Ed25519PrivateKey.from_private_bytes(private)
        self.verifier = Verifier(name, self._private.public_key().public_bytes_raw(), kind)

    @property
    def name(self) -> str:
        return self.verifier.name

    def sign(self, text: str) -> "Signature":
        """Sign a note's text (kind 0x01)."""
        if self.verifier.kind != ED25519:
            raise ValueError("This key cosigns; it does not sign notes.")
        return Signature(self.name, self.verifier.id, self._private.sign(text.encode()))

    def cosign(self, text: str, time: int) -> "Signature":
        """Cosign a checkpoint's text at a Unix time in seconds (kind 0x04)."""
        if self.verifier.kind != COSIGNATURE_V1:
            raise ValueError("This key signs notes; it does not cosign.")
        signed = self._private.sign(cosigned_message(text, time))
        return Signature(self.name, self.verifier.id, _TIME.pack(time) + signed)


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line, known or not."""

    name: str
    key_id: bytes
    signature: bytes

    @property
    def line(self) -> str:
        """The line of the note, with its newline."""
        return f"{_DASH}{self.name} {base64.b64encode(self.key_id + self.signature).decode()}\n"

    @property
    def time(self) -> int | None:
        """The Unix time in seconds inside a cosignature; None when it cannot be one."""
        return cosigned_at(self.signature)

    @classmethod
    def parse(cls, line: str) -> "Signature":
        """Read a line, with or without its newline."""
        line = line.removesuffix("\n")
        name, _, encoded = line.removeprefix(_DASH).partition(" ")
        raw = decode_base64(encoded)
        if not line.startswith(_DASH) or len(raw) <= KEY_ID_BYTES:
            raise ValueError("This is not a signature line.")
        return cls(check_name(name), raw[:KEY_ID_BYTES], raw[KEY_ID_BYTES:])


@dataclass(frozen=True, slots=True)
class Note:
    """An opened note.

    Attributes:
        text: with its final newline.
        signatures: those of known keys, all of which hold.
        unknown: those of other keys, unchecked.
    """

    text: str
    signatures: tuple[Signature, ...]
    unknown: tuple[Signature, ...] = ()


def check_text(text: str) -> str:
    """Give ``text`` back when a note can hold it."""
    if not text.endswith("\n") or _FORBIDDEN.search(text):
        raise ValueError("The text of a note ends in a newline and has no control characters.")
    text.encode()
    return text


def sign_note(text: str, signers: Iterable[Signer]) -> str:
    """A note over ``text`` signed by all ``signers`` (kind 0x01)."""
    lines = [signer.sign(check_text(text)).line for signer in signers]
    return f"{text}\n{''.join(lines)}"


def split_note(note: str | bytes) -> Note:
    """Take a note apart without checking any signature: all of them are ``unknown``."""
    whole = _decoded(note)
    text, gap, signatures = whole.rpartition("\n\n")
    if not gap or not signatures.endswith("\n") or _FORBIDDEN.search(whole):
        raise ValueError("This is not a signed note.")
    lines = signatures[:-1].split("\n")
    if len(lines) > MAX_SIGNATURES:
        raise ValueError("The note has too many signatures.")
    return Note(f"{text}\n", (), tuple(Signature.parse(line) for line in lines))


def open_note(note: str | bytes, verifiers: Iterable[Verifier]) -> Note:
    """Take a note apart and check the signatures of ``verifiers``.

    Raises:
        BadSignature: a known key's signature does not hold.
        NotSigned: none of the keys signed it.
        ValueError: it is not a note.
    """
    split = split_note(note)
    known = {(verifier.name, verifier.id): verifier for verifier in verifiers}
    held: dict[tuple[str, bytes], Signature] = {}
    unknown: list[Signature] = []
    for signature in split.unknown:
        key = (signature.name, signature.key_id)
        verifier = known.get(key)
        if verifier is None:
            if signature not in unknown:
                unknown.append(signature)
        elif key not in held:
            if not verifier.holds(split.text, signature.signature):
                raise BadSignature(signature.name)
            held[key] = signature
    if not held:
        raise NotSigned("Nobody who is trusted here signed this note.")
    return Note(split.text, tuple(held.values()), tuple(unknown))


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a log states about itself: the first three lines of the note."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def text(self) -> str:
        """The note's text."""
        lines = (self.origin, str(self.size), base64.b64encode(self.root).decode(), *self.extensions)
        return check_text("\n".join(lines) + "\n")

    @classmethod
    def parse(cls, text: str) -> "Checkpoint":
        """Read the text of a checkpoint note (not the whole note)."""
        if not text.endswith("\n"):
            raise ValueError("This is not a checkpoint.")
        lines = text[:-1].split("\n")
        if len(lines) < 3 or not all(lines) or len(lines[1]) > 20 or not _DECIMAL.fullmatch(lines[1]):
            raise ValueError("This is not a checkpoint.")
        root = decode_base64(lines[2])
        if len(root) != sha256().digest_size:
            raise ValueError("The root of a checkpoint has 32 bytes.")
        return cls(lines[0], int(lines[1]), root, tuple(lines[3:]))


def cosigned_message(text: str, time: int) -> bytes:
    """What a v1 cosignature signs."""
    if not 0 <= time <= _MAX_TIME:
        raise ValueError("A cosignature has no such time.")
    return f"cosignature/v1\ntime {time}\n{text}".encode()


def cosigned_at(signature: bytes) -> int | None:
    """The Unix time in seconds of a cosignature (without key id); None when it has another form."""
    if len(signature) != _TIME.size + SIGNATURE_BYTES:
        return None
    time = int(_TIME.unpack_from(signature)[0])
    return time if time <= _MAX_TIME else None


def cosign(checkpoint_text: str, time: int, signer: Signer) -> str:
    """A cosignature line, with its newline, for a checkpoint's text."""
    return signer.cosign(check_text(checkpoint_text), time).line


def with_signatures(note: str, lines: Sequence[str]) -> str:
    """The note with further signature lines after its own."""
    return note + "".join(line if line.endswith("\n") else f"{line}\n" for line in lines)


def decode_base64(text: str) -> bytes:
    """Standard base64 of RFC 4648 §4, canonical: padded, no other characters, no stray bits."""
    try:
        raw = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        raise ValueError("This is not base64.") from None
    if base64.b64encode(raw).decode() != text:
        raise ValueError("This is not base64 in its one right spelling.")
    return raw


def _decoded(note: str | bytes) -> str:
    if len(note) > MAX_NOTE_BYTES:
        raise ValueError("The note is too long.")
    try:
        if isinstance(note, bytes):
            return note.decode()
        note.encode()
    except UnicodeError:
        raise ValueError("A note is UTF-8.") from None
    return note

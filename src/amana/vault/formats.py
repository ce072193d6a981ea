"""Sealed formats, byte for byte. Pure: bytes in, bytes out.

``docs/decisions/0010-sealed-formats.md`` explains the choices and ``tests/vault/vectors.json``
holds vectors. All integers are big-endian. The strings below are final once released.

::

    address     84   organisation 16 ‖ conversation 16 ‖ sender 16 ‖ device 16 ‖ client id 16 ‖ revision u32
    plaintext        r 32 ‖ content ‖ 0x80 ‖ 0x00 …            content ‖ 0x80 ‖ 0x00 … has a padded length
    body             0x01 ‖ nonce 12 ‖ AES-256-GCM(data key, nonce, plaintext, "amana/body/v1" 0x00 ‖ address)
    commitment  32   HMAC-SHA-256(r, "amana/commit/v1" 0x00 ‖ body)
    wrap        61   0x01 ‖ nonce 12 ‖ AES-256-GCM(wrapping key, nonce, data key 32,
                          "amana/wrap/v1" 0x00 ‖ address ‖ ground u16 ‖ key_ref u32)
    text             0x01 ‖ epoch u32 ‖ nonce 12 ‖ AES-256-GCM(text key, nonce, text ‖ 0x80 ‖ 0x00 …,
                          "amana/text/v1" 0x00 ‖ organisation 16 ‖ subject 16 ‖ epoch u32 ‖ purpose)
    private          0x01 ‖ generation u32 ‖ nonce 12 ‖ AES-256-GCM(private key, nonce, text ‖ 0x80 ‖ 0x00 …,
                          "amana/private/v1" 0x00 ‖ organisation 16 ‖ person 16 ‖ subject 16
                          ‖ generation u32 ‖ purpose)

Padded length of n bytes: the next multiple of 32 up to 1 KiB, Padmé above (at most 12 % more).
A data key is used for one body only. ``wrapping key`` is derived from the conversation key of
generation ``key_ref``, ``text key`` from the organisation key of ``epoch`` and ``private key`` from
the person's key of ``generation`` (see ``keychain``).
"""

import hmac
from struct import Struct
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from amana.kernel.ids import OrgId, UserId
from amana.vault.grounds import Ground
from amana.vault.model import Address

VERSION = b"\x01"
KEY_BYTES = 32
NONCE_BYTES = 12
TAG_BYTES = 16
OPENING_BYTES = 32
WRAP_BYTES = 1 + NONCE_BYTES + KEY_BYTES + TAG_BYTES
# One draw from the random source per message: data key, nonce, r, nonce of the wrap.
ENTROPY_BYTES = KEY_BYTES + NONCE_BYTES + OPENING_BYTES + NONCE_BYTES

_BODY = b"amana/body/v1\0"
_WRAP = b"amana/wrap/v1\0"
_COMMIT = b"amana/commit/v1\0"
_TEXT = b"amana/text/v1\0"
_PRIVATE = b"amana/private/v1\0"

_REVISION = Struct(">I").pack
_GROUND_AND_KEY = Struct(">HI").pack
_NUMBER = Struct(">I")

_MAX_U32 = 2**32 - 1
_SMALL_BYTES = 1024
_BLOCK_BYTES = 32
_PADDINGS = tuple(b"\x80" + bytes(zeros) for zeros in range(_BLOCK_BYTES))


class Damaged(Exception):
    """Authentication failed, or the bytes have no known form."""


def address_bytes(address: Address) -> bytes:
    """The fixed-width form of an address, 84 bytes. Raises ``Damaged`` when its revision can be none."""
    if not 0 <= address.revision <= _MAX_U32:
        raise Damaged("revision")
    return b"".join(
        (
            address.org_id.bytes,
            address.conversation_id.bytes,
            address.sender_id.bytes,
            address.device_id.bytes,
            address.client_id.bytes,
            _REVISION(address.revision),
        )
    )


def padded_size(size_bytes: int) -> int:
    """The length that ``size_bytes`` is padded to (Padmé above 1 KiB)."""
    if size_bytes <= _SMALL_BYTES:
        return -(-size_bytes // _BLOCK_BYTES) * _BLOCK_BYTES
    exponent = size_bytes.bit_length() - 1
    step = 1 << (exponent - exponent.bit_length())
    return -(-size_bytes // step) * step


def pad(content: bytes) -> bytes:
    """``content`` ‖ 0x80 ‖ zeros, up to the padded length."""
    size = len(content)
    if size < _SMALL_BYTES:
        return content + _PADDINGS[-(size + 1) % _BLOCK_BYTES]
    return content + b"\x80" + bytes(padded_size(size + 1) - size - 1)


def unpad(padded: bytes) -> bytes:
    """The inverse of ``pad``. Raises ``Damaged`` when the mark is missing."""
    content = padded.rstrip(b"\0")
    if not content.endswith(b"\x80"):
        raise Damaged("padding")
    return content[:-1]


def seal_body(place: bytes, content: bytes, random: bytes) -> tuple[bytes, bytes]:
    """Give ``(body, commitment)``.

    Args:
        place: ``address_bytes`` of the message.
        content: anything; its length is hidden up to the padding.
        random: ``ENTROPY_BYTES`` fresh bytes; the data key is the first 32 of them.
    """
    nonce = random[32:44]
    opening = random[44:76]
    sealed = AESGCM(random[:32]).encrypt(nonce, opening + pad(content), _BODY + place)
    body = VERSION + nonce + sealed
    return body, hmac.digest(opening, _COMMIT + body, "sha256")


def open_body(place: bytes, data_key: bytes, body: bytes) -> tuple[bytes, bytes]:
    """Give ``(r, content)``. Raises ``Damaged``."""
    if body[:1] != VERSION:
        raise Damaged("version")
    try:
        plain = AESGCM(data_key).decrypt(body[1:13], body[13:], _BODY + place)
    except (InvalidTag, ValueError) as damage:
        raise Damaged("body") from damage
    return plain[:OPENING_BYTES], unpad(plain[OPENING_BYTES:])


def commitment_holds(opening: bytes, body: bytes, commitment: bytes) -> bool:
    """Whether ``commitment`` is the one made for exactly these stored bytes."""
    return hmac.compare_digest(hmac.digest(opening, _COMMIT + body, "sha256"), commitment)


def wrap_key(
    cipher: AESGCM, place: bytes, data_key: bytes, *, ground: Ground, key_ref: int, nonce: bytes
) -> bytes:
    """Wrap a data key for one ground, 61 bytes."""
    bound = _WRAP + place + _GROUND_AND_KEY(ground, key_ref)
    return VERSION + nonce + cipher.encrypt(nonce, data_key, bound)


def unwrap_key(cipher: AESGCM, place: bytes, wrapped: bytes, *, ground: Ground, key_ref: int) -> bytes:
    """The inverse of ``wrap_key``. Raises ``Damaged``."""
    if len(wrapped) != WRAP_BYTES or wrapped[:1] != VERSION or not 0 <= key_ref <= _MAX_U32:
        raise Damaged("wrap")
    bound = _WRAP + place + _GROUND_AND_KEY(ground, key_ref)
    try:
        return cipher.decrypt(wrapped[1:13], wrapped[13:], bound)
    except InvalidTag as damage:
        raise Damaged("wrap") from damage


def _text_binding(org_id: OrgId, subject: UUID, epoch: int, purpose: str) -> bytes:
    return _TEXT + org_id.bytes + subject.bytes + _NUMBER.pack(epoch) + purpose.encode()


def _private_binding(org_id: OrgId, user_id: UserId, subject: UUID, generation: int, purpose: str) -> bytes:
    place = org_id.bytes + user_id.bytes + subject.bytes
    return _PRIVATE + place + _NUMBER.pack(generation) + purpose.encode()


def seal_text(
    cipher: AESGCM,
    text: str,
    *,
    org_id: OrgId,
    subject: UUID,
    epoch: int,
    purpose: str,
    nonce: bytes,
) -> bytes:
    """Seal a short text under an organisation's text key."""
    bound = _text_binding(org_id, subject, epoch, purpose)
    return _seal_numbered(cipher, text, epoch, bound, nonce)


def text_epoch(sealed: bytes) -> int:
    """Which organisation key a sealed text needs. Raises ``Damaged``."""
    if len(sealed) < 5 + NONCE_BYTES + TAG_BYTES or sealed[:1] != VERSION:
        raise Damaged("text")
    return int(_NUMBER.unpack_from(sealed, 1)[0])


def open_text(
    cipher: AESGCM, sealed: bytes, *, org_id: OrgId, subject: UUID, epoch: int, purpose: str
) -> str:
    """The inverse of ``seal_text``. Raises ``Damaged``."""
    return _open_numbered(cipher, sealed, _text_binding(org_id, subject, epoch, purpose))


def seal_private(
    cipher: AESGCM,
    text: str,
    *,
    org_id: OrgId,
    user_id: UserId,
    subject: UUID,
    generation: int,
    purpose: str,
    nonce: bytes,
) -> bytes:
    """Seal what only one person reads, under that person's key."""
    bound = _private_binding(org_id, user_id, subject, generation, purpose)
    return _seal_numbered(cipher, text, generation, bound, nonce)


def private_generation(sealed: bytes) -> int:
    """Which generation of a person's key a private text needs. Raises ``Damaged``."""
    return text_epoch(sealed)


def open_private(
    cipher: AESGCM,
    sealed: bytes,
    *,
    org_id: OrgId,
    user_id: UserId,
    subject: UUID,
    generation: int,
    purpose: str,
) -> str:
    """The inverse of ``seal_private``. Raises ``Damaged``."""
    return _open_numbered(cipher, sealed, _private_binding(org_id, user_id, subject, generation, purpose))


def _seal_numbered(cipher: AESGCM, text: str, number: int, bound: bytes, nonce: bytes) -> bytes:
    return VERSION + _NUMBER.pack(number) + nonce + cipher.encrypt(nonce, pad(text.encode()), bound)


def _open_numbered(cipher: AESGCM, sealed: bytes, bound: bytes) -> str:
    try:
        return unpad(cipher.decrypt(sealed[5:17], sealed[17:], bound)).decode()
    except (InvalidTag, ValueError) as damage:
        raise Damaged("text") from damage

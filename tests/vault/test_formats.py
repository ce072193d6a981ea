"""Sealed bytes: committed vectors, recomputed here from the documentation alone, and every bound field."""

import hashlib
import hmac
import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from amana.kernel.ids import ClientId, ConversationId, DeviceId, OrgId, UserId
from amana.vault import formats, keychain
from amana.vault.grounds import Ground
from amana.vault.model import Address

VECTORS: dict[str, Any] = json.loads((Path(__file__).parent / "vectors.json").read_text(encoding="utf-8"))
IDS = {name: UUID(value) for name, value in VECTORS["ids"].items()}
ADDRESS = Address(
    OrgId(IDS["organisation"]),
    ConversationId(IDS["conversation"]),
    UserId(IDS["sender"]),
    DeviceId(IDS["device"]),
    ClientId(IDS["client"]),
    VECTORS["revision"],
)
PLACE = bytes.fromhex(VECTORS["address"])
RANDOM = bytes.fromhex(VECTORS["random"])
BODY = bytes.fromhex(VECTORS["body"])
CONTENT = VECTORS["content"].encode()
WRAPPING = AESGCM(bytes.fromhex(VECTORS["derived"]["amana/data-wrap/v1"]))


def hkdf(key: bytes, label: bytes) -> bytes:
    """RFC 5869 with SHA-256, no salt, one block: written out so that the vectors have a second source."""
    extracted = hmac.digest(bytes(32), key, "sha256")
    return hmac.digest(extracted, label + b"\x01", "sha256")


def test_the_address_is_five_ids_and_a_revision() -> None:
    expected = b"".join(
        IDS[name].bytes for name in ("organisation", "conversation", "sender", "device", "client")
    ) + (1).to_bytes(4, "big")

    assert formats.address_bytes(ADDRESS) == expected == PLACE
    assert len(PLACE) == 84


def test_the_vector_of_body_and_commitment_holds() -> None:
    data_key, nonce, opening = RANDOM[:32], RANDOM[32:44], RANDOM[44:76]
    padded = CONTENT + b"\x80" + bytes(64 - len(CONTENT) - 1)
    sealed = AESGCM(data_key).encrypt(nonce, opening + padded, b"amana/body/v1\0" + PLACE)
    body = b"\x01" + nonce + sealed
    commitment = hmac.new(opening, b"amana/commit/v1\0" + body, hashlib.sha256).digest()

    assert formats.seal_body(PLACE, CONTENT, RANDOM) == (body, commitment)
    assert body.hex() == VECTORS["body"]
    assert commitment.hex() == VECTORS["commitment"]


@pytest.mark.parametrize("ground", Ground)
def test_the_vector_of_each_wrap_holds(ground: Ground) -> None:
    nonce = RANDOM[76:88]
    bound = b"amana/wrap/v1\0" + PLACE + int(ground).to_bytes(2, "big") + (1).to_bytes(4, "big")
    wrapped = b"\x01" + nonce + WRAPPING.encrypt(nonce, RANDOM[:32], bound)

    assert wrapped.hex() == VECTORS["wraps"][ground.name.lower()]
    assert len(wrapped) == formats.WRAP_BYTES == 61
    made = formats.wrap_key(WRAPPING, PLACE, RANDOM[:32], ground=ground, key_ref=1, nonce=nonce)
    assert made == wrapped
    assert formats.unwrap_key(WRAPPING, PLACE, wrapped, ground=ground, key_ref=1) == RANDOM[:32]


@pytest.mark.parametrize(
    ("label", "parent"),
    [
        ("amana/root-wrap/v1", "root_key"),
        ("amana/conversation-wrap/v1", "organisation_key"),
        ("amana/text-seal/v1", "organisation_key"),
        ("amana/data-wrap/v1", "conversation_key"),
        ("amana/user-wrap/v1", "organisation_key"),
        ("amana/private-seal/v1", "user_key"),
    ],
)
def test_every_derived_key_is_hkdf_over_its_parent(label: str, parent: str) -> None:
    key = bytes.fromhex(VECTORS[parent])

    assert keychain.derive(key, label.encode()) == hkdf(key, label.encode())
    assert keychain.derive(key, label.encode()).hex() == VECTORS["derived"][label]


def test_the_vectors_of_the_key_chain_hold() -> None:
    org, conversation = IDS["organisation"].bytes, IDS["conversation"].bytes
    one, nonce = (1).to_bytes(4, "big"), bytes.fromhex(VECTORS["nonce"])
    root_wrap = AESGCM(hkdf(bytes.fromhex(VECTORS["root_key"]), b"amana/root-wrap/v1"))
    organisation_wrap = AESGCM(
        hkdf(bytes.fromhex(VECTORS["organisation_key"]), b"amana/conversation-wrap/v1")
    )
    above = b"amana/organisation-key/v1\0" + org + one
    below = b"amana/conversation-key/v1\0" + org + conversation + one + one

    assert keychain.organisation_context(ADDRESS.org_id, 1) == above
    assert keychain.conversation_context(ADDRESS.org_id, ADDRESS.conversation_id, 1, 1) == below
    wrapped = b"\x01" + nonce + root_wrap.encrypt(nonce, bytes.fromhex(VECTORS["organisation_key"]), above)
    assert wrapped.hex() == VECTORS["wrapped_organisation_key"]
    wrapped = (
        b"\x01" + nonce + organisation_wrap.encrypt(nonce, bytes.fromhex(VECTORS["conversation_key"]), below)
    )
    assert wrapped.hex() == VECTORS["wrapped_conversation_key"]


def test_the_vector_of_a_text_holds() -> None:
    text = VECTORS["text"]
    cipher = AESGCM(hkdf(bytes.fromhex(VECTORS["organisation_key"]), b"amana/text-seal/v1"))
    nonce, one = bytes.fromhex(VECTORS["nonce"]), (1).to_bytes(4, "big")
    clear = text["clear"].encode()
    bound = (
        b"amana/text/v1\0"
        + IDS["organisation"].bytes
        + IDS["conversation"].bytes
        + one
        + text["purpose"].encode()
    )
    padded = clear + b"\x80" + bytes(32 - len(clear) - 1)
    sealed = b"\x01" + one + nonce + cipher.encrypt(nonce, padded, bound)

    assert sealed.hex() == text["sealed"]
    opened = formats.open_text(
        cipher,
        sealed,
        org_id=ADDRESS.org_id,
        subject=IDS["conversation"],
        epoch=formats.text_epoch(sealed),
        purpose=text["purpose"],
    )
    assert opened == text["clear"]


def test_the_vectors_of_a_persons_key_and_of_a_private_text_hold() -> None:
    org, person, subject = (IDS[name].bytes for name in ("organisation", "sender", "conversation"))
    nonce, one = bytes.fromhex(VECTORS["nonce"]), (1).to_bytes(4, "big")
    key, private = bytes.fromhex(VECTORS["user_key"]), VECTORS["private"]
    wrapping = AESGCM(hkdf(bytes.fromhex(VECTORS["organisation_key"]), b"amana/user-wrap/v1"))
    below = b"amana/user-key/v1\0" + org + person + one + one
    clear = private["clear"].encode()
    bound = b"amana/private/v1\0" + org + person + subject + one + private["purpose"].encode()
    cipher = AESGCM(hkdf(key, b"amana/private-seal/v1"))
    padded = clear + b"\x80" + bytes(32 - len(clear) - 1)
    sealed = b"\x01" + one + nonce + cipher.encrypt(nonce, padded, bound)

    assert keychain.user_context(ADDRESS.org_id, ADDRESS.sender_id, 1, 1) == below
    assert (b"\x01" + nonce + wrapping.encrypt(nonce, key, below)).hex() == VECTORS["wrapped_user_key"]
    assert sealed.hex() == private["sealed"]
    opened = formats.open_private(
        cipher,
        sealed,
        org_id=ADDRESS.org_id,
        user_id=ADDRESS.sender_id,
        subject=IDS["conversation"],
        generation=formats.private_generation(sealed),
        purpose=private["purpose"],
    )
    assert opened == private["clear"]


@given(content=st.binary(max_size=3000))
def test_what_was_sealed_opens_to_the_same_bytes(content: bytes) -> None:
    body, commitment = formats.seal_body(PLACE, content, RANDOM)

    opening, opened = formats.open_body(PLACE, RANDOM[:32], body)

    assert opened == content
    assert formats.commitment_holds(opening, body, commitment)


@given(bit=st.integers(min_value=0, max_value=len(BODY) * 8 - 1))
def test_any_flipped_bit_of_a_body_is_noticed(bit: int) -> None:
    changed = bytearray(BODY)
    changed[bit // 8] ^= 1 << bit % 8

    with pytest.raises(formats.Damaged):
        formats.open_body(PLACE, RANDOM[:32], bytes(changed))


@given(bit=st.integers(min_value=0, max_value=61 * 8 - 1))
def test_any_flipped_bit_of_a_wrap_is_noticed(bit: int) -> None:
    changed = bytearray(bytes.fromhex(VECTORS["wraps"]["live"]))
    changed[bit // 8] ^= 1 << bit % 8

    with pytest.raises(formats.Damaged):
        formats.unwrap_key(WRAPPING, PLACE, bytes(changed), ground=Ground.LIVE, key_ref=1)


@pytest.mark.parametrize("size", [0, 1, 12, 13, 28, 29, 60])
def test_a_body_cut_short_is_noticed(size: int) -> None:
    with pytest.raises(formats.Damaged):
        formats.open_body(PLACE, RANDOM[:32], BODY[:size])


OTHER = UUID(int=7)


@pytest.mark.parametrize(
    "moved",
    [
        replace(ADDRESS, org_id=OrgId(OTHER)),
        replace(ADDRESS, conversation_id=ConversationId(OTHER)),
        replace(ADDRESS, sender_id=UserId(OTHER)),
        replace(ADDRESS, device_id=DeviceId(OTHER)),
        replace(ADDRESS, client_id=ClientId(OTHER)),
        replace(ADDRESS, revision=0),
        replace(ADDRESS, revision=2),
    ],
    ids=["organisation", "conversation", "sender", "device", "client id", "revision back", "revision on"],
)
def test_neither_body_nor_wrap_opens_at_another_address(moved: Address) -> None:
    place = formats.address_bytes(moved)

    with pytest.raises(formats.Damaged):
        formats.open_body(place, RANDOM[:32], BODY)
    with pytest.raises(formats.Damaged):
        formats.unwrap_key(
            WRAPPING, place, bytes.fromhex(VECTORS["wraps"]["live"]), ground=Ground.LIVE, key_ref=1
        )


def test_a_wrap_opens_for_its_own_ground_and_key_only() -> None:
    live = bytes.fromhex(VECTORS["wraps"]["live"])

    for ground, key_ref in ((Ground.TRACE, 1), (Ground.HOLD, 1), (Ground.LIVE, 2)):
        with pytest.raises(formats.Damaged):
            formats.unwrap_key(WRAPPING, PLACE, live, ground=ground, key_ref=key_ref)


@given(size=st.integers(min_value=1, max_value=200_000))
def test_padding_hides_the_length_and_costs_at_most_an_eighth(size: int) -> None:
    padded = formats.padded_size(size)

    assert size <= padded
    assert padded % 32 == 0
    if size > 1024:
        assert padded <= size * 1.12
        assert padded.bit_count() <= padded.bit_length().bit_length() + 1
    assert len(formats.pad(bytes(size - 1))) == padded
    assert formats.unpad(formats.pad(b"x" * (size - 1))) == b"x" * (size - 1)


def test_texts_of_neighbouring_lengths_look_alike() -> None:
    sizes = {len(formats.seal_body(PLACE, b"x" * size, RANDOM)[0]) for size in range(32, 63)}

    assert len(sizes) == 1

"""Secrets in links, session tokens and the known-device pass: how they are written and checked."""

import binascii
import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from uuid import UUID

from amana.kernel.entropy import Entropy
from amana.kernel.ids import DeviceId, OrgId, SessionId, UserId

SECRET_BYTES = 32
_TOKEN_BYTES = 3 * 16 + SECRET_BYTES
API_PREFIX = "amana_"  # lets scanners of repositories and logs find one that got lost
# One is never the other, also not in a memory that knows them by their digest.
_API_DOMAIN = b"amana/api-token/v1\0"
_DEVICE_DOMAIN = b"amana/device/v1\0"
_PASS_BYTES = 2 * 16 + 32


@dataclass(frozen=True, slots=True)
class SessionToken:
    """A session's or an API token taken apart. Only the hash of the whole is stored.

    Attributes:
        is_api: ``session_id`` is the id of an API token.
    """

    org_id: OrgId
    user_id: UserId
    session_id: SessionId
    digest: bytes
    is_api: bool = False


def new_secret(entropy: Entropy) -> str:
    """A secret for a link: 43 characters of base64url."""
    return encode(entropy.token_bytes(SECRET_BYTES))


def secret_hash(secret: str) -> bytes:
    """What is stored of a secret. One round is enough: it has 256 random bits."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


def new_token(org_id: OrgId, user_id: UserId, session_id: SessionId, entropy: Entropy) -> str:
    """A fresh session token: it says where to look, and proves the rest with 32 random bytes."""
    return encode(org_id.bytes + user_id.bytes + session_id.bytes + entropy.token_bytes(SECRET_BYTES))


def new_api_token(org_id: OrgId, user_id: UserId, token_id: UUID, entropy: Entropy) -> str:
    """A fresh API token: the same behind a prefix of its own."""
    return API_PREFIX + new_token(org_id, user_id, SessionId(token_id), entropy)


def parse_token(token: str) -> SessionToken | None:
    """Take a token apart; None when it cannot be one."""
    is_api = token.startswith(API_PREFIX)
    raw = decode(token.removeprefix(API_PREFIX))
    if raw is None or len(raw) != _TOKEN_BYTES:
        return None
    return SessionToken(
        OrgId(UUID(bytes=raw[0:16])),
        UserId(UUID(bytes=raw[16:32])),
        SessionId(UUID(bytes=raw[32:48])),
        hashlib.sha256(_API_DOMAIN + raw if is_api else raw).digest(),
        is_api,
    )


def device_pass(key: bytes, user_id: UserId, device_id: DeviceId) -> str:
    """The value of the known-device cookie: this device has signed in as this person before."""
    body = user_id.bytes + device_id.bytes
    return encode(body + hmac.digest(key, _DEVICE_DOMAIN + body, "sha256"))


def check_device_pass(key: bytes, value: str, user_id: UserId) -> DeviceId | None:
    """The device of a genuine pass for ``user_id``; None for anything else."""
    raw = decode(value)
    if raw is None or len(raw) != _PASS_BYTES or raw[:16] != user_id.bytes:
        return None
    expected = hmac.digest(key, _DEVICE_DOMAIN + raw[:32], "sha256")
    return DeviceId(UUID(bytes=raw[16:32])) if hmac.compare_digest(expected, raw[32:]) else None


def encode(raw: bytes) -> str:
    """Base64url without padding."""
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def decode(text: str) -> bytes | None:
    """The inverse of ``encode``; None when ``text`` is something else."""
    try:
        raw = urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
    except (UnicodeEncodeError, binascii.Error):
        return None
    # One spelling per value: the decoder itself ignores stray characters and bits.
    return raw if encode(raw) == text else None

"""A software authenticator: ES256 passkeys with none attestation, as a browser would answer."""

import hashlib
import json
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

UP, UV, BE, BS, AT = 0x01, 0x04, 0x08, 0x10, 0x40


@dataclass
class _Credential:
    credential_id: bytes
    key: ec.EllipticCurvePrivateKey
    user_handle: bytes
    sign_count: int = 0


@dataclass
class Authenticator:
    """One person's authenticator.

    Attributes:
        is_verifying: answers with the person verified (fingerprint, PIN).
        is_synced: counts nothing, like passkeys that live in a cloud keychain.
    """

    origin: str
    is_verifying: bool = True
    is_synced: bool = False
    credentials: list[_Credential] = field(default_factory=list)

    def create(self, options: dict[str, Any], *, origin: str | None = None) -> dict[str, Any]:
        """Answer ``navigator.credentials.create()``."""
        key = ec.generate_private_key(ec.SECP256R1())
        credential = _Credential(
            hashlib.sha256(str(len(self.credentials)).encode() + options["challenge"].encode()).digest()[:20],
            key,
            _decode(options["user"]["id"]),
        )
        self.credentials.append(credential)
        numbers = key.public_key().public_numbers()
        cose = cbor2.dumps(
            {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")}
        )
        attested = (
            bytes(16) + struct.pack(">H", len(credential.credential_id)) + credential.credential_id + cose
        )
        data = self._data(options["rp"]["id"], credential, AT) + attested
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        client = self._client("webauthn.create", options["challenge"], origin)
        return self._answer(
            credential, {"clientDataJSON": _encode(client), "attestationObject": _encode(attestation)}
        )

    def get(self, options: dict[str, Any], *, origin: str | None = None, which: int = -1) -> dict[str, Any]:
        """Answer ``navigator.credentials.get()`` with one of the discoverable credentials."""
        credential = self.credentials[which]
        if not self.is_synced:
            credential.sign_count += 1
        data = self._data(options["rpId"], credential, 0)
        client = self._client("webauthn.get", options["challenge"], origin)
        signature = credential.key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        response = {
            "clientDataJSON": _encode(client),
            "authenticatorData": _encode(data),
            "signature": _encode(signature),
            "userHandle": _encode(credential.user_handle),
        }
        return self._answer(credential, response)

    def _data(self, rp_id: str, credential: _Credential, more_flags: int) -> bytes:
        flags = UP | more_flags | (UV if self.is_verifying else 0) | ((BE | BS) if self.is_synced else 0)
        return hashlib.sha256(rp_id.encode()).digest() + struct.pack(">BI", flags, credential.sign_count)

    def _client(self, kind: str, challenge: str, origin: str | None) -> bytes:
        said = {"type": kind, "challenge": challenge, "origin": origin or self.origin, "crossOrigin": False}
        return json.dumps(said).encode()

    def _answer(self, credential: _Credential, response: dict[str, str]) -> dict[str, Any]:
        name = _encode(credential.credential_id)
        return {
            "id": name,
            "rawId": name,
            "type": "public-key",
            "response": response,
            "clientExtensionResults": {},
            "authenticatorAttachment": "platform",
        }


def _encode(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))

"""Passkeys: WebAuthn options and answers. The challenges live in the database, one use each."""

import struct
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec
import webauthn
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from amana.kernel.ids import OrgId, UserId
from amana.people import tokens
from amana.people.errors import PasskeyRefused

CHALLENGE_BYTES = 32
CEREMONY_MS = 300_000

# What the library and the CBOR and ASN.1 readers under it raise for bytes a stranger made up.
_UNVERIFIED = (
    WebAuthnException,
    ValueError,
    KeyError,
    TypeError,
    IndexError,
    AttributeError,
    OverflowError,
    struct.error,
)

# The browser's own spelling on the wire, ours in the code.
_WIRE = {
    "raw_id": "rawId",
    "client_data": "clientDataJSON",
    "attestation_object": "attestationObject",
    "authenticator_data": "authenticatorData",
    "user_handle": "userHandle",
}


class AttestationResponse(msgspec.Struct, frozen=True, rename=_WIRE):
    """What ``navigator.credentials.create()`` gave, in its JSON form (base64url strings)."""

    client_data: str
    attestation_object: str


class NewCredential(msgspec.Struct, frozen=True, rename=_WIRE):
    """A ``PublicKeyCredential`` from ``create()``, as ``toJSON()`` writes it."""

    id: str
    raw_id: str
    type: str
    response: AttestationResponse


class AssertionResponse(msgspec.Struct, frozen=True, rename=_WIRE):
    """What ``navigator.credentials.get()`` gave, in its JSON form (base64url strings)."""

    client_data: str
    authenticator_data: str
    signature: str
    user_handle: str | None = None


class UsedCredential(msgspec.Struct, frozen=True, rename=_WIRE):
    """A ``PublicKeyCredential`` from ``get()``, as ``toJSON()`` writes it."""

    id: str
    raw_id: str
    type: str
    response: AssertionResponse


@dataclass(frozen=True, slots=True)
class Passkey:
    """A verified new credential."""

    credential_id: bytes
    public_key: bytes
    sign_count: int


@dataclass(frozen=True, slots=True)
class RelyingParty:
    """Who asks: the host name and origin of the public address, for ever."""

    host: str
    origin: str

    def creation_options(
        self,
        challenge: bytes,
        *,
        org_id: OrgId,
        user_id: UserId,
        name: str,
        organisation: str,
        known: list[bytes],
    ) -> dict[str, Any]:
        """Options for ``navigator.credentials.create()``.

        Discoverable and with the person verified: the passkey replaces name and password.
        """
        options = webauthn.generate_registration_options(
            rp_id=self.host,
            rp_name=organisation,
            user_id=org_id.bytes + user_id.bytes,
            user_name=name,
            user_display_name=name,
            challenge=challenge,
            timeout=CEREMONY_MS,
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED,
                require_resident_key=True,
                user_verification=UserVerificationRequirement.REQUIRED,
            ),
            exclude_credentials=[PublicKeyCredentialDescriptor(id=credential_id) for credential_id in known],
        )
        return _as_json(options)

    def request_options(self, challenge: bytes) -> dict[str, Any]:
        """Options for ``navigator.credentials.get()``: no names, the authenticator knows whose it is."""
        options = webauthn.generate_authentication_options(
            rp_id=self.host,
            challenge=challenge,
            timeout=CEREMONY_MS,
            user_verification=UserVerificationRequirement.REQUIRED,
        )
        return _as_json(options)

    def verify_new(self, credential: NewCredential, challenge: bytes) -> Passkey:
        """Check the answer to ``creation_options``.

        Raises:
            PasskeyRefused: anything does not fit.
        """
        try:
            verified = webauthn.verify_registration_response(
                credential=msgspec.to_builtins(credential),
                expected_challenge=challenge,
                expected_rp_id=self.host,
                expected_origin=self.origin,
                require_user_verification=True,
            )
        except _UNVERIFIED:
            raise PasskeyRefused from None
        return Passkey(verified.credential_id, verified.credential_public_key, verified.sign_count)

    def verify_used(self, credential: UsedCredential, challenge: bytes, known: Passkey) -> int:
        """Check the answer to ``request_options`` and give the new signature count.

        Raises:
            PasskeyRefused: anything does not fit.
        """
        try:
            verified = webauthn.verify_authentication_response(
                credential=msgspec.to_builtins(credential),
                expected_challenge=challenge,
                expected_rp_id=self.host,
                expected_origin=self.origin,
                credential_public_key=known.public_key,
                credential_current_sign_count=known.sign_count,
                require_user_verification=True,
            )
        except _UNVERIFIED:
            raise PasskeyRefused from None
        return verified.new_sign_count


def owner_of(credential: UsedCredential) -> tuple[OrgId, UserId, bytes]:
    """Whose passkey the authenticator says it is, and its id; nothing is proven yet.

    Raises:
        PasskeyRefused: the answer names nobody.
    """
    handle = tokens.decode(credential.response.user_handle or "")
    credential_id = tokens.decode(credential.raw_id)
    if handle is None or len(handle) != 32 or not credential_id:
        raise PasskeyRefused
    return OrgId(UUID(bytes=handle[:16])), UserId(UUID(bytes=handle[16:])), credential_id


def _as_json(options: Any) -> dict[str, Any]:  # noqa: ANN401  the library's own classes
    decoded: dict[str, Any] = msgspec.json.decode(webauthn.options_to_json(options))
    return decoded

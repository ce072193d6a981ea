"""Keys and sealed content: one data key per content, one wrap per ground, no read without a proof."""

from pathlib import Path

from amana.kernel.feature import Feature
from amana.kernel.limits import Limit
from amana.vault.erasure import Cause
from amana.vault.errors import KeyUnavailable, RootKeyFailure, RootKeyUnreachable
from amana.vault.grounds import Ground
from amana.vault.keychain import MAX_CACHED_CONVERSATIONS
from amana.vault.keyfile import KeyFile
from amana.vault.model import (
    Address,
    Damage,
    DamagedPart,
    Sealed,
    SealRequest,
    Stored,
    Unreadable,
)
from amana.vault.private import PrivateSealed, PrivateText
from amana.vault.proofs import (
    READABLE,
    CaseProof,
    ExportProof,
    MemberProof,
    PersonProof,
    ProofMismatch,
    ReaderProof,
    SystemProof,
)
from amana.vault.rootkey import RootDescription, RootKey
from amana.vault.rotation import GENERATION_AGE, GENERATION_EVENTS
from amana.vault.service import TRACES_AT_ONCE, Vault

FEATURE = Feature(
    name="vault",
    schema=Path(__file__).parent / "schema",
    refusals=(KeyUnavailable, RootKeyUnreachable),
    limits=(
        Limit(
            "vault.cached_conversations",
            MAX_CACHED_CONVERSATIONS,
            "conversations whose keys are kept in memory",
            "Sealing must not wait for the database; about 2 kB each.",
        ),
        Limit(
            "vault.generation_days",
            GENERATION_AGE.days,
            "days after which a conversation seals with a new key",
            "What one key could ever open stays small; older keys go on opening what they sealed.",
        ),
        Limit(
            "vault.generation_events",
            GENERATION_EVENTS,
            "events after which a conversation seals with a new key",
            "Far below the number of random nonces that AES-GCM bears under one key.",
        ),
    ),
)

__all__ = [
    "FEATURE",
    "READABLE",
    "TRACES_AT_ONCE",
    "Address",
    "CaseProof",
    "Cause",
    "Damage",
    "DamagedPart",
    "ExportProof",
    "Ground",
    "KeyFile",
    "KeyUnavailable",
    "MemberProof",
    "PersonProof",
    "PrivateSealed",
    "PrivateText",
    "ProofMismatch",
    "ReaderProof",
    "RootDescription",
    "RootKey",
    "RootKeyFailure",
    "RootKeyUnreachable",
    "SealRequest",
    "Sealed",
    "Stored",
    "SystemProof",
    "Unreadable",
    "Vault",
]

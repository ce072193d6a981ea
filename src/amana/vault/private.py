"""What a person keeps for themselves: drafts, names of folders, notes. Sealed under a key of their own.

The key is made when something is sealed for the first time, and a newer generation of it after some months.
Nobody's keys are kept in memory: they end at the moment at which their rows do, in every process.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from amana.kernel.entropy import Entropy
from amana.kernel.ids import OrgId, UserId
from amana.kernel.tally import TALLY
from amana.storage.database import Tx
from amana.vault import formats, user_keys
from amana.vault.erasure import Cause
from amana.vault.errors import CannotUnwrap, KeyUnavailable
from amana.vault.formats import KEY_BYTES, NONCE_BYTES
from amana.vault.keychain import FIRST_GENERATION, KeyChain, OrganisationKeys, derive, unwrap_user
from amana.vault.model import Unreadable
from amana.vault.proofs import PersonProof, check_issued
from amana.vault.rotation import GENERATION_AGE
from amana.vault.user_keys import UserKeyRow

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class PrivateText:
    """One text to seal, bound to what it is (``purpose``) and what it belongs to (``subject``)."""

    purpose: str
    subject: UUID
    text: str


@dataclass(frozen=True, slots=True)
class PrivateSealed:
    """One sealed text as it was stored, with what it is bound to."""

    purpose: str
    subject: UUID
    sealed: bytes


class Private:
    """Seals and opens private texts, and ends a person's key."""

    def __init__(self, keys: KeyChain, entropy: Entropy) -> None:
        self._keys = keys
        self._entropy = entropy

    async def seal(
        self, tx: Tx, org_id: OrgId, user_id: UserId, texts: Sequence[PrivateText], *, now: datetime
    ) -> list[bytes]:
        """Seal texts of one person; same order.

        Args:
            tx: a write transaction: the person may get a first or a newer key in it.

        Raises:
            KeyUnavailable: the organisation has no usable key, or the person was erased.
        """
        generation, cipher = await self._current(tx, org_id, user_id, now)
        return [
            formats.seal_private(
                cipher,
                one.text,
                org_id=org_id,
                user_id=user_id,
                subject=one.subject,
                generation=generation,
                purpose=one.purpose,
                nonce=self._entropy.token_bytes(NONCE_BYTES),
            )
            for one in texts
        ]

    async def open(
        self, tx: Tx, proof: PersonProof, items: Sequence[PrivateSealed]
    ) -> list[str | Unreadable]:
        """Give the texts; same order. What was changed, moved or exchanged is ``DAMAGED`` and logged.

        Without any key left everything is ``ERASED``.
        """
        check_issued(proof)
        if not items:
            return []
        rows = await user_keys.generations(tx, proof.user_id)
        if not rows:
            return [Unreadable.ERASED] * len(items)
        ciphers = await self._ciphers(tx, proof.org_id, rows)
        return [self._open_one(proof, ciphers, item) for item in items]

    async def destroy(self, tx: Tx, user_id: UserId) -> int:
        """End a person's key in this transaction; gives how many generations there were."""
        return await user_keys.destroy(tx, [user_id])

    async def _current(self, tx: Tx, org_id: OrgId, user_id: UserId, now: datetime) -> tuple[int, AESGCM]:
        rows = await user_keys.generations(tx, user_id)
        if not rows or now - rows[-1].made_at >= GENERATION_AGE:
            generation = rows[-1].generation + 1 if rows else FIRST_GENERATION
            await self._make(tx, org_id, user_id, generation, now)
            # Read again: another device may have been first.
            rows = await user_keys.generations(tx, user_id)
        ciphers = await self._ciphers(tx, org_id, rows)
        if not ciphers:
            raise KeyUnavailable("This person has no usable key.")
        newest = max(ciphers)
        return newest, ciphers[newest]

    async def _make(self, tx: Tx, org_id: OrgId, user_id: UserId, generation: int, now: datetime) -> None:
        organisation = await self._keys.organisation(tx, org_id)
        row = UserKeyRow(user_id, generation, organisation.current, b"", now)
        wrapped = self._keys.wrap_user(organisation, org_id, row, self._entropy.token_bytes(KEY_BYTES))
        await user_keys.insert(tx, org_id, wrapped, erased=int(Cause.ACCOUNT))

    async def _ciphers(self, tx: Tx, org_id: OrgId, rows: Sequence[UserKeyRow]) -> dict[int, AESGCM]:
        organisation = await self._keys.covering(tx, org_id, {row.epoch for row in rows})
        return {
            row.generation: AESGCM(derive(key, b"amana/private-seal/v1"))
            for row in rows
            if (key := _opened(organisation, org_id, row)) is not None
        }

    def _open_one(
        self, proof: PersonProof, ciphers: dict[int, AESGCM], item: PrivateSealed
    ) -> str | Unreadable:
        try:
            generation = formats.private_generation(item.sealed)
            if generation not in ciphers:
                raise formats.Damaged("generation")
            return formats.open_private(
                ciphers[generation],
                item.sealed,
                org_id=proof.org_id,
                user_id=proof.user_id,
                subject=item.subject,
                generation=generation,
                purpose=item.purpose,
            )
        except formats.Damaged:
            TALLY.damage += 1
            log.error("vault_private_damaged", org_id=str(proof.org_id), user_id=str(proof.user_id))
            return Unreadable.DAMAGED


def _opened(organisation: OrganisationKeys, org_id: OrgId, row: UserKeyRow) -> bytes | None:
    try:
        return unwrap_user(organisation, org_id, row)
    except CannotUnwrap:
        log.error(
            "vault_user_key_damaged", org_id=str(org_id), user_id=str(row.user_id), generation=row.generation
        )
        return None

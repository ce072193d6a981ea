"""Sealing of what was written and is not said yet: its key stands apart until it is said or taken back.

Bound to an ``Address`` like a message. Its ``client_id`` is the id of the pending item, which is never a
UUIDv7: so no pending content can be passed off as a message, and no message as pending content.
"""

from collections.abc import Sequence
from uuid import UUID

import structlog

from amana.kernel.entropy import Entropy
from amana.kernel.ids import Bucket, ConversationId, Seq, is_uuid7
from amana.kernel.tally import TALLY
from amana.storage.database import Tx
from amana.vault import formats
from amana.vault.errors import KeyUnavailable
from amana.vault.grounds import Ground
from amana.vault.keychain import KeyChain
from amana.vault.model import Address, Stored, Unreadable
from amana.vault.proofs import ReaderProof, check_cover

log = structlog.get_logger()


class Pending:
    """Seals, opens and ends pending contents."""

    def __init__(self, keys: KeyChain, entropy: Entropy) -> None:
        self._keys = keys
        self._entropy = entropy

    async def seal(self, tx: Tx, address: Address, content: bytes) -> bytes:
        """Seal ``content`` and keep its key; an older wording of the same item ends with it.

        Raises:
            KeyUnavailable: the conversation has no usable key.
        """
        if is_uuid7(address.client_id):
            raise ValueError("The id of a pending item must not look like that of a message.")
        keys = (await self._keys.conversations(tx, address.org_id, [address.conversation_id])).get(
            address.conversation_id
        )
        if keys is None:
            raise KeyUnavailable(
                "This conversation has no usable key.", conversation_id=str(address.conversation_id)
            )
        place = formats.address_bytes(address)
        random = self._entropy.token_bytes(formats.ENTROPY_BYTES)
        body, _ = formats.seal_body(place, content, random)
        wrapped = formats.wrap_key(
            keys.current_cipher,
            place,
            random[: formats.KEY_BYTES],
            ground=Ground.LIVE,
            key_ref=keys.current,
            nonce=random[-formats.NONCE_BYTES :],
        )
        await _put(tx, address, key_ref=keys.current, wrapped=wrapped)
        return body

    async def open(self, tx: Tx, proof: ReaderProof, address: Address, body: bytes) -> bytes | Unreadable:
        """Give the content of an item, or why there is none.

        Raises:
            ProofMismatch: ``proof`` does not cover it (a bug, not a refusal).
        """
        check_cover(proof, Stored(Seq(0), Bucket(0), address, body, b""))
        row = await tx.one(
            """
            SELECT key_ref, wrapped FROM keyring.pending
             WHERE conversation_id = :conversation_id AND item_id = :item_id
            """,
            conversation_id=address.conversation_id,
            item_id=address.client_id,
        )
        if row is None:
            return Unreadable.ERASED
        keys = (await self._keys.conversations(tx, address.org_id, [address.conversation_id])).get(
            address.conversation_id
        )
        if keys is not None and row["key_ref"] not in keys.by_generation:
            keys = await self._keys.reload(tx, address.org_id, address.conversation_id)
        cipher = None if keys is None else keys.by_generation.get(row["key_ref"])
        try:
            if cipher is None:
                raise formats.Damaged("key")
            place = formats.address_bytes(address)
            key = formats.unwrap_key(
                cipher, place, row["wrapped"], ground=Ground.LIVE, key_ref=row["key_ref"]
            )
            return formats.open_body(place, key, body)[1]
        except formats.Damaged:
            TALLY.damage += 1
            log.error(
                "vault_pending_damaged",
                org_id=str(address.org_id),
                conversation_id=str(address.conversation_id),
                item_id=str(address.client_id),
            )
            return Unreadable.DAMAGED

    async def end(self, tx: Tx, conversation_id: ConversationId, item_ids: Sequence[UUID]) -> int:
        """Nobody can open these any more; gives how many there were."""
        return await tx.run(
            "DELETE FROM keyring.pending WHERE conversation_id = :conversation_id AND item_id = ANY(:items)",
            conversation_id=conversation_id,
            items=list(item_ids),
        )


async def _put(tx: Tx, address: Address, *, key_ref: int, wrapped: bytes) -> None:
    await tx.run(
        """
        INSERT INTO keyring.pending (org_id, conversation_id, item_id, key_ref, wrapped)
        VALUES (:org_id, :conversation_id, :item_id, :key_ref, :wrapped)
        ON CONFLICT (conversation_id, item_id) DO UPDATE
           SET key_ref = excluded.key_ref, wrapped = excluded.wrapped
        """,
        org_id=address.org_id,
        conversation_id=address.conversation_id,
        item_id=address.client_id,
        key_ref=key_ref,
        wrapped=wrapped,
    )

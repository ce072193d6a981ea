"""What waits is sealed as the draft it was, so that whatever a message can hold can be said later too."""

from dataclasses import replace
from typing import Final

import msgspec

from amana.conversations.messages.draft import Draft
from amana.conversations.scheduling.model import Scheduled
from amana.kernel.actor import Actor
from amana.storage.database import Tx
from amana.vault import Unreadable, Vault, issue
from amana.vault.proofs import ReaderProof

SENDER: Final = "scheduled messages"

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Draft).decode


class Contents:
    """Seals, opens and ends the texts of scheduled messages."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    async def seal(self, tx: Tx, item: Scheduled, draft: Draft) -> Scheduled:
        """Give ``item`` with the sealed ``draft``; what it held before can be opened no more."""
        body = await self._vault.pending.seal(tx, item.address, _encode(draft))
        return replace(item, body=body)

    async def own(self, tx: Tx, actor: Actor, item: Scheduled) -> Draft | Unreadable:
        """For the person in whose name it waits.

        Raises:
            ProofMismatch: it is somebody else's (a bug, not a refusal).
        """
        return await self._open(tx, issue.export(org_id=actor.org_id, user_id=actor.user_id), item)

    async def due(self, tx: Tx, item: Scheduled) -> Draft | Unreadable:
        """For the job that says it, or hands it over to whoever goes on with it."""
        return await self._open(tx, issue.system(org_id=item.org_id, job=SENDER), item)

    async def end(self, tx: Tx, item: Scheduled) -> None:
        """Nobody can open it any more."""
        await self._vault.pending.end(tx, item.conversation_id, [item.schedule_id])

    async def _open(self, tx: Tx, proof: ReaderProof, item: Scheduled) -> Draft | Unreadable:
        if item.body is None:
            return Unreadable.ERASED
        content = await self._vault.pending.open(tx, proof, item.address, item.body)
        return content if isinstance(content, Unreadable) else _decode(content)

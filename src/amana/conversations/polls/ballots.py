"""Sealing the boxes of anonymous polls, and destroying their keys.

With every vote a box is sealed anew under a fresh key, so of the one before it nothing opens any more.
"""

from typing import Final

from amana.conversations.model import uuid8
from amana.conversations.polls.box import Box, unpacked
from amana.conversations.polls.errors import PollDamaged
from amana.kernel.ids import NO_DEVICE, SERVER, ClientId, ConversationId, OrgId, Seq
from amana.storage.database import Tx
from amana.vault import Vault, issue
from amana.vault.model import Address

JOB: Final = "polls"


def poll_id_of(conversation_id: ConversationId, seq: Seq) -> ClientId:
    """The name of a poll for its box's key and for its job: a UUIDv8."""
    return ClientId(uuid8(b"amana/poll/v1" + conversation_id.bytes + seq.to_bytes(8, "big")))


class Ballots:
    """What a box holds is only ever shown to the code that counts."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    async def seal(
        self, tx: Tx, org_id: OrgId, conversation_id: ConversationId, seq: Seq, box: Box, *, members: int
    ) -> bytes:
        """Seal ``box`` for the poll at ``seq`` in a room of so many members."""
        address = _address(org_id, conversation_id, seq)
        return await self._vault.pending.seal(tx, address, box.packed(members))

    async def open(
        self, tx: Tx, org_id: OrgId, conversation_id: ConversationId, seq: Seq, sealed: bytes | None
    ) -> Box:
        """Raises PollDamaged."""
        if sealed is None:
            raise PollDamaged
        proof = issue.system(org_id=org_id, job=JOB)
        address = _address(org_id, conversation_id, seq)
        content = await self._vault.pending.open(tx, proof, address, sealed)
        if not isinstance(content, bytes):
            raise PollDamaged
        return unpacked(content)

    async def destroy(self, tx: Tx, conversation_id: ConversationId, seqs: list[Seq]) -> None:
        """End the keys: nobody can open these boxes any more, in no copy of the table."""
        items = [poll_id_of(conversation_id, seq) for seq in seqs]
        await self._vault.pending.end(tx, conversation_id, items)


def _address(org_id: OrgId, conversation_id: ConversationId, seq: Seq) -> Address:
    return Address(org_id, conversation_id, SERVER, NO_DEVICE, poll_id_of(conversation_id, seq), 0)

"""The names by which conversations stand in the transparency log.

::

    pseudonym   HMAC-SHA256(HKDF(key of generation 1, "amana/pseudonym/v1"), conversation id)[:16]

Whoever has the conversation's first key can tell which entries are of this conversation; once that key
is gone nobody can. The first generation, so that rotating keys does not give a room a second name.
"""

import hmac
from collections.abc import Sequence

import structlog

from amana.kernel.ids import ConversationId, OrgId
from amana.storage.database import Tx
from amana.vault import queries
from amana.vault.errors import CannotUnwrap
from amana.vault.keychain import FIRST_GENERATION, KeyChain, derive, unwrap_conversation

log = structlog.get_logger()

PSEUDONYM_BYTES = 16


class Pseudonyms:
    """Gives conversations their names in the log."""

    def __init__(self, keys: KeyChain) -> None:
        self._keys = keys

    async def of(
        self, tx: Tx, org_id: OrgId, conversation_ids: Sequence[ConversationId]
    ) -> dict[ConversationId, bytes]:
        """The 16 bytes of each; conversations without a usable first key are left out, and logged.

        Raises:
            KeyUnavailable: the organisation has no usable key.
        """
        if not conversation_ids:
            return {}
        rows = await queries.conversation_keys(tx, conversation_ids)
        first = [row for row in rows if row.generation == FIRST_GENERATION]
        organisation = await self._keys.covering(tx, org_id, {row.epoch for row in first})
        result: dict[ConversationId, bytes] = {}
        for row in first:
            try:
                key = unwrap_conversation(organisation, org_id, row)
            except CannotUnwrap:
                continue
            named = hmac.digest(derive(key, b"amana/pseudonym/v1"), row.conversation_id.bytes, "sha256")
            result[row.conversation_id] = named[:PSEUDONYM_BYTES]
        for conversation_id in set(conversation_ids) - result.keys():
            log.error("vault_no_pseudonym", org_id=str(org_id), conversation_id=str(conversation_id))
        return result

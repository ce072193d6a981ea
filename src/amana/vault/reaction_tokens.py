"""What the database counts reactions by: the same for the same emoji at one message, and nothing else.

::

    token   HMAC-SHA256(HKDF(key of generation 1, "amana/reaction/v1"), seq u64 ‖ emoji UTF-8)[:16]

Without the key nobody can tell which emoji a token stands for, nor that two messages got the same one. The
first generation, so that rotating keys does not give an emoji a second token.
"""

import hmac
from collections.abc import Sequence
from struct import Struct

from amana.kernel.ids import ConversationId, OrgId, Seq
from amana.storage.database import Tx
from amana.vault import queries
from amana.vault.errors import CannotUnwrap, KeyUnavailable
from amana.vault.keychain import FIRST_GENERATION, KeyChain, derive, unwrap_conversation

TOKEN_BYTES = 16
_U64 = Struct(">Q").pack


class ReactionTokens:
    """Makes the tokens of one conversation's reactions."""

    def __init__(self, keys: KeyChain) -> None:
        self._keys = keys

    async def of(
        self, tx: Tx, org_id: OrgId, conversation_id: ConversationId, places: Sequence[tuple[Seq, str]]
    ) -> list[bytes]:
        """The 16 bytes for each message and emoji, in the same order.

        Raises:
            KeyUnavailable: the conversation has no usable first key.
        """
        rows = await queries.conversation_keys(tx, [conversation_id])
        first = [row for row in rows if row.generation == FIRST_GENERATION]
        try:
            organisation = await self._keys.covering(tx, org_id, {row.epoch for row in first})
            (row,) = first
            key = derive(unwrap_conversation(organisation, org_id, row), b"amana/reaction/v1")
        except (CannotUnwrap, ValueError):
            room = str(conversation_id)
            raise KeyUnavailable("This conversation has no usable key.", conversation_id=room) from None
        return [hmac.digest(key, _U64(seq) + emoji.encode(), "sha256")[:TOKEN_BYTES] for seq, emoji in places]

"""What every change of private state needs: a stay to hang on, an event for the other devices, the seal."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from amana.conversations.errors import ConversationNotFound, MessageNotFound
from amana.conversations.events import MESSAGE_CREATED
from amana.conversations.private import queries
from amana.conversations.private.events import detail_of
from amana.conversations.private.queries import Stay
from amana.conversations.writing import Desk
from amana.kernel.actor import Actor
from amana.kernel.ids import ConversationId, Seq
from amana.storage.database import Tx
from amana.vault import PrivateSealed, PrivateText, Unreadable, issue


class PrivateDesk:
    """The tools that the services of this package share."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.clock = desk.clock

    async def hold(self, tx: Tx, actor: Actor, conversation_id: ConversationId) -> Stay:
        """The person's stay, which lasts until the transaction ends.

        Raises:
            ConversationNotFound
        """
        stay = await queries.hold_stay(tx, conversation_id, actor.user_id)
        if stay is None:
            raise ConversationNotFound
        return stay

    async def require_message(self, tx: Tx, stay: Stay, conversation_id: ConversationId, seq: Seq) -> None:
        """Raise MessageNotFound unless there is a message at ``seq`` that the person may see."""
        found = await self._desk.log.at(tx, conversation_id, [seq]) if seq >= stay.visible_from else []
        if not found or found[0].kind != MESSAGE_CREATED:
            raise MessageNotFound(seq=seq)

    async def tell(
        self,
        tx: Tx,
        actor: Actor,
        kind: int,
        payload: msgspec.Struct,
        *,
        conversation_id: ConversationId | None = None,
        seq: Seq | None = None,
    ) -> int:
        """Append to the person's own log, so that all their devices know; gives the position."""
        return await self._desk.log.append_user(
            tx, actor.user_id, kind, conversation_id=conversation_id, seq=seq, detail=detail_of(payload)
        )

    async def seal(self, tx: Tx, actor: Actor, purpose: str, subject: UUID, text: str) -> bytes:
        """Seal one text under the person's own key."""
        (sealed,) = await self._desk.vault.private.seal(
            tx, actor.org_id, actor.user_id, [PrivateText(purpose, subject, text)], now=self.clock.now()
        )
        return sealed

    async def open(self, tx: Tx, actor: Actor, items: Sequence[PrivateSealed]) -> list[str | Unreadable]:
        """Open the person's own texts; same order."""
        proof = issue.person(org_id=actor.org_id, user_id=actor.user_id)
        return await self._desk.vault.private.open(tx, proof, items)

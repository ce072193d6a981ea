"""What every change of a conversation needs: its place, its event, its line in the evidence."""

from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import UUID

import msgspec

from amana.conversations import queries
from amana.conversations.errors import ConversationNotFound
from amana.conversations.events import encode
from amana.conversations.queries import Mine
from amana.events.doorbell import Doorbell
from amana.events.log import Log
from amana.events.model import Appended, Head, NewEvent
from amana.evidence import Evidence
from amana.kernel.actor import Actor
from amana.kernel.clock import Clock
from amana.kernel.ids import ClientId, ConversationId, Ids, Seq, UserId
from amana.storage.database import Tx
from amana.vault import Vault


def _nobody(_conversation_id: ConversationId, _user_id: UserId) -> None:
    """No gateway in this process: nothing to cut."""


@dataclass(slots=True)
class Notices:
    """Whom to tell at once, without durability; filled at the composition root.

    Attributes:
        reader_removed: called after the commit that ended a stay: that person's sockets stop following.
    """

    reader_removed: Callable[[ConversationId, UserId], None] = field(default=_nobody)


@dataclass(frozen=True, slots=True)
class Desk:
    """The tools that the services of this domain share."""

    log: Log
    vault: Vault
    evidence: Evidence
    doorbell: Doorbell
    ids: Ids
    clock: Clock
    notices: Notices

    async def append(
        self,
        tx: Tx,
        actor: Actor,
        conversation_id: ConversationId,
        kind: int,
        payload: msgspec.Struct,
        *,
        client_id: ClientId | None = None,
        target_seq: Seq | None = None,
    ) -> Appended:
        """Append one event that does not count as unread; ``target_seq``: the message that it changes."""
        event = NewEvent(
            conversation_id=conversation_id,
            kind=kind,
            countable=False,
            sender_id=actor.user_id,
            device_id=actor.device_id,
            client_id=client_id or ClientId(self.ids.new()),
            content=encode(payload),
            target_seq=target_seq,
        )
        (appended,) = await self.log.append(tx, [event])
        return appended

    async def enter(self, tx: Tx, actor: Actor, conversation_id: ConversationId) -> tuple[Mine, Head]:
        """Lock a conversation for a change by one of its members.

        The membership is read again after the lock: at READ COMMITTED a statement that waited for the
        lock would still see the members from before.

        Raises:
            ConversationNotFound: it does not exist, or ``actor`` is no member.
        """
        if await queries.find_mine(tx, conversation_id, actor.user_id) is None:
            raise ConversationNotFound
        head = await self.log.lock_head(tx, conversation_id)
        mine = await queries.find_mine(tx, conversation_id, actor.user_id)
        if mine is None:
            raise ConversationNotFound
        return mine, head

    async def record(
        self, tx: Tx, actor: Actor, action: str, subject: ConversationId, **detail: UUID | str | int | None
    ) -> None:
        """Write the change into the evidence, in the same transaction. Never what people typed."""
        await self.evidence.record(
            tx,
            org_id=actor.org_id,
            actor_id=actor.user_id,
            action=action,
            subject=subject,
            now=self.clock.now(),
            detail={name: str(value) if isinstance(value, UUID) else value for name, value in detail.items()},
        )

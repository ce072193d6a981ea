"""Closing, archiving and opening again. Members read on whatever happens here."""

from amana.conversations import events, permissions, queries
from amana.conversations.closing import queries as closing_queries
from amana.conversations.errors import ConversationNotFound, DirectIsFixed
from amana.conversations.model import Kind
from amana.conversations.room import Closed, ClosedBecause, Conversation
from amana.conversations.writing import Desk
from amana.events.errors import UnknownConversation
from amana.kernel.actor import Actor
from amana.kernel.clock import from_unix_ms, unix_ms
from amana.kernel.ids import ConversationId
from amana.storage.database import Tx


async def shut(
    desk: Desk, tx: Tx, actor: Actor, conversation_id: ConversationId, because: ClosedBecause
) -> None:
    """Close a room, for everybody to see; the caller holds the head's lock and decided that it may be."""
    payload = events.ConversationClosed(by=actor.user_id, reason=because.name.lower())
    appended = await desk.append(tx, actor, conversation_id, events.CONVERSATION_CLOSED, payload)
    closed = Closed(from_unix_ms(appended.ts_ms), actor.user_id, because)
    await closing_queries.set_closed(tx, conversation_id, closed)


class ClosingService:
    """Ends rooms and opens them again."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def close(self, tx: Tx, actor: Actor, conversation_id: ConversationId) -> None:
        """Let nobody write any more. Doing it again changes nothing.

        Raises:
            ConversationNotFound, NotPermitted, DirectIsFixed
        """
        conversation = await self._locked(tx, actor, conversation_id, permissions.CLOSE)
        if conversation.closed is None:
            await self._shut(tx, actor, conversation_id, ClosedBecause.CLOSED)

    async def archive(self, tx: Tx, actor: Actor, conversation_id: ConversationId) -> None:
        """Close a room for the whole organisation; its owner cannot open it again.

        An administrator may, also from outside and without reading anything. A room that its owner closed
        is archived as well; doing it again changes nothing.

        Raises:
            ConversationNotFound, NotPermitted, DirectIsFixed
        """
        conversation = await self._locked(tx, actor, conversation_id, permissions.ARCHIVE)
        if conversation.closed is None or conversation.closed.because is not ClosedBecause.ARCHIVED:
            await self._shut(tx, actor, conversation_id, ClosedBecause.ARCHIVED)

    async def reopen(self, tx: Tx, actor: Actor, conversation_id: ConversationId) -> None:
        """Let people write again. An end date that is over goes; an open room stays as it is.

        Raises:
            ConversationNotFound, NotPermitted, DirectIsFixed
        """
        found = await queries.find_for_invitation(tx, conversation_id)
        archived = (
            found is not None and found.closed is not None and found.closed.because is ClosedBecause.ARCHIVED
        )
        needed = permissions.ARCHIVE if archived else permissions.CLOSE
        conversation = await self._locked(tx, actor, conversation_id, needed)
        if conversation.closed is None:
            return
        if conversation.closed.because is ClosedBecause.ARCHIVED and not archived:
            # It was archived while this waited for the lock.
            permissions.require(permissions.ARCHIVE, role=actor.role, standing=None)
        ends_at = conversation.rules.ends_at
        if ends_at is not None and ends_at <= self._desk.clock.now():
            ends_at = None
        await closing_queries.set_open(tx, conversation_id, ends_at=ends_at)
        payload = events.ConversationReopened(
            by=actor.user_id, ends_at=None if ends_at is None else unix_ms(ends_at)
        )
        await self._desk.append(tx, actor, conversation_id, events.CONVERSATION_REOPENED, payload)
        await self._desk.record(tx, actor, "conversation.reopened", conversation_id)

    async def _shut(
        self, tx: Tx, actor: Actor, conversation_id: ConversationId, because: ClosedBecause
    ) -> None:
        await shut(self._desk, tx, actor, conversation_id, because)
        await self._desk.record(
            tx, actor, "conversation.closed", conversation_id, reason=because.name.lower()
        )

    async def _locked(
        self, tx: Tx, actor: Actor, conversation_id: ConversationId, capability: str
    ) -> Conversation:
        """The room, locked, for somebody who may do this to it, from inside or from outside."""
        standing = await queries.find_member(tx, conversation_id, actor.user_id)
        role = None if standing is None else standing.role
        if standing is None and not permissions.may(capability, role=actor.role, standing=None):
            raise ConversationNotFound
        try:
            await self._desk.log.lock_head(tx, conversation_id)
        except UnknownConversation:
            raise ConversationNotFound from None
        conversation = await queries.lock_conversation(tx, conversation_id)
        if conversation is None:
            raise ConversationNotFound
        if conversation.kind is Kind.DIRECT:
            # Anybody can compute the id: only the two in it may learn that they talk.
            raise DirectIsFixed if standing else ConversationNotFound
        permissions.require(capability, role=actor.role, standing=role)
        return conversation

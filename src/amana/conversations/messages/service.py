"""Sending, editing and removing messages."""

from dataclasses import dataclass

from amana.conversations import events, permissions, queries
from amana.conversations.errors import (
    ConversationNotFound,
    MessageDamaged,
    MessageErased,
    MessageNotFound,
    MessageRemoved,
    NotTheAuthor,
)
from amana.conversations.messages import queries as message_queries
from amana.conversations.messages.model import (
    Content,
    check_message,
    is_wording_of,
    recompose,
    reply_of,
    says_the_same,
)
from amana.conversations.messages.queries import MessageState, untouched
from amana.conversations.model import TRACE_PERIOD, Member
from amana.conversations.opening import open_content, proof_of, report_damage
from amana.conversations.writing import Desk
from amana.events.errors import ClientIdReused
from amana.events.log import check_client_id
from amana.events.model import Appended, NewEvent, StoredEvent
from amana.kernel.actor import Actor
from amana.kernel.ids import ClientId, ConversationId, Seq
from amana.storage.database import Tx
from amana.vault import Unreadable


@dataclass(frozen=True, slots=True)
class Target:
    """A message that is about to be changed, under the head's lock."""

    member: Member
    event: StoredEvent
    state: MessageState


class MessageService:
    """Changes of messages that exist. New ones take the short way through ``messages.sending``."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def edit(
        self,
        tx: Tx,
        actor: Actor,
        conversation_id: ConversationId,
        seq: Seq,
        *,
        client_id: ClientId,
        text: str,
    ) -> Appended:
        """Replace the text of one's own message. What was answered stays; the old text becomes a trace.

        Repeating it with the same ``client_id`` gives the first answer.

        Raises:
            ConversationNotFound, MessageNotFound, NotTheAuthor, MessageRemoved, MessageErased, MessageDamaged
            TextEmpty, TextTooLong, TextInvalid, ClientIdInvalid, ClientIdFromFuture, ClientIdTooOld
            ClientIdReused: the same retry key stands for something else.
        """
        check_client_id(client_id, self._desk.clock.now())
        text = check_message(text)
        target = await self._target(tx, actor, conversation_id, seq)
        if target.event.sender_id != actor.user_id:
            raise NotTheAuthor
        original = await self._desk.log.find_original(tx, conversation_id, actor.user_id, client_id)
        if original is not None:
            content = recompose(text, target=seq, reply_to=None)
            return await self._repeated(tx, actor, target, original, events.MESSAGE_EDITED, content)
        if target.state.removed_ts is not None:
            raise MessageRemoved(seq=seq)
        current, wording = await self._current(tx, actor, target)
        if wording is Unreadable.DAMAGED:
            # Perhaps its author is another one than the row says.
            raise MessageDamaged(seq=seq)
        if wording is Unreadable.ERASED:
            raise MessageErased(seq=seq)
        content = recompose(text, target=seq, reply_to=_answered(wording))
        revision = target.state.revision + 1
        appended = await self._append(
            tx, actor, target, events.MESSAGE_EDITED, content, client_id, revision=revision
        )
        await self._end(tx, actor, target.member, current)
        state = MessageState(seq, appended.seq, revision, appended.ts_ms, None, None)
        await message_queries.put_state(tx, actor.org_id, conversation_id, state)
        return appended

    async def remove(
        self, tx: Tx, actor: Actor, conversation_id: ConversationId, seq: Seq, *, client_id: ClientId
    ) -> Appended:
        """Take a message back, or remove somebody else's as owner or administrator of the group.

        Every revision becomes a trace; members read none of them any more.

        Raises:
            ConversationNotFound, MessageNotFound, NotPermitted, MessageDamaged
            MessageRemoved: somebody removed it before, under another retry key.
            MessageErased: there is nothing left to remove.
            ClientIdInvalid, ClientIdFromFuture, ClientIdTooOld, ClientIdReused
        """
        check_client_id(client_id, self._desk.clock.now())
        target = await self._target(tx, actor, conversation_id, seq)
        if target.event.sender_id != actor.user_id:
            permissions.require(permissions.REMOVE_ANY, role=actor.role, standing=target.member.role)
        content = events.encode(events.MessageRemoved(target=seq, by=actor.user_id))
        original = await self._desk.log.find_original(tx, conversation_id, actor.user_id, client_id)
        if original is not None:
            return await self._repeated(tx, actor, target, original, events.MESSAGE_REMOVED, content)
        if target.state.removed_ts is not None:
            raise MessageRemoved(seq=seq)
        current, wording = await self._current(tx, actor, target)
        if wording is Unreadable.ERASED:
            raise MessageErased(seq=seq)
        appended = await self._append(tx, actor, target, events.MESSAGE_REMOVED, content, client_id)
        # Older revisions are traces since the edit that replaced them.
        await self._end(tx, actor, target.member, current)
        state = MessageState(
            seq,
            target.state.current_seq,
            target.state.revision,
            target.state.edited_ts,
            actor.user_id,
            appended.ts_ms,
        )
        await message_queries.put_state(tx, actor.org_id, conversation_id, state)
        if target.event.sender_id != actor.user_id:
            await self._desk.record(
                tx, actor, "message.removed", conversation_id, seq=seq, author_id=target.event.sender_id
            )
        return appended

    async def _target(self, tx: Tx, actor: Actor, conversation_id: ConversationId, seq: Seq) -> Target:
        mine, head = await self._desk.enter(tx, actor, conversation_id)
        if not mine.member.visible_from <= seq <= head.seq:
            raise MessageNotFound(seq=seq)
        (event,) = await self._desk.log.at(tx, conversation_id, [seq])
        if event.kind != events.MESSAGE_CREATED:
            raise MessageNotFound(seq=seq)
        states = await message_queries.states(tx, conversation_id, actor.user_id, [seq])
        return Target(mine.member, event, states.get(seq) or untouched(seq))

    async def _current(self, tx: Tx, actor: Actor, target: Target) -> tuple[StoredEvent, Content]:
        """The event that holds the text now, and the text.

        Raises:
            MessageDamaged: the rows name an event that is no edit of this message. Ending its text would
                take away another one, and leave this one to be read.
        """
        message, state = target.event, target.state
        current = message
        if state.current_seq != message.seq:
            found = await self._desk.log.at(tx, message.conversation_id, [state.current_seq])
            current = found[0] if found else message
        if not is_wording_of(message, state, current):
            report_damage(message, "state")
            raise MessageDamaged(seq=message.seq)
        proof = proof_of(actor.org_id, target.member)
        content = (await open_content(self._desk.vault, tx, proof, [current]))[current.seq]
        if content is Unreadable.DAMAGED and current.seq != message.seq:
            raise MessageDamaged(seq=message.seq)
        return current, content

    async def _append(
        self,
        tx: Tx,
        actor: Actor,
        target: Target,
        kind: int,
        content: bytes,
        client_id: ClientId,
        *,
        revision: int = 0,
    ) -> Appended:
        event = NewEvent(
            conversation_id=target.event.conversation_id,
            kind=kind,
            countable=False,
            sender_id=actor.user_id,
            device_id=actor.device_id,
            client_id=client_id,
            content=content,
            target_seq=target.event.seq,
            revision=revision,
        )
        (appended,) = await self._desk.log.append(tx, [event])
        return appended

    async def _end(self, tx: Tx, actor: Actor, member: Member, event: StoredEvent) -> None:
        """The text of ``event`` is not to be read by members from now on."""
        now = self._desk.clock.now()
        proof = proof_of(actor.org_id, member)
        await self._desk.vault.move_to_trace(tx, proof, [event.sealed], due=now + TRACE_PERIOD, now=now)

    async def _repeated(
        self, tx: Tx, actor: Actor, target: Target, original: StoredEvent, kind: int, content: bytes
    ) -> Appended:
        """Answer a retry of an edit or a removal like the first time, if it is one."""
        if original.kind != kind or original.target_seq != target.event.seq:
            raise ClientIdReused("This id was already used for something else.", field="client_id")
        await require_same(self._desk, tx, actor, original, content, text_only=True)
        return Appended(original.conversation_id, original.seq, original.msg_no, original.ts_ms, fresh=False)


def _answered(content: Content) -> Seq | None:
    reply = reply_of(content) if isinstance(content, bytes) else None
    return None if reply is None else Seq(reply.seq)


async def require_same(
    desk: Desk, tx: Tx, actor: Actor, original: StoredEvent, content: bytes, *, text_only: bool = False
) -> None:
    """Raise ClientIdReused unless ``content`` is what was stored under the same retry key.

    What cannot be read any more cannot be compared and is taken for the same: it was edited or removed
    after it had been stored, so the retry has nothing left to do.

    Raises:
        ConversationNotFound: ``actor`` is no member any more.
        ClientIdReused
    """
    member = await queries.find_member(tx, original.conversation_id, actor.user_id)
    if member is None:
        raise ConversationNotFound
    if original.seq < member.visible_from:
        return
    opened = await open_content(desk.vault, tx, proof_of(actor.org_id, member), [original])
    stored = opened[original.seq]
    if isinstance(stored, bytes) and not says_the_same(stored, content, text_only=text_only):
        raise ClientIdReused("This id was already used for something else.", field="client_id")

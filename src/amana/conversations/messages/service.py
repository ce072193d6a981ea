"""Editing and removing messages, by the rules of their room."""

from collections.abc import Sequence

from amana.conversations import events, permissions, queries
from amana.conversations.errors import (
    ConversationNotFound,
    MessageDamaged,
    MessageErased,
    MessageRemoved,
    NotTheAuthor,
)
from amana.conversations.forwarding.errors import ForwardedIsFixed
from amana.conversations.mentions.model import Naming, named
from amana.conversations.mentions.service import Mentions
from amana.conversations.messages import queries as message_queries
from amana.conversations.messages.errors import EditWindowOver, RemovalRestricted
from amana.conversations.messages.model import (
    check_message,
    recompose,
    said,
    says_the_same,
)
from amana.conversations.messages.queries import MessageState
from amana.conversations.messages.targets import Target, Targets
from amana.conversations.opening import open_content, proof_of
from amana.conversations.pins import queries as pin_queries
from amana.conversations.polls.ending import PollEnding
from amana.conversations.polls.errors import MessageIsFixed
from amana.conversations.reactions.ending import ReactionEnding
from amana.conversations.room import require_may_post
from amana.conversations.rules import Removal, may_edit, may_remove
from amana.conversations.threads.service import Threads
from amana.conversations.writing import Desk
from amana.events.errors import ClientIdReused
from amana.events.log import check_client_id
from amana.events.model import Appended, NewEvent, StoredEvent
from amana.kernel.actor import Actor
from amana.kernel.clock import from_unix_ms
from amana.kernel.ids import ClientId, ConversationId, Seq
from amana.storage.database import Tx
from amana.vault import Unreadable


class MessageService:
    """Changes of messages that exist. New ones take the short way through ``messages.sending``."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._targets = Targets(desk)
        self._reactions = ReactionEnding(desk)
        self._polls = PollEnding(desk)
        self._mentions = Mentions(desk, Threads(desk))

    async def edit(
        self,
        tx: Tx,
        actor: Actor,
        conversation_id: ConversationId,
        seq: Seq,
        *,
        client_id: ClientId,
        text: str,
        mentions: Sequence[Naming] | None = None,
    ) -> Appended:
        """Replace the text of one's own message. What was answered stays; the old text becomes a trace.

        Repeating it with the same ``client_id`` gives the first answer.

        Args:
            mentions: who is named from now on; None: whoever was and still stands in the text.

        Raises:
            ConversationNotFound, MessageNotFound, NotTheAuthor, MessageRemoved, MessageErased, MessageDamaged
            ConversationClosed, PostingNotAllowed: who may not write may not write anew either.
            EditWindowOver: the room's time for it is over.
            ForwardedIsFixed: they are somebody else's words.
            MessageIsFixed: it is a poll.
            MentionInvalid, TooManyMentions, MentionNotMember, MentionAllMisplaced
            TextEmpty, TextTooLong, TextInvalid, ClientIdInvalid, ClientIdFromFuture, ClientIdTooOld
            ClientIdReused: the same retry key stands for something else.
        """
        check_client_id(client_id, self._desk.clock.now())
        text = check_message(text)
        target = await self._targets.find(tx, actor, conversation_id, seq)
        if target.event.sender_id != actor.user_id:
            raise NotTheAuthor
        original = await self._desk.log.find_original(tx, conversation_id, actor.user_id, client_id)
        if original is not None:
            content = events.encode(events.MessageEdited(target=seq, text=text, spans=[]))
            return await self._repeated(tx, actor, target, original, events.MESSAGE_EDITED, content)
        self._require_may_edit(target)
        if target.state.removed_ts is not None:
            raise MessageRemoved(seq=seq)
        current, wording = await self._targets.current(tx, actor, target)
        if wording is Unreadable.DAMAGED:
            # Perhaps its author is another one than the row says.
            raise MessageDamaged(seq=seq)
        if wording is Unreadable.ERASED:
            raise MessageErased(seq=seq)
        before = said(wording)
        if before.forwarded is not None:
            raise ForwardedIsFixed
        if before.is_fixed:
            raise MessageIsFixed
        content = recompose(text, target=seq, before=before, namings=mentions)
        after = said(content)
        await self._mentions.may_name(tx, conversation_id, named(after.mentions) - named(before.mentions))
        revision = target.state.revision + 1
        appended = await self._append(
            tx, actor, target, events.MESSAGE_EDITED, content, client_id, revision=revision
        )
        await self._targets.to_trace(tx, actor, target, [current])
        state = MessageState(seq, appended.seq, revision, appended.ts_ms, None, None)
        await message_queries.put_state(tx, actor.org_id, conversation_id, state)
        await self._mentions.edited(tx, actor, target.event, before, after, appended)
        return appended

    async def remove(
        self, tx: Tx, actor: Actor, conversation_id: ConversationId, seq: Seq, *, client_id: ClientId
    ) -> Appended:
        """Take a message back, or remove somebody else's as owner, deputy or administrator of the room.

        Every revision and what stands beside it becomes a trace; members read none of it any more. It is
        possible in a closed room as well: nothing is said by it.

        Raises:
            ConversationNotFound, MessageNotFound, NotPermitted, MessageDamaged
            RemovalRestricted: the rule of the room leaves it to others.
            MessageRemoved: somebody removed it before, under another retry key.
            MessageErased: there is nothing left to remove.
            ClientIdInvalid, ClientIdFromFuture, ClientIdTooOld, ClientIdReused
        """
        check_client_id(client_id, self._desk.clock.now())
        target = await self._targets.find(tx, actor, conversation_id, seq)
        content = events.encode(events.MessageRemoved(target=seq, by=actor.user_id))
        original = await self._desk.log.find_original(tx, conversation_id, actor.user_id, client_id)
        if original is not None:
            return await self._repeated(tx, actor, target, original, events.MESSAGE_REMOVED, content)
        _require_may_remove(actor, target)
        if target.state.removed_ts is not None:
            raise MessageRemoved(seq=seq)
        current, wording = await self._targets.current(tx, actor, target)
        if wording is Unreadable.ERASED:
            raise MessageErased(seq=seq)
        appended = await self._append(tx, actor, target, events.MESSAGE_REMOVED, content, client_id)
        # Older revisions are traces since the edit that replaced them.
        await self._targets.to_trace(tx, actor, target, [current])
        await self._reactions.with_removed(tx, actor, target)
        await self._polls.with_removed(tx, actor, target)
        await pin_queries.delete_of_messages(tx, conversation_id, [seq])
        await self._mentions.end(tx, conversation_id, [seq])
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

    def _require_may_edit(self, target: Target) -> None:
        """Raise unless its author may write here and the time for editing is not over."""
        conversation = target.mine.conversation
        require_may_post(conversation, target.member.role)
        sent_at = from_unix_ms(target.event.ts_ms)
        if not may_edit(conversation.rules, is_author=True, sent_at=sent_at, now=self._desk.clock.now()):
            raise EditWindowOver(limit_s=conversation.rules.edit_window_s or 0)

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

    async def _repeated(
        self, tx: Tx, actor: Actor, target: Target, original: StoredEvent, kind: int, content: bytes
    ) -> Appended:
        """Answer a retry of an edit or a removal like the first time, if it is one."""
        if original.kind != kind or original.target_seq != target.event.seq:
            raise ClientIdReused("This id was already used for something else.", field="client_id")
        await require_same(self._desk, tx, actor, original, content, text_only=True)
        return Appended(original.conversation_id, original.seq, original.msg_no, original.ts_ms, fresh=False)


def _require_may_remove(actor: Actor, target: Target) -> None:
    """Raise NotPermitted or RemovalRestricted unless the rule of the room lets ``actor`` remove it."""
    rules, standing = target.mine.rules, target.member.role
    is_author = target.event.sender_id == actor.user_id
    governs = permissions.may(permissions.REMOVE_ANY, role=actor.role, standing=standing)
    if may_remove(rules, is_author=is_author, governs=governs):
        return
    if rules.removal is Removal.AUTHOR_AND_OWNERS:
        permissions.require(permissions.REMOVE_ANY, role=actor.role, standing=standing)
    raise RemovalRestricted(rule=rules.removal.name.lower())


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

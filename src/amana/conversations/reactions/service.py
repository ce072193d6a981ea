"""Putting an emoji to a message, and taking it back."""

import msgspec

from amana.conversations import events
from amana.conversations.messages.targets import Target, Targets
from amana.conversations.opening import open_content, proof_of
from amana.conversations.reactions import queries
from amana.conversations.reactions.errors import ReactionNotFound, TooManyReactions
from amana.conversations.reactions.events import ReactionAdded, ReactionRemoved
from amana.conversations.reactions.model import (
    MAX_EMOJIS,
    Reacted,
    Total,
    check_emoji,
)
from amana.conversations.room import require_open
from amana.conversations.writing import Desk
from amana.events.errors import ClientIdReused
from amana.events.log import check_client_id
from amana.events.model import Appended, NewEvent, StoredEvent
from amana.kernel.actor import Actor
from amana.kernel.ids import ClientId, ConversationId, Seq, UserId
from amana.storage.database import Tx
from amana.vault import Unreadable

_added = msgspec.json.Decoder(ReactionAdded).decode


class ReactionService:
    """Several emojis for each person and message; each of them once."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._targets = Targets(desk)

    async def add(
        self,
        tx: Tx,
        actor: Actor,
        conversation_id: ConversationId,
        seq: Seq,
        *,
        client_id: ClientId,
        emoji: str,
    ) -> Appended:
        """Put ``emoji`` to a message. One that is there already stays, and its place is the answer.

        Who may read a room may react in it, also where only some write; in a closed room nobody.

        Raises:
            ConversationNotFound, ConversationClosed
            MessageNotFound, MessageRemoved, MessageErased, MessageDamaged
            EmojiInvalid, TooManyReactions
            ClientIdInvalid, ClientIdFromFuture, ClientIdTooOld
            ClientIdReused: the same retry key stands for something else.
        """
        check_client_id(client_id, self._desk.clock.now())
        emoji = check_emoji(emoji)
        target = await self._targets.find(tx, actor, conversation_id, seq)
        original = await self._desk.log.find_original(tx, conversation_id, actor.user_id, client_id)
        if original is not None:
            await self._require_same(tx, actor, target, original, emoji)
            return _again(original)
        require_open(target.mine.conversation)
        await self._targets.readable(tx, actor, target)
        token = await self._token(tx, actor, target, emoji)
        held = await queries.find(tx, conversation_id, seq, token, actor.user_id)
        if held is not None:
            (event,) = await self._desk.log.at(tx, conversation_id, [held.event_seq])
            return _again(event)
        total = await queries.find_total(tx, conversation_id, seq, token)
        if total is None and await queries.count_emojis(tx, conversation_id, seq) >= MAX_EMOJIS:
            raise TooManyReactions(limit=MAX_EMOJIS)
        # The head is locked: this is the place that the event gets.
        since = Seq(target.head.seq + 1) if total is None else total.since
        payload = ReactionAdded(target=seq, emoji=emoji, count=1 + (total.count if total else 0), since=since)
        place = await self._append(tx, actor, target, events.REACTION_ADDED, payload, client_id)
        reacted = Reacted(seq, token, actor.user_id, place.seq, place.ts_ms)
        await queries.insert(tx, actor.org_id, conversation_id, reacted, since=since)
        return place

    async def remove(
        self,
        tx: Tx,
        actor: Actor,
        conversation_id: ConversationId,
        seq: Seq,
        *,
        client_id: ClientId,
        emoji: str,
    ) -> Appended:
        """Take one's own ``emoji`` back. Nobody can read any more what it was; it stays as a trace.

        Raises:
            ConversationNotFound, MessageNotFound
            ReactionNotFound: it is not there, or no longer.
            EmojiInvalid, ClientIdInvalid, ClientIdFromFuture, ClientIdTooOld, ClientIdReused
        """
        check_client_id(client_id, self._desk.clock.now())
        emoji = check_emoji(emoji)
        target = await self._targets.find(tx, actor, conversation_id, seq)
        original = await self._desk.log.find_original(tx, conversation_id, actor.user_id, client_id)
        if original is not None:
            if original.kind != events.REACTION_REMOVED or original.target_seq != seq:
                raise _reused()
            return _again(original)
        token = await self._token(tx, actor, target, emoji)
        held = await queries.find(tx, conversation_id, seq, token, actor.user_id)
        left = None if held is None else await queries.delete(tx, conversation_id, held)
        if held is None or left is None:
            raise ReactionNotFound
        payload = rest_of(left, actor.user_id)
        place = await self._append(tx, actor, target, events.REACTION_REMOVED, payload, client_id)
        stored = await self._desk.log.at(tx, conversation_id, [held.event_seq])
        await self._targets.to_trace(tx, actor, target, stored)
        return place

    async def reactors(
        self,
        tx: Tx,
        actor: Actor,
        conversation_id: ConversationId,
        seq: Seq,
        since: Seq,
        *,
        after: Seq,
        limit: int,
    ) -> list[Reacted]:
        """Who chose the emoji that ``since`` names, the first first; a page costs the same however many.

        Raises:
            ReactionNotFound: nobody, or a message that ``actor`` may not see.
        """
        found = await queries.list_reactors(
            tx, conversation_id, actor.user_id, seq, since, after=after, limit=limit
        )
        if not found and after == 0:
            raise ReactionNotFound
        return found

    async def _token(self, tx: Tx, actor: Actor, target: Target, emoji: str) -> bytes:
        place = (target.event.seq, emoji)
        tokens = self._desk.vault.reaction_tokens
        return (await tokens.of(tx, actor.org_id, target.event.conversation_id, [place]))[0]

    async def _append(
        self,
        tx: Tx,
        actor: Actor,
        target: Target,
        kind: int,
        payload: msgspec.Struct,
        client_id: ClientId,
    ) -> Appended:
        event = NewEvent(
            conversation_id=target.event.conversation_id,
            kind=kind,
            countable=False,
            sender_id=actor.user_id,
            device_id=actor.device_id,
            client_id=client_id,
            content=events.encode(payload),
            target_seq=target.event.seq,
        )
        (place,) = await self._desk.log.append(tx, [event])
        return place

    async def _require_same(
        self, tx: Tx, actor: Actor, target: Target, original: StoredEvent, emoji: str
    ) -> None:
        """Raise ClientIdReused unless the retry says what was stored. What was taken back is not compared."""
        if original.kind != events.REACTION_ADDED or original.target_seq != target.event.seq:
            raise _reused()
        proof = proof_of(actor.org_id, target.member)
        content = (await open_content(self._desk.vault, tx, proof, [original]))[original.seq]
        if content is not Unreadable.ERASED and (
            content is Unreadable.DAMAGED or _added(content).emoji != emoji
        ):
            raise _reused()


def _again(event: StoredEvent) -> Appended:
    return Appended(event.conversation_id, event.seq, event.msg_no, event.ts_ms, fresh=False)


def rest_of(left: Total, user_id: UserId) -> ReactionRemoved:
    """What members are told when one reaction is gone."""
    return ReactionRemoved(target=left.seq, since=left.since, count=left.count, user_id=user_id)


def _reused() -> ClientIdReused:
    return ClientIdReused("This id was already used for something else.", field="client_id")

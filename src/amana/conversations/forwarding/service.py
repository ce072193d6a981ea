"""Saying a message again in other conversations, for somebody who may read it here and write there."""

from collections.abc import Sequence
from dataclasses import dataclass

from amana.conversations import events, queries
from amana.conversations.errors import (
    ConversationNotFound,
    MessageDamaged,
    MessageErased,
    MessageNotFound,
    MessageRemoved,
)
from amana.conversations.forwarding import queries as forwarding_queries
from amana.conversations.forwarding.errors import ForwardingOff, TooManyTargets
from amana.conversations.forwarding.model import MAX_TARGETS, ForwardTo, Origin, carry
from amana.conversations.messages.draft import Draft
from amana.conversations.messages.pages import Pages
from amana.conversations.messages.sending import Sending
from amana.conversations.queries import Mine
from amana.conversations.writing import Desk
from amana.events.model import Appended
from amana.kernel.actor import Actor
from amana.kernel.errors import Refusal
from amana.kernel.ids import ConversationId, Seq, UserId
from amana.storage.database import Database, Tx


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one target: its place there, or why there is none."""

    target: ForwardTo
    place: Appended | Refusal


class Forwarding:
    """Each target is a transaction of its own, so that one that refuses keeps nobody else waiting."""

    def __init__(self, database: Database, desk: Desk, pages: Pages, sending: Sending) -> None:
        self._database = database
        self._desk = desk
        self._pages = pages
        self._sending = sending

    async def forward(
        self, actor: Actor, conversation_id: ConversationId, seq: Seq, targets: Sequence[ForwardTo]
    ) -> list[Outcome]:
        """Say message ``seq`` again in every target, in its current wording; outcomes in the same order.

        Repeating it with the same retry keys gives the same places. A refusal of the room it comes from is
        written into the evidence.

        Raises:
            ConversationNotFound, MessageNotFound, MessageRemoved, MessageErased, MessageDamaged
            ForwardingOff: the room keeps to itself what is said in it.
            ForwardingImpossible: it is more than words.
            TooManyTargets: none, or more than ``MAX_TARGETS``.
        """
        if not 1 <= len(targets) <= MAX_TARGETS:
            raise TooManyTargets(limit=MAX_TARGETS)
        try:
            text, origin = await self._carried(actor, conversation_id, seq)
        except ForwardingOff:
            await self._record_refusal(actor, conversation_id, seq)
            raise
        return [Outcome(target, await self._say(actor, target, text, origin)) for target in targets]

    async def _carried(self, actor: Actor, conversation_id: ConversationId, seq: Seq) -> tuple[str, Origin]:
        async with self._database.read(actor.org_id) as tx:
            mine = await queries.find_mine(tx, conversation_id, actor.user_id)
            if mine is None:
                raise ConversationNotFound
            entry = await self._pages.entry(tx, actor, conversation_id, seq)
        if entry.kind != events.NAMES[events.MESSAGE_CREATED]:
            raise MessageNotFound(seq=seq)
        if not mine.rules.forwarding:
            raise ForwardingOff
        if entry.removed is not None:
            raise MessageRemoved(seq=seq)
        if entry.unreadable == "erased":
            raise MessageErased(seq=seq)
        if isinstance(entry.unreadable, str):
            raise MessageDamaged(seq=seq)
        return carry(
            bytes(entry.content),
            conversation_id=conversation_id,
            seq=seq,
            author_id=UserId(entry.sender_id),
            ts_ms=entry.ts,
        )

    async def _say(self, actor: Actor, target: ForwardTo, text: str, origin: Origin) -> Appended | Refusal:
        draft = Draft(target.conversation_id, target.client_id, text, origin=origin)
        try:
            return await self._sending.send(actor, draft)
        except Refusal as refusal:
            return refusal

    async def _record_refusal(self, actor: Actor, conversation_id: ConversationId, seq: Seq) -> None:
        async with self._database.write(actor.org_id) as tx:
            await self._desk.record(tx, actor, "message.forwarding_refused", conversation_id, seq=seq)


class ForwardingStep:
    """Notes where the words come from, in the transaction of the copy."""

    async def before(self, tx: Tx, actor: Actor, mine: Mine, draft: Draft) -> None:
        """Who may write may say again what they read."""

    async def after(self, tx: Tx, actor: Actor, mine: Mine, draft: Draft, place: Appended) -> None:
        """Store the origin."""
        if draft.origin is not None:
            await forwarding_queries.insert(
                tx, actor.org_id, place.conversation_id, place.seq, draft.origin, by=actor.user_id
            )

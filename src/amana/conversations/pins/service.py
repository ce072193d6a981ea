"""Pinning a message for everybody in its room, and taking it off."""

from collections.abc import Mapping, Sequence

from amana.conversations import events
from amana.conversations.messages.model import Entry
from amana.conversations.messages.pages import Pages
from amana.conversations.messages.targets import Target, Targets
from amana.conversations.model import Member
from amana.conversations.pins import queries
from amana.conversations.pins.errors import PinningRestricted, TooManyPins
from amana.conversations.pins.events import MessagePinned, MessageUnpinned
from amana.conversations.pins.model import MAX_PINS, Pin, Pinned, may_pin
from amana.conversations.room import require_open
from amana.conversations.writing import Desk
from amana.kernel.actor import Actor
from amana.kernel.ids import ConversationId, OrgId, Seq
from amana.storage.database import Tx


class PinService:
    """Pinning twice is no error, nor is taking off what is off: a client may retry after a lost reply."""

    def __init__(self, desk: Desk, pages: Pages) -> None:
        self._desk = desk
        self._pages = pages
        self._targets = Targets(desk)

    async def pin(self, tx: Tx, actor: Actor, conversation_id: ConversationId, seq: Seq) -> None:
        """Pin a message.

        Raises:
            ConversationNotFound, ConversationClosed, PinningRestricted, TooManyPins
            MessageNotFound, MessageRemoved, MessageErased, MessageDamaged
        """
        target = await self._targets.find(tx, actor, conversation_id, seq)
        _require_may_pin(target)
        await self._targets.readable(tx, actor, target)
        pinned = await queries.pinned_seqs(tx, conversation_id)
        if seq in pinned:
            return
        if len(pinned) >= MAX_PINS:
            raise TooManyPins(limit=MAX_PINS)
        place = await self._desk.append(
            tx, actor, conversation_id, events.MESSAGE_PINNED, MessagePinned(target=seq), target_seq=seq
        )
        pin = Pin(seq, actor.user_id, place.ts_ms)
        await queries.insert(tx, actor.org_id, conversation_id, pin, event_seq=place.seq)

    async def unpin(self, tx: Tx, actor: Actor, conversation_id: ConversationId, seq: Seq) -> None:
        """Take a message off.

        Raises:
            ConversationNotFound, ConversationClosed, MessageNotFound, PinningRestricted
        """
        target = await self._targets.find(tx, actor, conversation_id, seq)
        _require_may_pin(target)
        if seq not in await queries.pinned_seqs(tx, conversation_id):
            return
        await self._desk.append(
            tx, actor, conversation_id, events.MESSAGE_UNPINNED, MessageUnpinned(target=seq), target_seq=seq
        )
        await queries.delete_of_messages(tx, conversation_id, [seq])

    async def pinned(self, tx: Tx, actor: Actor, conversation_id: ConversationId) -> list[Entry]:
        """The pinned messages that ``actor`` sees, in their current state, the one pinned last first.

        Raises:
            ConversationNotFound
        """
        seqs = await queries.list_visible(tx, conversation_id, actor.user_id)
        entries = {entry.seq: entry for entry in await self._pages.at(tx, actor, conversation_id, seqs)}
        return [entries[seq] for seq in seqs if seq in entries]


class ShownPins:
    """``Entry.pinned``."""

    field = "pinned"

    async def of(self, tx: Tx, _org_id: OrgId, member: Member, seqs: Sequence[Seq]) -> Mapping[Seq, Pinned]:
        """Which of the messages are pinned, by whom and since when."""
        found = await queries.pins(tx, member.conversation_id, member.user_id, seqs)
        return {pin.seq: Pinned(pin.by, pin.ts_ms) for pin in found}


def _require_may_pin(target: Target) -> None:
    conversation = target.mine.conversation
    require_open(conversation)
    if not may_pin(conversation.kind, conversation.rules, target.member.role):
        raise PinningRestricted

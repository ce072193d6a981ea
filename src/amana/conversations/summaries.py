"""The list of chats: one line per conversation, as its member sees it."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import msgspec

from amana.conversations import following_queries, queries
from amana.conversations.errors import ConversationNotFound
from amana.conversations.events import HistoryBody, history_body
from amana.conversations.mentions.mentioned import UnreadMention, unread_mentions
from amana.conversations.messages.model import Entry
from amana.conversations.messages.pages import Pages
from amana.conversations.private.model import MySide
from amana.conversations.private.queries import pinned, sides
from amana.conversations.queries import Mine
from amana.conversations.receipts.service import ticks
from amana.conversations.room import Closed
from amana.conversations.rules_wire import RulesBody, rules_body
from amana.conversations.service import ConversationService
from amana.conversations.writing import Desk
from amana.events.model import Head
from amana.kernel.actor import Actor
from amana.kernel.clock import unix_ms
from amana.kernel.ids import ConversationId
from amana.storage.database import Tx

# Of most conversations.
NOTHING_MINE = MySide()


class ClosedBody(msgspec.Struct, frozen=True, kw_only=True):
    """That nobody writes any more: since when, by whom, and ``closed``, ``archived`` or ``ended``."""

    at: int
    by: UUID
    reason: str


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """A conversation in the list. Unread messages: ``msg_no - read_no``.

    Attributes:
        kind: ``direct``, ``group``, ``channel`` or ``announcement``.
        my_role: ``owner``, ``deputy``, ``poster`` or ``member``.
        visible_from: the first event that I may see.
        fence: epoch of the log; another one than the client holds means: load everything again.
        last: the newest message, in its current state.
        peer_id: the other person of a direct conversation.
        retention_days: after how many days messages are erased; null: only when somebody removes them.
        closed: null while people write in it.
        mine: what only I see of it: how loud it is, where it stands in my list, my draft.
        mentions: the newest messages that name me and that I have not read, in the order of naming.
        delivered_to: up to here everybody else has got everything, and ``read_by`` up to there read it; both
            null where the room does not say or has more than 32 members, and where nobody else is seen.
    """

    conversation_id: UUID
    kind: str
    title: str | None
    purpose: str | None
    owner_id: UUID | None
    members_count: int
    my_role: str
    visible_from: int
    head_seq: int
    msg_no: int
    read_seq: int
    read_no: int
    fence: int
    last: Entry | None
    peer_id: UUID | None
    retention_days: int | None
    history: HistoryBody
    rules: RulesBody
    closed: ClosedBody | None
    mine: MySide
    mentions: list[UnreadMention]
    delivered_to: int | None
    read_by: int | None


Place = tuple[int, ConversationId]
"""Where a part of the list ended: time of the newest event in Unix milliseconds, and the conversation."""


@dataclass(frozen=True, slots=True)
class Window:
    """A part of the list; ``next`` is where the following one begins, None at the end."""

    lines: list[Summary]
    next: Place | None


class Summaries:
    """Puts the lines together."""

    def __init__(self, desk: Desk, conversations: ConversationService, pages: Pages) -> None:
        self._desk = desk
        self._conversations = conversations
        self._pages = pages

    async def all_mine(self, tx: Tx, actor: Actor) -> list[Summary]:
        """Every conversation of ``actor``, the one with the newest event first."""
        found = await following_queries.list_newest(tx, actor.user_id, after=None, limit=None)
        return await self._of_rooms(tx, actor, [room for room, _ in found])

    async def window(self, tx: Tx, actor: Actor, *, after: Place | None, limit: int) -> Window:
        """The ``limit`` conversations of ``actor`` that moved last, or the next ones after a place.

        The first part has those that ``actor`` keeps on top as well. One that moves while the list is read
        may be met twice or not at all: whoever reads parts follows the heads too (``Sync.at``).
        """
        found = await following_queries.list_newest(tx, actor.user_id, after=after, limit=limit + 1)
        rooms = [room for room, _ in found[:limit]]
        more = len(found) > limit
        if after is None and more:
            rooms += sorted(set(await pinned(tx, actor.user_id)).difference(rooms))
        lines = await self._of_rooms(tx, actor, rooms)
        last, last_ts = found[limit - 1] if more else (None, 0)
        return Window(lines, None if last is None else (last_ts, last))

    async def one(self, tx: Tx, actor: Actor, conversation_id: ConversationId) -> Summary:
        """One conversation; raises ConversationNotFound for those who are not in it."""
        mine = await queries.find_mine(tx, conversation_id, actor.user_id)
        if mine is None:
            raise ConversationNotFound
        heads = await self._desk.log.heads(tx, [conversation_id])
        (line,) = await self._lines(tx, actor, [(mine, heads[conversation_id])])
        return line

    async def _of_rooms(self, tx: Tx, actor: Actor, rooms: Sequence[ConversationId]) -> list[Summary]:
        peers = await queries.peers_of(tx, actor.user_id, rooms)
        listed = await queries.list_mine(tx, actor.user_id, {room: peers.get(room) for room in rooms})
        mine = {one.member.conversation_id: one for one in listed}
        heads = await self._desk.log.heads(tx, rooms)
        return await self._lines(tx, actor, [(mine[room], heads[room]) for room in rooms if room in mine])

    async def _lines(self, tx: Tx, actor: Actor, shown: Sequence[tuple[Mine, Head]]) -> list[Summary]:
        rooms = [head.conversation_id for _, head in shown]
        last = await self._pages.last_messages(tx, actor, [(one.member, head) for one, head in shown])
        mentions = await unread_mentions(tx, actor.user_id, rooms)
        private = await sides(tx, actor.user_id, rooms)
        seen = await ticks(tx, actor.user_id, [one for one, _ in shown])
        lines = []
        for one, head in shown:
            room = head.conversation_id
            line = await self._line(tx, one, head, last.get(room), mentions.get(room, []))
            tick = seen.get(room)
            lines.append(
                msgspec.structs.replace(
                    line,
                    mine=private.get(room, NOTHING_MINE),
                    delivered_to=None if tick is None else tick.delivered_to,
                    read_by=None if tick is None else tick.read_by,
                )
            )
        return lines

    async def _line(
        self, tx: Tx, mine: Mine, head: Head, last: Entry | None, mentions: list[UnreadMention]
    ) -> Summary:
        conversation, member = mine.conversation, mine.member
        title, purpose = await self._conversations.names(tx, conversation)
        return Summary(
            conversation_id=conversation.conversation_id,
            kind=conversation.kind.name.lower(),
            title=title,
            purpose=purpose,
            owner_id=conversation.owner_id,
            members_count=conversation.members_count,
            my_role=member.role.name.lower(),
            visible_from=member.visible_from,
            head_seq=head.seq,
            msg_no=head.msg_no,
            read_seq=member.read_seq,
            read_no=member.read_no,
            fence=head.fence,
            last=last,
            peer_id=mine.peer_id,
            retention_days=conversation.retention_days,
            history=history_body(conversation.history),
            rules=rules_body(conversation.rules),
            closed=_closed(conversation.closed),
            mentions=mentions,
            mine=NOTHING_MINE,
            delivered_to=None,
            read_by=None,
        )


def _closed(closed: Closed | None) -> ClosedBody | None:
    if closed is None:
        return None
    return ClosedBody(at=unix_ms(closed.at), by=closed.by, reason=closed.because.name.lower())

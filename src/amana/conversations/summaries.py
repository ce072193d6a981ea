"""The list of chats: one line per conversation, as its member sees it."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from amana.conversations import queries
from amana.conversations.errors import ConversationNotFound
from amana.conversations.events import HistoryBody, history_body
from amana.conversations.messages.model import Entry
from amana.conversations.messages.pages import Pages
from amana.conversations.model import Kind, MemberRole
from amana.conversations.queries import Mine
from amana.conversations.service import ConversationService
from amana.conversations.writing import Desk
from amana.events.model import Head
from amana.kernel.actor import Actor
from amana.kernel.ids import ConversationId
from amana.storage.database import Tx


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """A conversation in the list. Unread messages: ``msg_no - read_no``.

    Attributes:
        my_role: ``owner`` or ``member``.
        visible_from: the first event that I may see.
        fence: epoch of the log; another one than the client holds means: load everything again.
        last: the newest message, in its current state.
        peer_id: the other person of a direct conversation.
        retention_days: after how many days messages are erased; null: only when somebody removes them.
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


class Summaries:
    """Puts the lines together."""

    def __init__(self, desk: Desk, conversations: ConversationService, pages: Pages) -> None:
        self._desk = desk
        self._conversations = conversations
        self._pages = pages

    async def all_mine(self, tx: Tx, actor: Actor) -> list[Summary]:
        """Every conversation of ``actor``, the one with the newest event first."""
        return await self._lines(tx, actor, await queries.list_mine(tx, actor.user_id))

    async def one(self, tx: Tx, actor: Actor, conversation_id: ConversationId) -> Summary:
        """One conversation; raises ConversationNotFound for those who are not in it."""
        mine = await queries.find_mine(tx, conversation_id, actor.user_id)
        if mine is None:
            raise ConversationNotFound
        (line,) = await self._lines(tx, actor, [mine])
        return line

    async def _lines(self, tx: Tx, actor: Actor, mine: Sequence[Mine]) -> list[Summary]:
        heads = await self._desk.log.heads(tx, [one.member.conversation_id for one in mine])
        # Equal times are ordered by id, so that a list read in parts neither repeats nor leaves out.
        ordered = sorted(
            mine,
            key=lambda one: (
                -heads[one.member.conversation_id].last_ts_ms,
                one.member.conversation_id,
            ),
        )
        last = await self._pages.last_messages(
            tx, actor, [(one.member, heads[one.member.conversation_id]) for one in ordered]
        )
        return [
            await self._line(tx, one, heads[one.member.conversation_id], last.get(one.member.conversation_id))
            for one in ordered
        ]

    async def _line(self, tx: Tx, mine: Mine, head: Head, last: Entry | None) -> Summary:
        conversation, member = mine.conversation, mine.member
        title, purpose = await self._conversations.names(tx, conversation)
        return Summary(
            conversation_id=conversation.conversation_id,
            kind="direct" if conversation.kind is Kind.DIRECT else "group",
            title=title,
            purpose=purpose,
            owner_id=conversation.owner_id,
            members_count=conversation.members_count,
            my_role="owner" if member.role is MemberRole.OWNER else "member",
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
        )

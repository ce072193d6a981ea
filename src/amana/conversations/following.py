"""What the gateway asks about conversations: who may follow which, and what came after."""

from collections.abc import Sequence
from dataclasses import dataclass

from amana.conversations import queries
from amana.conversations.messages.pages import Pages
from amana.conversations.model import Conversation, Member
from amana.conversations.writing import Desk
from amana.events.model import Head
from amana.kernel.actor import Actor
from amana.kernel.ids import ConversationId, OrgId, Seq
from amana.storage.database import Database


@dataclass(frozen=True, slots=True)
class Followed:
    """A conversation that somebody may follow, as of one snapshot.

    Attributes:
        members: active members; decides whether passive sockets get full frames.
        visible_from: first event this person may see.
    """

    conversation_id: ConversationId
    seq: Seq
    msg_no: int
    fence: int
    members: int
    visible_from: Seq


@dataclass(frozen=True, slots=True)
class Missed:
    """Ready event elements joined by commas; see ``realtime.hooks.RangeBlob`` for how gaps are shown."""

    first: Seq
    last: Seq
    blob: bytes
    limited: bool


class Following:
    """Each call is a transaction of its own."""

    def __init__(self, database: Database, desk: Desk, pages: Pages) -> None:
        self._database = database
        self._desk = desk
        self._pages = pages

    async def all_of(self, actor: Actor) -> list[Followed]:
        """Every conversation of ``actor``."""
        async with self._database.read(actor.org_id) as tx:
            mine = await queries.list_mine(tx, actor.user_id)
            heads = await self._desk.log.heads(tx, [one.member.conversation_id for one in mine])
        return [_followed(one.conversation, one.member, heads[one.member.conversation_id]) for one in mine]

    async def find(self, actor: Actor, conversation_id: ConversationId) -> Followed | None:
        """One conversation; None when ``actor`` is not in it."""
        async with self._database.read(actor.org_id) as tx:
            mine = await queries.find_mine(tx, conversation_id, actor.user_id)
            if mine is None:
                return None
            head = (await self._desk.log.heads(tx, [conversation_id]))[conversation_id]
        return _followed(mine.conversation, mine.member, head)

    async def missed(
        self, actor: Actor, conversation_id: ConversationId, *, after: Seq, limit: int
    ) -> Missed | None:
        """Events after ``after``, of more than ``limit`` the newest; None: no member."""
        async with self._database.read(actor.org_id) as tx:
            found = await self._pages.newest_after(tx, actor, conversation_id, after=after, limit=limit)
        if found is None:
            return None
        if not found.frames:
            return Missed(Seq(after + 1), after, b"", limited=False)
        return Missed(found.first, found.last, b",".join(found.frames), found.limited)

    async def recent_heads(self, org_id: OrgId, *, since_ms: int) -> Sequence[Head]:
        """Heads of conversations with an event dated since then."""
        async with self._database.read(org_id) as tx:
            return await self._desk.log.recent_heads(tx, since_ms=since_ms)


def _followed(conversation: Conversation, member: Member, head: Head) -> Followed:
    return Followed(
        conversation_id=conversation.conversation_id,
        seq=head.seq,
        msg_no=head.msg_no,
        fence=head.fence,
        members=conversation.members_count,
        visible_from=member.visible_from,
    )

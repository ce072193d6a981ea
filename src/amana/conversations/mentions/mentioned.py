"""Where somebody is named: the list of it, and what they have not read yet."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import msgspec

from amana.conversations import queries
from amana.conversations.mentions import queries as mention_queries
from amana.conversations.mentions.queries import Mention
from amana.conversations.messages.model import Entry
from amana.conversations.messages.pages import Pages
from amana.kernel.actor import Actor
from amana.kernel.ids import ConversationId, Seq, UserId
from amana.storage.database import Tx

# "99+" says no less, and nobody jumps through more of them.
MAX_UNREAD = 100


class UnreadMention(msgspec.Struct, frozen=True):
    """A message that names the reader and that they have not read: read up to ``at`` to be done with it.

    Attributes:
        seq: the message.
        at: the event that named them, the message itself or an edit.
        thread: the message under which it stands; then the thread is to be read, not the room.
        everyone: as one of all.
    """

    seq: int
    at: int
    thread: int | None
    everyone: bool


@dataclass(frozen=True, slots=True)
class Shown:
    """One mention with its message; None where it cannot be shown any more."""

    mention: Mention
    entry: Entry | None


class Mentioned:
    """Reads for one person, always as a member."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages

    async def lately(
        self, tx: Tx, actor: Actor, *, before: tuple[int, ConversationId, Seq] | None, limit: int
    ) -> list[Shown]:
        """The newest ``limit`` mentions before ``before``, over all conversations."""
        mine = await queries.list_mine(tx, actor.user_id, await queries.list_peers(tx, actor.user_id))
        rooms = [one.member.conversation_id for one in mine]
        found = await mention_queries.list_lately(tx, actor.user_id, rooms, before=before, limit=limit)
        wanted: dict[ConversationId, list[Seq]] = {}
        for mention in found:
            wanted.setdefault(mention.conversation_id, []).append(mention.seq)
        entries: dict[tuple[UUID, int], Entry] = {}
        for room, seqs in wanted.items():
            for entry in await self._pages.at(tx, actor, room, seqs):
                entries[room, entry.seq] = entry
        return [Shown(one, entries.get((one.conversation_id, one.seq))) for one in found]


async def unread_mentions(
    tx: Tx, viewer: UserId, conversation_ids: Sequence[ConversationId]
) -> dict[ConversationId, list[UnreadMention]]:
    """What each conversation's line shows; one statement for all of them."""
    found = await mention_queries.list_unread(tx, viewer, conversation_ids, limit=MAX_UNREAD)
    return {
        room: [UnreadMention(one.seq, one.at, one.thread, one.everyone) for one in mentions]
        for room, mentions in found.items()
    }

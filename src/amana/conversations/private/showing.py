"""Messages of many conversations, each shown to the person by their own membership there or not at all."""

from collections.abc import Iterable, Mapping

from amana.conversations.errors import ConversationNotFound
from amana.conversations.messages.model import Entry
from amana.conversations.messages.pages import Pages
from amana.kernel.actor import Actor
from amana.kernel.ids import ConversationId, Seq
from amana.storage.database import Tx

Place = tuple[ConversationId, Seq]


async def shown(pages: Pages, tx: Tx, actor: Actor, places: Iterable[Place]) -> Mapping[Place, Entry]:
    """The messages at these places in their current state; what is not visible any more is left out."""
    wanted: dict[ConversationId, list[Seq]] = {}
    for conversation_id, seq in places:
        wanted.setdefault(conversation_id, []).append(seq)
    found: dict[Place, Entry] = {}
    for conversation_id, seqs in wanted.items():
        try:
            entries = await pages.at(tx, actor, conversation_id, seqs)
        except ConversationNotFound:
            continue
        found.update({(conversation_id, Seq(entry.seq)): entry for entry in entries})
    return found

"""What its author once wrote: every wording of a message, for nobody else."""

from collections.abc import Sequence

import msgspec

from amana.conversations import events, queries
from amana.conversations.errors import ConversationNotFound, MessageNotFound
from amana.conversations.messages.model import NOTHING
from amana.conversations.opening import open_own
from amana.conversations.writing import Desk
from amana.events.model import StoredEvent
from amana.kernel.actor import Actor
from amana.kernel.ids import ConversationId, Seq
from amana.storage.database import Tx


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """One wording.

    Attributes:
        revision: 0 as first sent, then the number of the edit.
        at: Unix milliseconds.
        content: as in the event; null once the trace is over.
        unreadable: ``erased`` or ``damaged``; absent otherwise.
    """

    revision: int
    at: int
    content: msgspec.Raw
    unreadable: str | msgspec.UnsetType = msgspec.UNSET


class Versions:
    """Reads traces, as a person's own export does: nobody sees what others once wrote."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def of(self, tx: Tx, actor: Actor, conversation_id: ConversationId, seq: Seq) -> list[Version]:
        """The wordings of one's own message, the first one first; also of one that was removed.

        Raises:
            ConversationNotFound
            MessageNotFound: there is none, or somebody else wrote it.
        """
        member = await queries.find_member(tx, conversation_id, actor.user_id)
        if member is None:
            raise ConversationNotFound
        stored = await self._desk.log.at(tx, conversation_id, [seq]) if seq >= member.visible_from else []
        own = [
            event
            for event in stored
            if event.kind == events.MESSAGE_CREATED and event.sender_id == actor.user_id
        ]
        if not own:
            raise MessageNotFound(seq=seq)
        places = await self._desk.log.changes_of(tx, conversation_id, events.MESSAGE_EDITED, [seq])
        edits = await self._desk.log.at(tx, conversation_id, places)
        return await self._opened(
            tx, actor, [*own, *(edit for edit in edits if edit.sender_id == actor.user_id)]
        )

    async def _opened(self, tx: Tx, actor: Actor, stored: Sequence[StoredEvent]) -> list[Version]:
        contents = await open_own(self._desk.vault, tx, actor, stored)
        found = []
        for event in stored:
            content = contents[event.seq]
            found.append(
                Version(
                    revision=event.revision,
                    at=event.ts_ms,
                    content=msgspec.Raw(content) if isinstance(content, bytes) else NOTHING,
                    unreadable=msgspec.UNSET if isinstance(content, bytes) else content.value,
                )
            )
        return found

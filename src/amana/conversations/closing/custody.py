"""Rooms that the organisation holds because nobody in them could follow their owner."""

from dataclasses import dataclass
from typing import Final

from amana.conversations import permissions
from amana.conversations.membership import queries as membership_queries
from amana.conversations.model import Kind
from amana.conversations.service import TITLE
from amana.conversations.writing import Desk
from amana.kernel.actor import Actor
from amana.kernel.ids import ConversationId, UserId
from amana.people.queries import names
from amana.storage.database import Tx

MAX_ROOMS: Final = 200
MAX_SHOWN: Final = 20


@dataclass(frozen=True, slots=True)
class Held:
    """One of them, with the first of its members and their names; ``title`` None: it cannot be opened."""

    conversation_id: ConversationId
    kind: Kind
    title: str | None
    members: list[tuple[UserId, str]]


class Custody:
    """Says which rooms wait for an owner. Their titles and members are in the register; content is not."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def held(self, tx: Tx, actor: Actor) -> list[Held]:
        """Up to ``MAX_ROOMS`` of them, each with up to ``MAX_SHOWN`` people.

        Raises:
            NotPermitted: ``actor`` may appoint nobody.
        """
        permissions.require(permissions.OWNER_CHANGE, role=actor.role, standing=None)
        found = await membership_queries.list_in_custody(tx, limit=MAX_ROOMS, members=MAX_SHOWN)
        known = await names(tx, [user for room in found for user in room.members])
        return [
            Held(
                room.conversation_id,
                room.kind,
                await self._title(tx, actor, room),
                [(user, known.get(user, "")) for user in room.members],
            )
            for room in found
        ]

    async def _title(self, tx: Tx, actor: Actor, room: membership_queries.InCustody) -> str | None:
        opened = await self._desk.vault.open_text(tx, actor.org_id, TITLE, room.conversation_id, room.title)
        return opened if isinstance(opened, str) else None

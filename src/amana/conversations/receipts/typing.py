"""Who is writing at the moment: told to the screens that show the room, and kept nowhere."""

from collections import OrderedDict
from typing import Final

from amana.conversations import queries
from amana.conversations.errors import ConversationNotFound
from amana.conversations.private.preferences.queries import find_preferences
from amana.conversations.receipts.model import NAMED_MEMBERS
from amana.conversations.rules import may_post
from amana.conversations.writing import Desk
from amana.events.doorbell import Notice
from amana.kernel.actor import Actor
from amana.kernel.ids import ConversationId, UserId
from amana.storage.database import Database

TYPING = "typing"
# Clients say it every three seconds and forget it after six: one lost on the way is not seen.
LEAST_PAUSE_S: Final = 2.0
REMEMBERED: Final = 10_000


class Typing:
    """Asks for every word whether it may be said; each is a small read, and they are far apart."""

    def __init__(self, database: Database, desk: Desk) -> None:
        self._database = database
        self._desk = desk
        self._last_s: OrderedDict[tuple[ConversationId, UserId], float] = OrderedDict()

    def may_ask(self, actor: Actor, conversation_id: ConversationId) -> bool:
        """Whether this person's last word here is long enough ago."""
        key, now_s = (conversation_id, actor.user_id), self._desk.clock.monotonic_s()
        last_s = self._last_s.get(key)
        if last_s is not None and now_s - last_s < LEAST_PAUSE_S:
            return False
        self._last_s[key] = now_s
        self._last_s.move_to_end(key)
        if len(self._last_s) > REMEMBERED:
            self._last_s.popitem(last=False)
        return True

    async def tell(self, actor: Actor, conversation_id: ConversationId) -> None:
        """Tell those who have the room open, where the person may write and lets it be seen.

        Raises:
            ConversationNotFound
        """
        async with self._database.read(actor.org_id) as tx:
            mine = await queries.find_mine(tx, conversation_id, actor.user_id)
            if mine is None:
                raise ConversationNotFound
            room = mine.conversation
            is_writing = room.closed is None and may_post(room.rules, mine.member.role)
            if not is_writing or room.members_count > NAMED_MEMBERS:
                return
            if not (await find_preferences(tx, actor.user_id)).typing:
                return
        self._desk.doorbell.hint(Notice(TYPING, actor.user_id, conversation_id))

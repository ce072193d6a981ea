"""Somebody leaves a room: what they had scheduled there is looked after."""

from datetime import datetime

from amana.conversations.scheduling.model import HEIRS_JOB, heirs_id_of
from amana.kernel.ids import ConversationId, UserId
from amana.storage import jobs
from amana.storage.database import Tx


async def look_after(tx: Tx, conversation_id: ConversationId, user_id: UserId, *, now: datetime) -> None:
    """Have it done at once, in a transaction of its own (see ``succession``).

    Called with the head's lock held, where the rows of schedules must not be locked any more.
    """
    detail = {"conversation_id": str(conversation_id), "user_id": str(user_id)}
    await jobs.put(tx, HEIRS_JOB, heirs_id_of(conversation_id, user_id), now, detail=detail)

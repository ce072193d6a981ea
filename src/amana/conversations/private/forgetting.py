"""The end of private state: with the stay that it hangs on, and with the person."""

from amana.conversations.private import queries
from amana.conversations.private.reminders.firing import drop_jobs
from amana.kernel.ids import ConversationId, UserId
from amana.storage.database import Tx


async def forget_stay(tx: Tx, conversation_id: ConversationId, user_id: UserId) -> None:
    """Drop draft, stars, place and reminders of somebody whose membership has just been deleted.

    Before the event that tells them: everything here locks its rows first and the person's log last.
    """
    await drop_jobs(tx, user_id, conversation_id)
    await queries.delete_stay(tx, conversation_id, user_id)


async def forget_person(tx: Tx, user_id: UserId) -> None:
    """Drop everything that a person kept for themselves."""
    await drop_jobs(tx, user_id, None)
    await queries.delete_person(tx, user_id)

"""Tells the devices of whoever a scheduled message concerns how it stands."""

from amana.conversations.scheduling.events import SCHEDULE_CHANGED, detail_of
from amana.conversations.scheduling.model import Scheduled
from amana.conversations.writing import Desk
from amana.events.model import NewUserEvent
from amana.kernel.ids import Seq, UserId
from amana.people.queries import present
from amana.storage.database import Tx


async def tell(
    desk: Desk, tx: Tx, item: Scheduled, *, former: UserId | None = None, seq: Seq | None = None
) -> None:
    """Write it into the owner's log, and into that of whoever it belonged to before.

    Nobody who is erased gets a log again.
    """
    concerned = [user_id for user_id in (item.owner_id, former) if user_id is not None]
    there = await present(tx, concerned)
    await desk.log.append_users(
        tx,
        [
            NewUserEvent(
                user_id, SCHEDULE_CHANGED, item.conversation_id, seq, detail_of(item, for_whom=user_id)
            )
            for user_id in sorted(set(concerned) & set(there))
        ],
    )

"""Who follows the owner of a room. A room that anybody is in never has nobody responsible for it.

First a deputy. Where there is none the organisation is the final owner: one of its owners, who becomes the
room's owner if they are in it. If not they hold it in custody, without coming in and without reading
anything, until an administrator appoints somebody who is in it.
"""

from dataclasses import dataclass

from amana.conversations import events, queries
from amana.conversations.membership import queries as membership_queries
from amana.conversations.writing import Desk
from amana.kernel.actor import Actor
from amana.kernel.ids import ConversationId, UserId
from amana.people.queries import lock_owners
from amana.storage.database import Tx


@dataclass(frozen=True, slots=True)
class Heir:
    """Who owns the room from now on; ``inside``: is a member of it."""

    user_id: UserId
    inside: bool


async def find_heir(tx: Tx, conversation_id: ConversationId, owner: UserId) -> Heir | None:
    """Who follows ``owner``, who is still in the room; None when nobody else is in it."""
    deputy = await membership_queries.longest_deputy(tx, conversation_id, without=owner)
    if deputy is not None:
        return Heir(deputy, inside=True)
    longest = await membership_queries.longest_member(tx, conversation_id, without=owner)
    if longest is None:
        return None
    responsible = sorted(await lock_owners(tx) - {owner})
    for candidate in responsible:
        if await queries.find_member(tx, conversation_id, candidate) is not None:
            return Heir(candidate, inside=True)
    # Without an owner of the organisation, which cannot be, whoever has been there longest.
    return Heir(responsible[0], inside=False) if responsible else Heir(longest, inside=True)


async def hand_over(
    desk: Desk, tx: Tx, actor: Actor, conversation_id: ConversationId, *, before: UserId | None, heir: Heir
) -> None:
    """Make ``heir`` the owner, for everybody to see; the caller holds the head's lock."""
    await queries.update_owner(tx, conversation_id, owner_id=heir.user_id, in_custody=not heir.inside)
    payload = events.OwnerChanged(owner_id=heir.user_id, previous_id=before, by=actor.user_id)
    await desk.append(tx, actor, conversation_id, events.OWNER_CHANGED, payload)
    await desk.record(
        tx,
        actor,
        "owner.changed",
        conversation_id,
        owner_id=heir.user_id,
        before=before,
        in_custody=int(not heir.inside),
    )

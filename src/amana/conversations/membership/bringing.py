"""Who of those whom somebody wants in a room is added, who is asked first, and who cannot be."""

from collections.abc import Sequence
from dataclasses import dataclass

from amana.conversations.joining import pending
from amana.conversations.joining.model import Pending, PersonBrought, Way
from amana.conversations.membership import queries
from amana.conversations.writing import Desk
from amana.kernel.actor import Actor, Role
from amana.kernel.ids import ConversationId, UserId
from amana.people.errors import UnknownPerson
from amana.people.policy.queries import asks_before_adding
from amana.people.queries import present
from amana.storage.database import Tx


@dataclass(frozen=True, slots=True)
class Sorted:
    """People by what becomes of them; ``offered`` includes those who were asked before."""

    to_add: list[UserId]
    to_ask: list[UserId]
    members: frozenset[UserId]
    offered: frozenset[UserId]

    def outcome(self, user_id: UserId) -> PersonBrought:
        """What became of one of them."""
        if user_id in self.members:
            return PersonBrought(user_id, "member")
        if user_id in self.offered:
            return PersonBrought(user_id, "offered")
        if user_id in self.to_add:
            return PersonBrought(user_id, "added")
        return PersonBrought(user_id, "refused", UnknownPerson.code)


async def sort_out(tx: Tx, actor: Actor, conversation_id: ConversationId, wanted: Sequence[UserId]) -> Sorted:
    """Look what is to become of each; the caller holds the head's lock.

    Guests know only people they are in a conversation with already.
    """
    known = await present(tx, list(wanted))
    if actor.role is Role.GUEST:
        known &= await queries.acquaintances(tx, actor.user_id)
    members = known & await queries.who_of(tx, conversation_id, wanted)
    outside = [user_id for user_id in wanted if user_id in known and user_id not in members]
    if not await asks_before_adding(tx):
        return Sorted(outside, [], members, frozenset())
    waiting = await pending.find(tx, conversation_id, outside)
    to_add = [user_id for user_id in outside if _asks(waiting.get(user_id))]
    to_ask = [user_id for user_id in outside if user_id not in waiting]
    return Sorted(to_add, to_ask, members, frozenset(outside) - frozenset(to_add))


async def offer(
    desk: Desk, tx: Tx, actor: Actor, conversation_id: ConversationId, users: Sequence[UserId]
) -> None:
    """Ask people to come in who are not asked yet; the caller holds the head's lock."""
    now = desk.clock.now()
    offers = [Pending(conversation_id, user_id, Way.OFFER, actor.user_id, now) for user_id in users]
    await pending.begin(desk, tx, actor.org_id, offers)
    for user_id in users:
        await desk.record(tx, actor, "join.offered", conversation_id, user_id=user_id)


def _asks(waiting: Pending | None) -> bool:
    return waiting is not None and waiting.way is Way.REQUEST

"""Steps that creating a conversation and joining one have in common."""

from collections.abc import Sequence

from amana.conversations import events, queries
from amana.conversations.joining import queries as link_queries
from amana.conversations.mentions import queries as mention_queries
from amana.conversations.model import Member
from amana.conversations.opening import open_content, proof_of
from amana.conversations.private.forgetting import forget_stay
from amana.conversations.room import Conversation
from amana.conversations.scheduling.leaving import look_after
from amana.conversations.threads import queries as thread_queries
from amana.conversations.writing import Desk
from amana.events.model import NewUserEvent
from amana.kernel.actor import Actor, Role
from amana.kernel.clock import from_unix_ms
from amana.kernel.ids import ConversationId, Seq, UserId
from amana.people.errors import UnknownPerson
from amana.people.queries import present
from amana.storage.database import Tx


async def require_known(tx: Tx, actor: Actor, users: Sequence[UserId]) -> None:
    """Raise UnknownPerson unless all exist and ``actor`` may know that.

    Guests know only people they are in a conversation with already.
    """
    if not users:
        return
    known = await present(tx, list(users))
    for user in users:
        if user not in known:
            raise UnknownPerson
        if actor.role is Role.GUEST and not await queries.share_a_conversation(tx, actor.user_id, user):
            raise UnknownPerson


async def welcome(
    desk: Desk,
    tx: Tx,
    conversation: Conversation,
    members: Sequence[Member],
    *,
    peers: dict[UserId, UserId],
    told: Sequence[NewUserEvent] = (),
) -> None:
    """Make people members and tell each of their devices. The event that lets them in is appended already.

    Args:
        told: what else their own logs and those of others are to say, after it: all at once, so that two
            rooms never wait for each other.
    """
    await queries.insert_members(tx, conversation.org_id, members, kind=conversation.kind, peers=peers)
    await desk.log.append_users(
        tx,
        [
            NewUserEvent(
                user_id=member.user_id,
                kind=events.CONVERSATION_JOINED,
                conversation_id=conversation.conversation_id,
                seq=member.joined_seq,
                detail={"visible_from": member.visible_from},
            )
            for member in members
        ]
        + list(told),
    )


async def end_stay(
    desk: Desk, tx: Tx, actor: Actor, conversation_id: ConversationId, user_id: UserId
) -> None:
    """Take a member out, under a fresh key for what comes after; the caller holds the head's lock."""
    payload = events.MemberRemoved(user_id=user_id, by=actor.user_id)
    appended = await desk.append(tx, actor, conversation_id, events.MEMBER_REMOVED, payload)
    await queries.delete_member(
        tx, conversation_id, user_id, left_seq=appended.seq, left_at=from_unix_ms(appended.ts_ms)
    )
    await link_queries.revoke_links_of(tx, conversation_id, user_id, now=desk.clock.now())
    await mention_queries.forget(tx, conversation_id, user_id)
    await thread_queries.forget(tx, conversation_id, user_id)
    await queries.add_to_count(tx, conversation_id, -1)
    await forget_stay(tx, conversation_id, user_id)
    left = NewUserEvent(
        user_id, events.CONVERSATION_LEFT, conversation_id, appended.seq, {"by": str(actor.user_id)}
    )
    await desk.log.append_users(tx, [left])
    await desk.record(tx, actor, "member.removed", conversation_id, user_id=user_id)
    generation = await desk.vault.rotation.rotate_conversation(
        tx, actor.org_id, conversation_id, now=desk.clock.now()
    )
    await desk.record(
        tx, actor, "key.rotated", conversation_id, key="conversation", cause="removal", generation=generation
    )
    await look_after(tx, conversation_id, user_id, now=desk.clock.now())
    tx.after_commit(lambda: desk.notices.reader_removed(conversation_id, user_id))


async def first_content(desk: Desk, tx: Tx, actor: Actor, conversation_id: ConversationId) -> bytes | None:
    """Content of the first event for a member who may see it."""
    member = await queries.find_member(tx, conversation_id, actor.user_id)
    if member is None or member.visible_from > 1:
        return None
    stored = await desk.log.at(tx, conversation_id, [Seq(1)])
    contents = await open_content(desk.vault, tx, proof_of(actor.org_id, member), stored)
    content = contents.get(Seq(1))
    return content if isinstance(content, bytes) else None

"""Letting people in: the one place where somebody becomes a member of a room that exists."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from amana.conversations import events, queries
from amana.conversations.errors import ConversationNotFound
from amana.conversations.joining import pending
from amana.conversations.membership import people
from amana.conversations.model import History, Member, MemberRole
from amana.conversations.room import Conversation
from amana.conversations.writing import Desk
from amana.events.errors import UnknownConversation
from amana.events.model import Head, NewEvent
from amana.kernel.actor import Actor
from amana.kernel.clock import from_unix_ms, unix_ms
from amana.kernel.ids import ClientId, ConversationId, Seq, UserId
from amana.storage.database import Tx


async def lock_room(desk: Desk, tx: Tx, conversation_id: ConversationId) -> tuple[Conversation, Head]:
    """The head's lock first, as every append takes it, then the conversation's row.

    Raises:
        ConversationNotFound
    """
    try:
        head = await desk.log.lock_head(tx, conversation_id)
    except UnknownConversation:
        raise ConversationNotFound from None
    conversation = await queries.lock_conversation(tx, conversation_id)
    if conversation is None:
        raise ConversationNotFound
    return conversation, head


async def admit(
    desk: Desk,
    tx: Tx,
    actor: Actor,
    conversation: Conversation,
    head: Head,
    users: Sequence[UserId],
    *,
    link_id: UUID | None = None,
) -> None:
    """Make people members who are not yet, with one event each; what waited between them and the room ends.

    The caller holds the head's lock and has appended nothing since.

    Args:
        link_id: the link by which somebody came, for the record.
    """
    if not users:
        return
    room, visible = conversation.conversation_id, await _visible_from(desk, tx, conversation, head)
    since_joining = conversation.history.policy is History.SINCE_JOINING
    seen = [Seq(visible + place) if since_joining else visible for place in range(len(users))]
    appended = await desk.log.append(
        tx,
        [
            _added(desk, actor, room, user_id, visible_from)
            for user_id, visible_from in zip(users, seen, strict=True)
        ],
    )
    members = [
        Member(
            conversation_id=room,
            user_id=user_id,
            role=MemberRole.MEMBER,
            visible_from=visible_from,
            joined_seq=event.seq,
            joined_at=from_unix_ms(event.ts_ms),
            # What was said before somebody came waits for nobody.
            read_seq=event.seq,
            read_no=event.msg_no,
        )
        for user_id, visible_from, event in zip(users, seen, appended, strict=True)
    ]
    over = await pending.take(tx, room, users)
    told = await pending.settled(tx, over, by=actor.user_id, outcome="joined")
    await people.welcome(desk, tx, conversation, members, peers={}, told=told)
    await queries.add_to_count(tx, room, len(users))
    via = {} if link_id is None else {"link_id": link_id}
    for member in members:
        await desk.record(
            tx,
            actor,
            "member.added",
            room,
            user_id=member.user_id,
            visible_from=member.visible_from,
            **via,
        )


def _added(
    desk: Desk, actor: Actor, conversation_id: ConversationId, user_id: UserId, visible_from: Seq
) -> NewEvent:
    payload = events.MemberAdded(user_id=user_id, by=actor.user_id, role="member", visible_from=visible_from)
    return NewEvent(
        conversation_id=conversation_id,
        kind=events.MEMBER_ADDED,
        countable=False,
        sender_id=actor.user_id,
        device_id=actor.device_id,
        client_id=ClientId(desk.ids.new()),
        content=events.encode(payload),
        target_seq=None,
    )


async def _visible_from(desk: Desk, tx: Tx, conversation: Conversation, head: Head) -> Seq:
    """The first event that somebody who joins now may see; at the latest the one that lets them in."""
    history = conversation.history
    if history.policy is History.ALL:
        return Seq(1)
    joining = Seq(head.seq + 1)
    if history.policy is History.SINCE_JOINING:
        return joining
    since_ms = unix_ms(desk.clock.now() - timedelta(days=history.days))
    # Time never falls along ``seq``, so the first event since then is found by halving.
    low, high = 1, int(joining)
    while low < high:
        middle = (low + high) // 2
        (event,) = await desk.log.at(tx, conversation.conversation_id, [Seq(middle)])
        if event.ts_ms >= since_ms:
            high = middle
        else:
            low = middle + 1
    return Seq(low)
